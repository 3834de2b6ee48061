"""What models that stream yield."""

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.streaming import last_piece, piece


def test_a_piece_is_what_langchain_makes_of_a_text() -> None:
    made = ChatGenerationChunk(message=AIMessageChunk(content="By the "))
    assert piece("By the ") == made
    assert piece("By the ").model_dump() == made.model_dump()
    assert vars(piece("By the ").message) == vars(made.message)


def test_what_is_written_on_one_piece_is_on_no_other() -> None:
    one, other = piece("By "), piece("the ")
    shared = [
        name
        for mine, yours in ((one, other), (one.message, other.message))
        for name, value in vars(mine).items()
        if value is vars(yours)[name] and not isinstance(value, str | None)
    ]
    assert shared == []
    one.message.content, one.message.id = "On ", "7"
    assert (piece("door").message.content, piece("door").message.id) == ("door", None)


def test_pieces_add_up_to_the_answer() -> None:
    told = UsageMetadata(input_tokens=6, output_tokens=3, total_tokens=9)
    whole = piece("By ") + piece("the door.") + last_piece(told, model="m")
    assert whole.text == whole.message.text == "By the door."
    assert isinstance(whole.message, AIMessageChunk)
    assert whole.message.usage_metadata == told
