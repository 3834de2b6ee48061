"""Whether the room knew whom an utterance was for."""

from tests.orchestrator.metrics.logs import ANA, BO, EVE, TOM, Written

from tertulia.orchestrator.events import Uptake
from tertulia.orchestrator.metrics import Addressees, measure


def found(log: Written) -> Addressees:
    return measure(log.events).addressees


def test_marks_by_handle_by_name_and_by_reply_are_compared_with_what_the_room_recorded() -> None:
    log = Written()
    first = log.say(1, ANA, "@bo and @Eve?", to=(BO, EVE))
    log.say(2, TOM, "@eve?", to=())
    log.say(3, TOM, "I agree.", reply_to=first, to=(ANA,))
    log.say(4, TOM, "Nobody in particular.")
    assert (found(log).marked, found(log).marked_right) == (3, 2)
    assert found(log).against_marks == 2 / 3


def test_an_at_sign_within_a_word_marks_nobody() -> None:
    log = Written()
    log.say(1, ANA, "Write to x@bo or to @bobby.")
    assert found(log).against_marks is None


def test_whoever_was_recorded_too_does_no_harm_to_the_marks() -> None:
    log = Written()
    log.say(1, ANA, "Bo, ask @eve.", to=(BO, EVE))
    assert found(log).against_marks == 1


def test_answers_by_a_link_come_before_those_that_only_follow() -> None:
    log = Written()
    asked = log.say(1, ANA, "Tom?", to=(TOM,))
    log.say(2, EVE, "Hm.")
    log.say(3, TOM, "Yes.", reply_to=asked, to=(ANA,))
    assert (found(log).answered, found(log).answered_right) == (1, 1)


def test_without_a_link_the_next_who_speaks_answers() -> None:
    log = Written()
    log.say(1, ANA, "Tom?", to=(TOM,))
    log.say(2, ANA, "Are you there?", to=(TOM,))
    log.say(3, EVE, "He is out.")
    assert (found(log).answered, found(log).answered_right) == (2, 0)
    assert found(log).against_answers == 0


def test_a_public_word_does_not_answer_a_whisper_nor_does_a_backchannel() -> None:
    log = Written()
    log.say(1, ANA, "Tom?", to=(TOM,), audience=(ANA, TOM))
    log.say(2, EVE, "Hm.")
    log.say(3, TOM, "mm", uptake=Uptake.BACKCHANNEL, audience=(ANA, TOM))
    assert found(log).answered == 0
    log.say(4, TOM, "Yes.", audience=(ANA, TOM))
    assert found(log).against_answers == 1


def test_what_a_turn_replies_to_is_no_mark_for_the_room_has_chosen_it() -> None:
    log = Written()
    asked = log.say(1, ANA, "Bo?", to=(BO,))
    log.end(3, BO, log.grant(1, BO, asked), reply_to=asked)
    assert found(log).marked == 0
