"""Profiles in scenarios: they come in with their participants, and what they forbid is refused."""

from tests.simulation.staging import said, staged

from tertulia.orchestrator import Profile, Right
from tertulia.orchestrator.events import Joined, RoomOpened
from tertulia.simulation import parse


def test_a_role_s_profile_comes_in_with_it() -> None:
    scene = parse(
        """
        title: x
        room: {permissions: [whisper, note]}
        participants:
          - {name: Ana, kind: human, languages: [Spanish], about: A nurse., permissions: []}
          - {name: Bo, languages: [English]}
        """
    )
    opened, ana, bo, *_ = [event.body for event in staged(scene)]
    assert isinstance(opened, RoomOpened)
    assert opened.settings.permissions == (Right.WHISPER, Right.NOTE)
    assert isinstance(ana, Joined)
    assert isinstance(bo, Joined)
    assert ana.profile == Profile(("Spanish",), "A nurse.", ())
    assert bo.profile == Profile(("English",))


def test_what_one_may_not_do_comes_to_nothing_on_stage() -> None:
    scene = parse(
        """
        title: x
        room: {permissions: []}
        participants:
          - name: Ana
            kind: human
            cues: [{say: psst, whisper: [Bo]}, {say: "Bo, now everybody hears it."}]
          - {name: Bo}
        """
    )
    assert [text for _, _, text in said(staged(scene))] == ["Bo, now everybody hears it."]
