"""Who cut whom, and whether it came to anything."""

from tests.orchestrator.metrics.logs import ANA, BO, EVE, TOM, Written

from tertulia.orchestrator.events import Outcome, Said, TurnEnded, Uptake
from tertulia.orchestrator.metrics import measure
from tertulia.orchestrator.room import ROOM, TurnId


def cuts(log: Written) -> list[tuple[str, str, bool]]:
    return [(cut.by, cut.whom, cut.won) for cut in measure(log.events).interruptions]


def a_cut(by: str = ANA, text: str = "As I was say") -> Written:
    """Bo has been cut off at second 5."""
    log = Written()
    log.say(1, ANA, "Bo?", to=(BO,))
    log.end(5, BO, log.grant(1, BO), text, cut_by=by)  # type: ignore[arg-type]
    return log


def test_who_cuts_in_and_speaks_next_has_won_the_floor() -> None:
    log = a_cut()
    log.say(6, ANA, "No.")
    assert cuts(log) == [(ANA, BO, True)]
    ana, _, bo, _ = measure(log.events).parts
    assert (ana.cut_others, ana.cuts_won, bo.was_cut) == (1, 1, 1)


def test_if_somebody_else_speaks_first_it_was_for_nothing() -> None:
    log = a_cut()
    log.say(6, TOM, "Me!")
    log.say(7, ANA, "No.")
    assert cuts(log) == [(ANA, BO, False)]


def test_if_the_one_who_was_cut_goes_on_it_was_a_false_interruption() -> None:
    log = a_cut()
    log.turn(8, 9, BO, "Well, as I was saying.")
    assert cuts(log) == [(ANA, BO, False)]


def test_if_nobody_says_anything_more_it_was_for_nothing() -> None:
    assert cuts(a_cut()) == [(ANA, BO, False)]


def test_who_spoke_into_the_turn_that_it_cut_has_had_its_word() -> None:
    log = Written()
    turn = log.grant(1, BO)
    log.say(3, ANA, "Stop, please.")
    log.end(4, BO, turn, "As I", cut_by=ANA)
    log.turn(4, 6, EVE)
    assert cuts(log) == [(ANA, BO, True)]


def test_a_backchannel_wins_no_floor() -> None:
    log = a_cut()
    log.say(6, ANA, "mm-hm", uptake=Uptake.BACKCHANNEL)
    log.say(7, TOM, "Me!")
    assert cuts(log) == [(ANA, BO, False)]


def test_a_turn_that_is_cut_before_its_first_word_is_an_interruption_too() -> None:
    log = a_cut(text="")
    log.say(6, ANA, "No.")
    assert cuts(log) == [(ANA, BO, True)]


def test_what_the_room_cuts_is_no_interruption() -> None:
    assert cuts(a_cut(by=ROOM)) == []


def test_a_log_that_says_it_with_the_words_alone_is_understood() -> None:
    log = Written()
    turn: TurnId = log.grant(1, BO)
    log.add(5, BO, Said("As I was", turn=turn, interrupted_by=ANA))
    log.add(5, BO, TurnEnded(turn, Outcome.INTERRUPTED))
    log.say(6, ANA, "No.")
    assert cuts(log) == [(ANA, BO, True)]
