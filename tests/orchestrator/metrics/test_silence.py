"""Whether agents spoke and kept silent at the right moments."""

from hypothesis import given
from tests.orchestrator.metrics.logs import ANA, BO, EVE, TOM, Written
from tests.orchestrator.programs import PureRoom, policies, programs

from tertulia.orchestrator.events import Uptake
from tertulia.orchestrator.metrics import Silence, measure
from tertulia.orchestrator.room import Kind, ParticipantId


def of(log: Written, who: ParticipantId) -> Silence:
    return next(part.silence for part in measure(log.events).parts if part.participant == who)


def test_the_addressed_were_right_to_speak_and_the_others_to_be_silent() -> None:
    log = Written()
    asked = log.say(1, ANA, "Bo?", to=(BO,))
    log.end(3, BO, log.grant(1, BO, asked), reply_to=asked, to=(ANA,))
    assert of(log, BO) == Silence(spoke_right=1)
    assert of(log, EVE) == Silence(silent_right=2)
    assert (of(log, EVE).precision, of(log, EVE).recall) == (1, 1)


def test_the_addressed_who_are_silent_and_others_who_speak_are_wrong() -> None:
    log = Written()
    log.say(1, ANA, "Bo?", to=(BO,))
    log.turn(2, 4, EVE, "I can tell you.")
    assert of(log, BO) == Silence(silent_wrong=1)
    assert of(log, EVE) == Silence(spoke_wrong=1)
    assert of(log, BO).precision == 0
    assert of(log, EVE).recall == 0


def test_of_those_who_answer_what_was_for_nobody_the_first_was_right() -> None:
    log = Written()
    asked = log.say(1, ANA, "What is the time?")
    one, two = log.grant(1, BO), log.grant(1, EVE)
    log.end(3, EVE, two, "Nine.", reply_to=asked)
    log.end(4, BO, one, "Nine.", reply_to=asked)
    assert of(log, EVE).spoke_right == 1
    assert of(log, BO).spoke_wrong == 1


def test_silence_is_right_where_somebody_else_answers_and_not_judged_where_nobody_does() -> None:
    log = Written()
    log.say(1, ANA, "What is the time?")
    log.say(2, TOM, "Nine.", to=(ANA,))
    log.say(3, ANA, "Thank you.")
    assert of(log, BO) == Silence(silent_right=2)
    assert measure(log.events).silence.moments == 4


def test_a_person_is_not_judged() -> None:
    log = Written()
    log.say(1, ANA, "Tom?", to=(TOM,))
    assert of(log, TOM).moments == 0


def test_an_agent_is_judged_by_what_it_hears_only() -> None:
    log = Written()
    log.say(1, ANA, "Tom?", to=(TOM,), audience=(ANA, TOM))
    log.say(2, TOM, "Yes.", to=(ANA,), audience=(ANA, TOM))
    assert of(log, BO).moments == 0


def test_who_may_be_answering_when_the_log_ends_is_not_judged_yet() -> None:
    log = Written()
    asked = log.say(1, ANA, "Bo?", to=(BO,))
    log.grant(1, BO, asked)
    assert of(log, BO).moments == 0


def test_backchannels_ask_nobody() -> None:
    log = Written()
    log.say(1, ANA, "mm-hm", uptake=Uptake.BACKCHANNEL)
    log.say(2, TOM, "Well.", to=(ANA,))
    assert of(log, BO) == Silence(silent_right=1)


@given(policies, programs(changing=True))
def test_every_moment_is_judged_once_at_most_and_only_of_agents(
    policy: object, program: list[tuple[object, ...]]
) -> None:
    room = PureRoom(policy)  # type: ignore[arg-type]
    room.seat("ana", "cy", "bo", "eve")
    for ask in program:
        room.do(ask)
    found = measure(room.events)
    utterances = sum(part.utterances for part in found.parts)
    for part in found.parts:
        assert part.silence.moments <= utterances
        assert part.kind is Kind.AGENT or part.silence.moments == 0
        for share in (part.silence.precision, part.silence.recall):
            assert share is None or 0 <= share <= 1
