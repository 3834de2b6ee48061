"""What texts a log keeps: checked at the door, or made fit where nobody can be refused."""

from tertulia.orchestrator.errors import BadContent

WORDS = 1024
"""The most characters of a key, a reason, a title or a problem."""


def check_words(what: str, words: str) -> None:
    """Raise ``BadContent`` for words beside the text (a key, a reason) that no log would keep."""
    if len(words) > WORDS:
        hint = f"at most {WORDS:,} are kept"
        raise BadContent(what=f"a {what} of {len(words):,} characters", hint=hint)
    if "\0" in words:  # PostgreSQL keeps none
        raise BadContent(what=f"a {what} with a NUL in it", hint="leave it out")
    _check_unicode(words)


def check_text(text: str, limit: int) -> None:
    """Raise ``BadContent`` for what is not text, is empty, or has over ``limit`` characters."""
    if not isinstance(text, str):
        raise BadContent(what=f"content is {type(text).__name__}", hint="say it as text")
    if not text.strip():
        raise BadContent(what="empty content", hint="say something, or say nothing at all")
    if len(text) > limit:
        hint = f"this room takes {limit:,} characters at most; say it in parts"
        raise BadContent(what=f"{len(text):,} characters", hint=hint)
    _check_unicode(text)


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadContent(what="not valid Unicode text", hint=str(error)) from None


def within(text: str, limit: int, problem: str | None) -> tuple[str, str | None]:
    """The text as it can be kept, and the problem, to which one of the text is added."""
    kept = clean(text)
    if len(kept) <= limit:
        return kept, problem
    told = f"cut at {limit:,} of {len(kept):,} characters"
    return kept[:limit], f"{problem}; {told}" if problem else told


def clean(text: str) -> str:
    """The text, with ``?`` for what is not valid Unicode: an agent's end must always be kept."""
    return text.encode(errors="replace").decode()
