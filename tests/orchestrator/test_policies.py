"""Policies as data: what goes out comes back, and a mistake in it is told in the user's words."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from tests.orchestrator.programs import policies

from tertulia.orchestrator import Policy
from tertulia.orchestrator.errors import Exists, Invalid, Unknown
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import (
    Conversational,
    Fair,
    build,
    known_as,
    names,
    specification,
    specify,
)
from tertulia.orchestrator.ports import Choice


@given(policies)
def test_every_policy_comes_back_from_its_specification(policy: Policy) -> None:
    assert build(specify(policy)) == policy


@pytest.mark.parametrize("name", names())
def test_every_policy_can_be_named_alone(name: str) -> None:
    assert specify(build(name))["name"] == name
    assert build({"name": name}) == build(name)


def test_a_policy_in_a_policy_may_be_named_or_described() -> None:
    assert build({"name": "fair", "inner": "conversational", "patience": 2}) == Fair(patience=2)
    inner = {"name": "conversational", "volunteers": 3}
    assert build({"name": "fair", "inner": inner}) == Fair(Conversational(volunteers=3))


@pytest.mark.parametrize(
    ("specification", "told"),
    [
        ("round_robbin", "there is no policy 'round_robbin'; did you mean 'round_robin'?"),
        ("zzz", "there is no policy 'zzz'; there are addressed, ballot, bids, brainstorm, chaired"),
        ({}, "there is no policy ''; there are"),
        ({"name": "fair", "inner": "adressed"}, "did you mean 'addressed'?"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_one(
    specification: str | dict[str, object], told: str
) -> None:
    with pytest.raises(Unknown) as caught:
        build(specification)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("specification", "told"),
    [
        ({"name": "addressed", "loud": 1}, "policy 'addressed': no field loud; it takes agent_run"),
        (
            {"name": "fair", "patient": 1},
            "policy 'fair': no field patient; it takes inner, patience",
        ),
        ({"name": "fair", "patience": -1}, "policy 'fair': patience must not be negative"),
        ({"name": "raised_hands", "ageing": 0}, "ageing must be at least 1 grant"),
        (
            {"name": "weighted", "weights": {"bo": 0}},
            "weight of bo must be a number greater than 0",
        ),
        ({"name": "weighted", "weights": 5}, "weights are numbers by handle, not 5"),
        ({"name": "scheduled", "order": "bo"}, "order must be a list, and 'bo' is str"),
        ({"name": "limited", "turns": -1}, "limits must not be negative"),
        ({"name": "cooldown", "exchanges": 0}, "exchanges must be at least 1"),
        ({"name": "fair", "patience": "many"}, "patience must be int, and 'many' is str"),
        ({"name": "conversational", "volunteers": "2"}, "volunteers must be int, and '2' is str"),
        ({"name": "conversational", "agent_run": None}, "agent_run must be int, and None is"),
        ({"name": "round_robin", "people": 3}, "people must be bool, and 3 is int"),
        ({"name": "fair", "inner": None}, "a policy is a name, or a mapping with a name"),
        ({"name": "fair", "inner": {}}, "there is no policy ''"),
        (3, "a policy is a name, or a mapping with a name; 3 is int"),
    ],
)
def test_a_field_that_does_not_fit_is_told_with_what_would(
    specification: dict[str, object], told: str
) -> None:
    with pytest.raises((Invalid, Unknown)) as caught:
        build(specification)
    assert told in str(caught.value)


@dataclass(frozen=True)
class Nobody:
    """Silence."""

    def choose(self, floor: Floor, now: float) -> Choice | None:
        return None


def test_a_policy_that_nobody_registered_cannot_be_named() -> None:
    with pytest.raises(Unknown, match="register it with @known_as"):
        specify(Nobody())


def test_one_s_own_policy_can_be_registered_but_not_under_a_name_that_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(specification, "_KNOWN", {**specification._KNOWN})
    known_as("nobody-for-this-test")(Nobody)
    assert build("nobody-for-this-test") == Nobody()
    assert known_as("nobody-for-this-test")(Nobody) is Nobody
    with pytest.raises(Exists, match="already a policy 'fair'"):
        known_as("fair")(Nobody)
    assert type(build("fair")) is Fair
