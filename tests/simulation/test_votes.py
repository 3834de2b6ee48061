"""Scenarios with phases and votes: people vote on their cues, and time alone ends a phase."""

from tests.simulation.staging import happenings, said, staged

from tertulia.agents.cards import Card
from tertulia.orchestrator.ballots import VoteCounted
from tertulia.simulation import Rehearsed

DEBATE = """
title: Cats or dogs
policy:
  name: phases
  each:
    - {name: phase, title: thoughts, inner: addressed, seconds: 60}
    - {name: vote, title: pets, options: [cats, dogs], within_s: 30}
participants:
- {name: Bo}
- name: Ana
  kind: human
  cues:
  - {say: "Cats or dogs?", at: 0}
  - {vote: cats, when: vote, wait: 5}
  - {vote: dogs, wait: 1}
- {name: Cy, kind: human}
"""


def test_a_scenario_goes_on_until_the_time_of_its_phases_is_up_and_all_have_voted() -> None:
    bo = Rehearsed(Card("Bo", ""), (), {"pets": "cats"})
    happened = staged(DEBATE, {"bo": bo})
    assert happenings(happened, "PhaseBegan") == [(0, "room"), (60, "room"), (90, "room")]
    assert happenings(happened, "VoteCast") == [(60, "bo"), (65, "ana"), (66, "ana")]
    [told] = [event.body for event in happened if isinstance(event.body, VoteCounted)]
    assert (told.votes, told.silent) == ({"bo": "cats", "ana": "dogs"}, 1)
    assert said(happened) == [(0, "ana", "Cats or dogs?")]
