"""Routers that are written into a scenario: to whom a person turns, by the words that it says.

``{to: NAME}``, or ``{words: {WORD: NAME, ...}, else: NAME}``; a text refers to a program instead.
"""

from collections.abc import Mapping
from typing import Any

from tertulia.agents.routers import Keywords
from tertulia.orchestrator import Router
from tertulia.orchestrator.routes import EVERYONE
from tertulia.simulation.mistakes import ANYBODY
from tertulia.simulation.scenario import Role, Scenario


def written(scenario: Scenario) -> dict[str, Router]:
    """The routers of the persons who have one that is written out, by handle."""
    roles = [role for role in scenario.participants if isinstance(role.router, Mapping)]
    return {role.who: _router(role, scenario) for role in roles}


def _router(role: Role, scenario: Scenario) -> Router:
    def meant(name: str) -> str:
        return name if name in ANYBODY else scenario.whom(name)

    data: Mapping[str, Any] = role.router
    words = {phrase: meant(name) for phrase, name in data.get("words", {}).items()}
    return Keywords(words, meant(data.get("to") or data.get("else") or EVERYONE))
