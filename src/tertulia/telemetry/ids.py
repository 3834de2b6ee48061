"""Ids of traces that follow from the turn they are of, so that every attempt at it can be found.

A turn that a crash cut short goes on in another process, which knows the turn and when its room was
opened, and so the trace of its first attempt: it links to it without anything being handed on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, TraceFlags

from tertulia.orchestrator.room import TurnId

Ids = tuple[int, int]
"""Of a trace, and of the span at its root."""

_NEXT: ContextVar[Ids | None] = ContextVar("ids of the next trace", default=None)


class TurnIds(RandomIdGenerator):
    """Random ids, but for the traces of turns.

    Hand it to a ``TracerProvider`` of your own: ``TracerProvider(id_generator=TurnIds())``.
    """

    def generate_trace_id(self) -> int:
        """The one that was wished for, or any."""
        wished = _NEXT.get()
        return super().generate_trace_id() if wished is None else wished[0]

    def generate_span_id(self) -> int:
        """The one that was wished for, or any."""
        wished = _NEXT.get()
        return super().generate_span_id() if wished is None else wished[1]


@contextmanager
def wished(ids: Ids) -> Iterator[None]:
    """In the block the next root span gets these ids, where ``TurnIds`` makes them."""
    token = _NEXT.set(ids)
    try:
        yield
    finally:
        _NEXT.reset(token)


def ids_of(turn: TurnId, opened: float, attempt: int) -> Ids:
    """The ids of an attempt at a turn of a room that was ``opened`` then (Unix seconds)."""
    name = f"{turn} {opened:.6f} {attempt}".encode()
    digest = blake2b(name, digest_size=24, person=b"tertulia-turn").digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:]) or 1


def context_of(ids: Ids) -> SpanContext:
    """What another span links to."""
    return SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
