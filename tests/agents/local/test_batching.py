"""Who gets a row, and when: nobody starves, nobody is lost, and the limits hold."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.agents.local.batching import (
    AGEING,
    CALM_PASSES,
    Batch,
    Limits,
    Request,
    Work,
    batch,
    entered,
    joined,
    known,
    read,
    shrunk,
    without,
    work,
    wrote,
)

arrivals = st.lists(
    st.tuples(
        st.integers(0, 12),  # after how many passes it comes
        st.sampled_from("abc"),  # from which room
        st.integers(0, 2),  # how urgent it is
        st.integers(1, 40),  # tokens to read
        st.integers(1, 6),  # tokens to write
        st.one_of(st.none(), st.integers(1, 8)),  # passes after which it is not wanted any more
    ),
    min_size=1,
    max_size=25,
)


def asked(serial: int, room: str = "a", rank: int = 0, length: int = 4, most: int = 2) -> Request:
    return Request(serial, room, rank, length, most)


def worked(state: Batch) -> tuple[Batch, Work]:
    """One pass; who is full leaves."""
    now = work(state)
    state = wrote(state, now.write) if now.write else state
    if now.read is not None:
        state = read(state, *now.read)
    return without(state, {row.request.serial for row in state.rows if row.full}), now


def lived(
    limits: Limits, script: list[tuple[int, str, int, int, int, int | None]]
) -> tuple[dict[int, int], dict[int, int], set[int], int]:
    """Tokens read and written by each, who was cancelled, and the most passing beyond one's age."""
    coming = [
        (at, asked(serial, room, rank, length, most), gone)
        for serial, (at, room, rank, length, most, gone) in enumerate(script)
    ]
    state, passes, passed = batch(limits), 0, 0
    reads = {request.serial: 0 for _, request, _ in coming}
    writes = dict(reads)
    cancelled = set[int]()
    while coming or not state.idle:
        for one in [one for one in coming if one[0] <= passes]:
            state = joined(state, one[1])
            coming.remove(one)
        for serial, (at, *_, gone) in enumerate(script):
            here = {w.request.serial for w in state.waiting}
            here |= {row.request.serial for row in state.rows}
            if gone is not None and at + gone == passes and serial in here:
                state = without(state, {serial})
                cancelled.add(serial)
        state, _ = entered(state, 0.0)
        assert len(state.rows) <= state.most <= limits.rows
        here_now = [row.request.serial for row in state.rows]
        here_now += [w.request.serial for w in state.waiting]
        assert len(here_now) == len(set(here_now))
        before = state
        state, now = worked(state)
        assert bool(now.read or now.write) == bool(before.rows)
        for serial in now.write:
            assert reads[serial] == script[serial][3], "nobody writes before the prompt is read"
            assert serial not in cancelled
            writes[serial] += 1
        if now.read is not None:
            serial, tokens = now.read
            assert 0 < tokens <= limits.chunk
            reads[serial] += tokens
            writes[serial] += reads[serial] == script[serial][3]
        passed = max([passed, *(w.passed - AGEING * (w.request.rank + 1) for w in state.waiting)])
        passes += 1
        assert passes < 10_000
    return reads, writes, cancelled, passed


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4), st.integers(1, 16), arrivals)
def test_everybody_reads_and_writes_all_of_his_own_and_nobody_starves(
    rows: int, chunk: int, script: list[tuple[int, str, int, int, int, int | None]]
) -> None:
    reads, writes, cancelled, passed = lived(Limits(rows, chunk=chunk), script)
    for serial, (_, _, _, length, most, _) in enumerate(script):
        if serial not in cancelled:
            assert (reads[serial], writes[serial]) == (length, most)
    assert passed <= len(script)


def test_a_stream_of_urgent_requests_passes_a_patient_one_at_most_so_often() -> None:
    state = joined(batch(Limits(rows=1)), asked(0, "patient", rank=2))
    order = list[int]()
    for serial in range(1, 60):
        state = joined(state, asked(serial, f"room{serial}", length=1, most=1))
        state, entry = entered(state, 0.0)
        order += entry.admitted
        state = without(state, {row.request.serial for row in state.rows})
    assert order.index(0) == AGEING * 2


def test_rooms_take_turns_whatever_they_ask_at_once() -> None:
    state = batch(Limits(rows=2))
    for serial in range(6):
        state = joined(state, asked(serial, "crowd"))
    state = joined(state, asked(6, "alone"))
    state, entry = entered(state, 0.0)
    assert entry.admitted == (0, 6)


def test_the_holder_of_a_floor_comes_before_a_summary() -> None:
    state = joined(joined(batch(Limits(rows=1)), asked(0, "a", rank=2)), asked(1, "b", rank=0))
    assert entered(state, 0.0)[1].admitted == (1,)


def test_who_waits_for_too_long_is_told_so_and_takes_no_row() -> None:
    late = replace(asked(0), until=5.0)
    state, entry = entered(joined(batch(Limits()), late), 5.0)
    assert (entry.expired, entry.admitted, state.idle) == ((0,), (), True)


def test_one_chunk_is_read_between_two_tokens_of_the_others() -> None:
    state = joined(batch(Limits(chunk=8)), asked(0, length=8, most=9))
    state, _ = worked(entered(state, 0.0)[0])
    state, _ = entered(joined(state, asked(1, "b", length=20)), 0.0)
    seen = list[Work]()
    for _ in range(4):
        state, now = worked(state)
        seen.append(now)
    assert seen == [
        Work((0,), (1, 8)),
        Work((0,), (1, 8)),
        Work((0,), (1, 4)),
        Work((0, 1)),
    ]


def test_who_has_written_all_he_may_writes_no_more() -> None:
    state, _ = entered(joined(batch(Limits()), asked(0, length=1, most=2)), 0.0)
    state = wrote(read(state, 0, 1), (0,))
    assert work(state) == Work()


def test_what_is_known_is_not_read_again() -> None:
    state, _ = entered(joined(batch(Limits()), asked(0, length=10)), 0.0)
    assert work(known(state, 0, 9)).read == (0, 1)


def test_for_want_of_memory_half_as_many_begin_again_with_what_they_have_written() -> None:
    state = batch(Limits(rows=4, chunk=4))
    for serial in range(4):
        state = joined(state, asked(serial, most=5))
    state, _ = entered(state, 0.0)
    for _ in range(4):
        state, _ = worked(state)
    state, entry = entered(shrunk(joined(state, asked(9))), 0.0)
    assert entry.admitted == (0, 1)
    assert [row.request.length for row in state.rows] == [4 + 4, 4 + 3]
    assert [row.request.most for row in state.rows] == [5 - 4, 5 - 3]
    assert [w.request.serial for w in state.waiting] == [2, 3, 9]


def test_after_a_calm_time_one_more_row_is_tried() -> None:
    state = replace(batch(Limits(rows=4)), most=2)
    state, _ = entered(joined(state, asked(0, length=1, most=10**6)), 0.0)
    state = read(state, 0, 1)
    for _ in range(CALM_PASSES):
        state = wrote(state, (0,))
    assert state.most == 2
    assert wrote(state, (0,)).most == 3
