"""What may be used: nobody takes more than is left, whatever is on its way at the same time."""

import pickle
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.callers import Caller
from tertulia.agents.faults import BudgetSpent
from tertulia.agents.pool.accounts import Accounts, Hold, Key
from tertulia.agents.pool.budgets import Allowance, Budgets

BO = Caller("attic", "bo", tenant="school")
WHO = st.builds(
    Caller,
    room=st.sampled_from(["attic", "hall"]),
    participant=st.sampled_from(["bo", "cy"]),
    tenant=st.sampled_from(["", "school"]),
)
ALLOWED = st.builds(
    Allowance, tokens=st.integers(0, 400), cost=st.floats(0, 4, allow_subnormal=False)
)
NAMED = st.dictionaries(st.sampled_from(["*", "attic", "bo", "school"]), ALLOWED, max_size=3)
CALL = st.tuples(WHO, st.integers(1, 100), st.floats(0, 1), st.floats(0, 1), st.booleans())
"""Who calls, for how many tokens at most, the price of a hundred, which share is used, whether it
waits."""

Ended = tuple[Hold, int, float]


def lives(
    accounts: Accounts, calls: list[tuple[Caller, int, float, float, bool]]
) -> Iterator[list[Ended]]:
    """Let calls come and end; those on their way, before one of them ends."""
    going: list[Ended] = []
    for who, most, price, share, waits in calls:
        try:
            hold = accounts.hold(who, most, most * price / 100)
        except BudgetSpent:
            continue
        used = int(most * share)
        going.append((hold, used, used * price / 100))
        while going and not waits:
            yield going
            accounts.settle(*going.pop(0))
    while going:
        yield going
        accounts.settle(*going.pop())


@given(NAMED, NAMED, NAMED, st.lists(CALL, max_size=60))
def test_a_strict_budget_is_never_exceeded(
    tenants: dict[str, Allowance],
    rooms: dict[str, Allowance],
    participants: dict[str, Allowance],
    calls: list[tuple[Caller, int, float, float, bool]],
) -> None:
    accounts = Accounts("small", Budgets(tenants, rooms, participants, strict=True))
    for _ in lives(accounts, calls):
        pass
    for account in accounts:
        assert account.used_tokens <= account.tokens
        assert account.used_cost <= account.cost + 1e-6
        assert account.held_tokens == 0
        assert account.held_cost == pytest.approx(0, abs=1e-6)


@given(NAMED, NAMED, NAMED, st.lists(CALL, max_size=60))
def test_other_budgets_are_exceeded_by_no_more_than_what_was_on_its_way(
    tenants: dict[str, Allowance],
    rooms: dict[str, Allowance],
    participants: dict[str, Allowance],
    calls: list[tuple[Caller, int, float, float, bool]],
) -> None:
    accounts = Accounts("small", Budgets(tenants, rooms, participants))
    over: dict[object, float] = {}
    for going in lives(accounts, calls):
        known = dict(accounts.items())
        for key, allowed in chain.from_iterable(hold.budgets.items() for hold, _, _ in going):
            if not known.get(key, allowed).spent:
                over[key] = sum(tokens for hold, tokens, _ in going if key in hold.budgets)
    for key, account in accounts.items():
        assert account.used_tokens <= account.tokens + over.get(key, 0)


@given(NAMED, st.lists(CALL, max_size=30))
def test_who_has_used_nothing_is_only_refused_what_is_more_than_all(
    rooms: dict[str, Allowance], calls: list[tuple[Caller, int, float, float, bool]]
) -> None:
    """A budget refuses nobody who has enough left: work conserving, as to money."""
    for who, most, price, _, _ in calls:
        accounts = Accounts("small", Budgets(rooms=rooms, strict=True))
        allowed = rooms.get(who.room) or rooms.get("*") or Allowance()
        fits = most <= allowed.tokens and most * price / 100 <= allowed.cost
        try:
            accounts.hold(who, most, most * price / 100)
            gone = True
        except BudgetSpent:
            gone = False
        assert gone == fits or most * price / 100 == pytest.approx(allowed.cost)


def test_what_a_call_has_used_is_charged_to_its_participant_its_room_and_its_tenant() -> None:
    plenty = {"*": Allowance(1_000, 10)}
    accounts = Accounts("small", Budgets(plenty, plenty, plenty))
    accounts.settle(accounts.hold(BO, 0, 0), 30, 0.5)
    accounts.settle(accounts.hold(Caller("attic", "cy"), 0, 0), 5, 0.25)
    used = {kind: accounts.of(BO, kind) for kind in ("participant", "room", "tenant")}
    assert {kind: (one.used_tokens, one.used_cost) for kind, one in used.items()} == {
        "participant": (30, 0.5),
        "room": (35, 0.75),
        "tenant": (30, 0.5),
    }
    assert accounts.of(Caller("attic", "cy"), "tenant").used_tokens == 5


def test_a_participant_of_one_room_has_not_used_what_one_of_that_name_used_elsewhere() -> None:
    accounts = Accounts("small", Budgets(participants={"bo": Allowance(10)}))
    accounts.settle(accounts.hold(Caller("attic", "bo"), 0, 0), 10, 0)
    accounts.hold(Caller("hall", "bo"), 0, 0)
    with pytest.raises(BudgetSpent):
        accounts.hold(Caller("attic", "bo"), 0, 0)


def test_who_is_named_has_what_is_said_and_not_what_each_has() -> None:
    rooms = {"*": Allowance(5), "hall": Allowance(50)}
    accounts = Accounts("small", Budgets(rooms=rooms))
    assert accounts.of(Caller("attic"), "room").tokens == 5
    assert accounts.of(Caller("hall"), "room").tokens == 50
    assert accounts.of(Caller(), "room") == Allowance()


def test_the_error_says_whose_budget_it_is_of_what_and_how_much_is_used() -> None:
    accounts = Accounts("small", Budgets(participants={"bo": Allowance(tokens=100, cost=1)}))
    accounts.settle(accounts.hold(BO, 0, 0), 120, 0.5)
    with pytest.raises(
        BudgetSpent, match="'bo' of room 'attic' has used up its tokens: 120 of 100"
    ):
        accounts.hold(BO, 0, 0)
    accounts = Accounts("small", Budgets(tenants={"school": Allowance(cost=2)}, strict=True))
    accounts.hold(BO, 10, 1.5)
    with pytest.raises(
        BudgetSpent, match=r"'school' has 1.5 of 2 cost in use.*take 0.75"
    ) as caught:
        accounts.hold(BO, 10, 0.75)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own, made above
    assert (str(again), again.budget, again.allowed) == (str(caught.value), "cost", 2)


def charged(accounts: Accounts, room: str, tokens: int) -> None:
    accounts.settle(accounts.hold(Caller(room), tokens, 0), tokens, 0)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("tertulia.agents.pool.accounts.KEPT", 3)
    return 3


def test_it_is_remembered_of_the_last_who_were_charged_what_they_have_used(few: int) -> None:
    accounts = Accounts("small", Budgets(rooms={"*": Allowance(10)}))
    for n in range(100):
        charged(accounts, "attic", 0)
        charged(accounts, f"room-{n}", 5)
        if n == 97:
            charged(accounts, "room-96", 1)
    assert [key[-1] for key, _ in accounts.items()] == ["room-96", "room-98", "room-99"]
    assert accounts.of(Caller("room-96"), "room").used_tokens == 6
    charged(accounts, "room-0", 9)  # it begins anew
    assert accounts.of(Caller("room-0"), "room").used_tokens == 9


def test_who_has_used_up_a_budget_is_never_forgotten(few: int) -> None:
    accounts = Accounts("small", Budgets(rooms={"*": Allowance(10)}))
    for n in range(100):
        charged(accounts, f"room-{n}", 10 if n < 20 else 5)
    for n in range(20):
        with pytest.raises(BudgetSpent):
            accounts.hold(Caller(f"room-{n}"), 0, 0)
    assert len(list(accounts)) == 20 + few


def test_who_is_forgotten_while_its_call_is_on_its_way_is_charged_for_that(few: int) -> None:
    accounts = Accounts("small", Budgets(rooms={"*": Allowance(10)}))
    hold = accounts.hold(Caller("attic"), 0, 0)
    for n in range(10):
        charged(accounts, f"room-{n}", 5)
    accounts.settle(hold, 10, 0)
    with pytest.raises(BudgetSpent):
        accounts.hold(Caller("attic"), 0, 0)


def test_of_who_has_used_nothing_nothing_is_remembered() -> None:
    for strict in (False, True):
        accounts = Accounts("small", Budgets(rooms={"*": Allowance(10, 10)}, strict=strict))
        for n in range(100):
            accounts.settle(accounts.hold(Caller(f"room-{n}"), 3, 0.3), 0, 0)
        assert not list(accounts)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 10)), max_size=60))
def test_a_strict_budget_is_not_exceeded_however_many_others_call(
    calls: list[tuple[str, int]],
) -> None:
    accounts = Accounts("small", Budgets(rooms={"*": Allowance(10)}, strict=True))
    used: dict[str, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tertulia.agents.pool.accounts.KEPT", 2)
        for room, tokens in calls:
            with suppress(BudgetSpent):
                charged(accounts, room, tokens)
                used[room] = used.get(room, 0) + tokens
    assert all(tokens <= 10 for tokens in used.values())
    known: dict[Key, int] = {key: one.used_tokens for key, one in accounts.items()}
    assert known == {("room", room): tokens for room, tokens in used.items()}


def test_a_call_that_is_refused_by_one_budget_takes_nothing_of_the_others() -> None:
    budgets = Budgets({"school": Allowance(10)}, {"attic": Allowance(100)}, strict=True)
    accounts = Accounts("small", budgets)
    with pytest.raises(BudgetSpent, match="tenant"):
        accounts.hold(BO, 50, 0)
    assert accounts.of(BO, "room").held_tokens == 0
