"""Where models are configured: a file, looked for in four places, and the environment.

Nothing is looked for before somebody asks, and no key is read here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from tertulia.agents.models.document import Document, Model
from tertulia.agents.models.mistakes import of_document
from tertulia.agents.models.reading import BadModels
from tertulia.agents.models.recipes import DEFAULT
from tertulia.agents.source import Loc
from tertulia.orchestrator.errors import Invalid

FILE = "models.yaml"
MODELS = "TERTULIA_MODELS"
"""The variable that names the file."""
MODEL = "TERTULIA_MODEL"
"""The variable that names the default model: its name here, or at ``TERTULIA_BASE_URL``."""
BASE_URL = "TERTULIA_BASE_URL"
API_KEY = "TERTULIA_API_KEY"
"""The variable with the key for ``TERTULIA_BASE_URL`` and for ``NAME@BASE_URL``."""
ENVIRONMENT = "the environment"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the environment says of models; whether there is a key, but not which."""

    file: str = ""
    model: str = ""
    base_url: str = ""
    has_key: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str] | None = None) -> "Surroundings":
        """Read the four variables (those of this process, unless others are given)."""
        there = os.environ if environ is None else environ
        file, model, base_url = (there.get(name, "").strip() for name in (MODELS, MODEL, BASE_URL))
        return cls(file, model, base_url, bool(there.get(API_KEY, "").strip()))

    @property
    def key_env(self) -> str | None:
        """The variable with the key, if it is set."""
        return API_KEY if self.has_key else None

    def over(self, book: Document) -> Document:
        """The file with what the environment says in its place. Raises ``BadModels``."""
        if self.base_url and not self.model:
            what = f"{BASE_URL} is set and {MODEL} is not; set it to the model's name there"
            raise BadModels(where=ENVIRONMENT, what=what, problems=(what,))
        if self.base_url:
            own = Model(model=self.model, base_url=self.base_url, api_key_env=self.key_env)
            changed: dict[str, Any] = {"default": None, "models": {**book.models, DEFAULT: own}}
        elif self.model:
            changed = {"default": self.model}
        else:
            return book
        found = book.model_copy(update=changed)
        said: dict[Loc, str] = {("default",): MODEL, ("models", DEFAULT, "base_url"): BASE_URL}
        for loc, what in of_document(found):
            if loc in said:
                hint = "" if self.base_url else f"; or set {BASE_URL} to where it is"
                told = f"{said[loc]}: {what}{hint}"
                raise BadModels(where=ENVIRONMENT, what=told, problems=(told,))
        return found


def file_of(surroundings: Surroundings, given: Path | str | None = None) -> Path | None:
    """The file that counts: ``given``, ``$TERTULIA_MODELS``, ``./models.yaml``, or the user's own.

    ``None`` where there is none. Raises ``Invalid`` for one that is named and is not there.
    """
    for named, by in ((given, "--models"), (surroundings.file, MODELS)):
        if named:
            path = Path(named).expanduser()
            if not path.exists():
                raise Invalid(where=str(path), what=f"there is no such file; {by} names it")
            return path
    places = (Path(FILE), user_config_path("tertulia", appauthor=False) / FILE)
    return next((path for path in places if path.is_file()), None)
