"""What a database complains about, in our own words: who must act, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from tertulia.orchestrator.errors import StoreBusy, StoreUnusable, TertuliaError

_COMPLAINTS: tuple[tuple[str, str, str], ...] = (
    ("readonly", "it is read-only", "make the file and its folder writable"),
    ("read-only", "it is read-only", "make the file and its folder writable"),
    ("disk is full", "the disk is full", "make room; nothing acknowledged was lost"),
    ("disk i/o error", "the disk reports an error", "look at the disk, then at a backup"),
    ("malformed", "the file is damaged", "restore it from a backup"),
    ("not a database", "the file is not a database", "name another file"),
    (
        "unable to open",
        "the file cannot be opened",
        "does its folder exist, and may you write there?",
    ),
)


@contextmanager
def in_our_words(where: str) -> Iterator[None]:
    """Raise ``StoreBusy`` or ``StoreUnusable`` for what the database driver raises."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error, where) from error


def translate(error: DBAPIError, where: str) -> TertuliaError | DBAPIError:
    """Our error for the driver's; the driver's own where our statement was wrong."""
    text = str(error.orig).lower()
    if "locked" in text or "busy" in text:
        return StoreBusy(where=where)
    for sign, what, hint in _COMPLAINTS:
        if sign in text:
            return StoreUnusable(where=where, what=what, hint=hint)
    if isinstance(error, OperationalError) or type(error) is DatabaseError:
        return StoreUnusable(where=where, what=str(error.orig), hint="see the database's own log")
    return error
