"""What an answer of a model can be held to, as findings: what ``choosing`` found out by trying."""

from collections.abc import Iterator

from tertulia.agents.choosing import Capabilities, Kind, capabilities
from tertulia.agents.streaming import StreamedModel

Found = tuple[str, bool | None, str]

HELD_TO = {
    "choices": (Kind.CHOICE, Kind.SCHEMA),
    "schema": (Kind.SCHEMA,),
    "calls": (Kind.CALLS,),
    "scores": (Kind.SCORES,),
}
"""Findings by name, and the kinds of capability that each comes from."""

OFFERED = "bind_tools"
"""By what a model is told to call functions that was not tried."""

WITHOUT = {
    "choices": "it cannot be held to one of some options; its answers are read and asked again",
    "schema": "it cannot be held to a JSON schema; its answers are read and asked again",
    "calls": "it does not call the function that it is told to call",
    "scores": "it tells no log-probabilities",
}


async def abilities(model: StreamedModel) -> list[Found]:
    """Try what it can be held to: a dozen short calls to an endpoint, none to another model.

    Raises ``ModelFailed``.
    """
    return list(found_in(await capabilities(model)))


def found_in(found: Capabilities) -> Iterator[Found]:
    """A finding for each thing that an answer can be held to."""
    for what, kinds in HELD_TO.items():
        if any(one.by == OFFERED and one.kind in kinds for one in found.findings):
            continue
        by = [one.by for kind in kinds for one in found.findings if one.works and one.kind is kind]
        ways = ", ".join(dict.fromkeys(by))
        yield what, True if ways else None, f"by {ways}" if ways else WITHOUT[what]
