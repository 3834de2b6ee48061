"""Chat models by name: those of a ``models.yaml``, of the environment, and the built-in ones.

They are made when they are first asked for, and none is called here. A pool is one object for as
long as its `Models` lives: whoever names it waits in its one queue.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tertulia.agents.cards import Card
from tertulia.agents.models.document import Agent, Document, Model, Server
from tertulia.agents.models.making import made
from tertulia.agents.models.mistakes import instead
from tertulia.agents.models.places import ENVIRONMENT, Surroundings, file_of
from tertulia.agents.models.reading import BadModels, load, parse
from tertulia.agents.models.recipes import POOL, PRICES, REMOTE, Recipe, follow, given, names
from tertulia.agents.models.secrecy import masked
from tertulia.orchestrator.errors import Unknown

if TYPE_CHECKING:  # a second to import; names can be looked up without
    from tertulia.agents.streaming import StreamedModel


class Models:
    """What models there are. ``models["team"]`` is a chat model; the same name gives the same one.

    Read one with `read`, `parse` or `found`; without a document there are the built-in names.
    """

    def __init__(
        self,
        document: Document | None = None,
        *,
        surroundings: Surroundings | None = None,
        where: str = "",
    ) -> None:
        """Take a file's content, and what the environment says over it (here: nothing)."""
        self._around = surroundings or Surroundings()
        self.document = self._around.over(document or Document())
        self.where = where
        self._agents = dict(self.document.agents)
        self._made: dict[tuple[str, str], StreamedModel] = {}
        self._making = threading.RLock()

    @classmethod
    def read(cls, path: Path | str) -> "Models":
        """The models of a file. Raises ``BadModels``, which says on which line and what to do."""
        return cls(load(Path(path)), surroundings=_key_alone(), where=str(path))

    @classmethod
    def parse(cls, text: str, where: str = "models.yaml") -> "Models":
        """The models of a text; like ``read``."""
        return cls(parse(text, where), surroundings=_key_alone(), where=where)

    @classmethod
    def found(cls, path: Path | str | None = None) -> "Models":
        """What is configured here, with the environment over it; the built-in names at least.

        The file is ``path``, or ``$TERTULIA_MODELS``, ``./models.yaml``, or ``models.yaml`` in the
        user's configuration folder. As long as the file and the variables are the same, it is the
        same object, so that its pools are. Raises ``BadModels``, and ``Invalid`` for a file that is
        not there.
        """
        around = Surroundings.of()
        file = file_of(around, path)
        stat = file.stat() if file is not None else None
        state = (around, stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino))
        place = str(file.absolute()) if file is not None else ""
        with _finding:
            if place not in _found or _found[place][0] != state:
                try:
                    book = load(file) if file is not None else None
                except BadModels as error:
                    raise error.by_itself() if not (path or around.file) else error from None
                places = [str(file)] * (file is not None) + [ENVIRONMENT] * bool(around.model)
                made = cls(book, surroundings=around, where=" and ".join(places))
                _found[place] = (state, made)
            return _found[place][1]

    def __getitem__(self, name: str) -> "StreamedModel":
        """The chat model of that name. Raises as ``model`` does."""
        return self.model(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.recipe(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(names(self.document))

    def __len__(self) -> int:
        return len(names(self.document))

    def __repr__(self) -> str:
        return f"Models({', '.join(self)}{' in ' + self.where if self.where else ''})"

    def recipe(self, name: str) -> Recipe | None:
        """What a name comes to; ``None`` for one that nobody bears."""
        return self._follow(Model(model=name))

    def known(self, name: str) -> Recipe:
        """What a name comes to. Raises ``Unknown``, with the names that are close to it."""
        if (found := self.recipe(name)) is None:
            raise Unknown(kind="model", name=masked(name), hint=instead(self.document, name))
        return found

    def model(self, name: str, *, seed: int = 0) -> "StreamedModel":
        """The chat model of that name; ``seed`` is for scripted and embedded ones.

        Raises ``Unknown``, ``ModelMissing`` where a model's packages are not installed, and
        ``ModelRefused`` for a URL with a password in it.
        """
        return self._make(self.known(name), seed, name)

    def for_agent(self, card: Card) -> Recipe:
        """What speaks for the agent on a card, with what the file says of this agent.

        Raises ``Unknown``.
        """
        own = self._agents.get(card.participant.id)
        found = self.known((own and own.model) or card.model)
        return found if own is None else found.tuned(given(own))

    def speaking_for(self, card: Card, *, seed: int = 0) -> "StreamedModel":
        """The chat model that speaks for the agent on a card; raises as ``model`` does."""
        own = self._agents.get(card.participant.id)
        if own is None or not given(own):
            return self.model((own and own.model) or card.model, seed=seed)
        return self._make(self.for_agent(card), seed, f"{card.participant.id} on {card.model}")

    def without_agents(self) -> "Models":
        """The same models and pools, where each agent has what its card says."""
        plain = object.__new__(Models)
        plain.__dict__.update(self.__dict__, _agents={})
        return plain

    def servers(self, pool: str) -> dict[str, tuple[Server, Recipe]]:
        """The servers of a pool by name: each entry, and what it comes to."""
        found = {}
        for server, entry in self.document.pools[pool].servers.items():
            if (leads := self._follow(entry)) is not None:
                found[server] = (entry, leads)
        return found

    def agents(self) -> dict[str, Agent]:
        """What the file says of single agents, by handle."""
        return dict(self._agents)

    def _follow(self, entry: Model) -> Recipe | None:
        return follow(self.document, entry, key_env=self._around.key_env)

    def _make(self, wanted: Recipe, seed: int, named: str) -> "StreamedModel":
        """Make it; one that has connections or a queue is made once for a name."""
        if wanted.kind == POOL:
            return self._once("own", named, lambda: self._pooled(wanted))
        if wanted.kind == REMOTE:
            return self._once("own", named, lambda: made(wanted, seed))
        return made(wanted, seed)

    def _pooled(self, wanted: Recipe) -> "StreamedModel":
        """The one pool of that name; with settings, as somebody who has these sees it."""
        from tertulia.agents.models.pooling import pool_of, tuned

        name, servers = wanted.name, self.servers(wanted.name)
        shared = self._once(
            POOL,
            name,
            lambda: pool_of(
                name,
                self.document.pools[name],
                {server: (*known, made(known[1], 0)) for server, known in servers.items()},
            ),
        )
        settings = dict(wanted.settings)
        if not settings:
            return shared
        prices = {name: settings.pop(name) for name in PRICES if name in settings}
        return tuned(
            shared,
            {server: made(leads.tuned(settings), 0) for server, (_, leads) in servers.items()},
            prices,
        )

    def _once(self, kind: str, name: str, make: "Callable[[], StreamedModel]") -> "StreamedModel":
        with self._making:
            if (kind, name) not in self._made:
                self._made[kind, name] = make()
            return self._made[kind, name]


def chat_model(name: str, *, seed: int = 0, models: Models | None = None) -> "StreamedModel":
    """The chat model of that name, made and not called.

    ``scripted`` improvises small talk from ``seed``, at the pace of speech; ``embedded`` is the
    small real model on this machine; ``NAME@BASE_URL`` is an endpoint, which gets the key in the
    environment variable ``TERTULIA_API_KEY``, if there is one. The other names are those of
    ``models``, or of what is configured here (`Models.found`). Raises as `Models.model` does.
    """
    return (Models.found() if models is None else models).model(name, seed=seed)


_finding = threading.Lock()
_found: dict[str, tuple[object, Models]] = {}
"""What was read, by file, and as of which state of it: pools are one as long as it stays so."""


def _key_alone() -> Surroundings:
    """Of the environment only whether there is a key for endpoints that are named by URL."""
    return Surroundings(has_key=Surroundings.of().has_key)
