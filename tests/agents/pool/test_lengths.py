"""What is expected of a prompt and of an answer before it is there."""

from langchain_core.messages import HumanMessage

from tertulia.agents.pool import Rank
from tertulia.agents.pool.lengths import BESIDE_TEXT, EXPECTED_TOKENS, MOST_KNOWN, Lengths
from tertulia.agents.pool.lengths import prompt_tokens as tokens_of


def test_an_answer_is_expected_to_be_about_as_long_as_those_before_it() -> None:
    lengths = Lengths()
    assert lengths.expected("attic/bo", Rank.HOLDER) == EXPECTED_TOKENS[Rank.HOLDER]
    for _ in range(20):
        lengths.answered("attic/bo", Rank.HOLDER, 300)
    assert lengths.expected("attic/bo", Rank.HOLDER) == 300
    lengths.answered("attic/bo", Rank.HOLDER, 0)
    assert lengths.expected("attic/bo", Rank.HOLDER) == 300


def test_what_somebody_bids_tells_nothing_of_how_long_he_talks() -> None:
    lengths = Lengths()
    lengths.answered("attic/bo", Rank.BID, 3)
    assert lengths.expected("attic/bo", Rank.BID) == 3
    assert lengths.expected("attic/bo", Rank.HOLDER) == EXPECTED_TOKENS[Rank.HOLDER]


def test_of_those_who_have_long_been_silent_nothing_is_known_any_more() -> None:
    lengths = Lengths()
    for speaker in ("attic/bo", "hall/cy"):
        lengths.answered(speaker, Rank.HOLDER, 300)
    for n in range(MOST_KNOWN):
        lengths.answered(f"room-{n}/bo", Rank.HOLDER, 50)
        if n == 5:
            lengths.answered("hall/cy", Rank.HOLDER, 300)
    assert lengths.expected("hall/cy", Rank.HOLDER) == 300
    assert lengths.expected("attic/bo", Rank.HOLDER) == EXPECTED_TOKENS[Rank.HOLDER]


def test_a_picture_is_not_counted_by_its_bytes() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    said = HumanMessage(["Look at ", {"type": "text", "text": "this: " * 2}, picture])
    assert tokens_of([said]) == 20 // 4 + BESIDE_TEXT
