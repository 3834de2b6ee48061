"""Everything that is wrong with a graph is said at once, and by name."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents import TurnState
from tertulia.graphs import END, START, BadGraph, TurnGraph, check, problems_of
from tertulia.orchestrator.errors import Invalid

Arrow = tuple[str, str, bool]


async def nothing(state: TurnState) -> TurnState:
    return {}


def graph(names: str, *arrows: str, bound: int | None = None) -> TurnGraph:
    """Write ``a -> b`` for an edge and ``a ?> b`` for a conditional one."""
    made = TurnGraph("trial", bound=bound)
    for name in names.split():
        made.add_node(name, nothing)
    for arrow in arrows:
        source, kind, target = arrow.split()
        source, target = (({"START": START, "END": END}.get(n, n)) for n in (source, target))
        if kind == "->":
            made.add_edge(source, target)
        else:
            made.add_conditional_edges(source, lambda state: "go", {"go": target})
    return made


def test_a_sound_graph_has_no_problems() -> None:
    sound = graph("a b", "START -> a", "a ?> b", "a ?> END", "b -> a", bound=9)
    assert problems_of(sound) == ()
    check(sound)


@pytest.mark.parametrize(
    ("trial", "problem"),
    [
        (graph(""), "there is no node"),
        (graph("a", "a -> END"), "nothing begins it: add an edge, as in add_edge(START, 'a')"),
        (graph("a b", "START -> a", "a -> END", "b -> END"), "node 'b' is never reached"),
        (graph("a", "START -> a"), "node 'a' leads nowhere"),
        (graph("a a", "START -> a", "a -> END"), "node 'a' is added 2 times"),
        (graph("a:b", "START -> a:b", "a:b -> END"), "node 'a:b' cannot be called so"),
        (
            graph("draft critic", "START -> draft", "draft -> critc", "critic -> END"),
            "edge draft -> critc leads to 'critc', which is no node; did you mean 'critic'?",
        ),
        (
            graph("draft", "START -> draft", "draft ?> and"),
            "edge draft -> and (go) leads to 'and', which is no node; did you mean 'END'?",
        ),
        (
            graph("draft", "START -> draft", "drft -> END"),
            "edge drft -> END comes from 'drft', which is no node; did you mean 'draft'?",
        ),
        (graph("a", "START -> a", "a -> END", "END -> a"), "leaves END"),
        (graph("a", "START -> a", "a -> END", "a -> START"), "leads to START"),
        (
            graph("a b", "START -> a", "a ?> b", "b ?> a", bound=5),
            "a -> b -> a is a circle that nothing leaves",
        ),
        (
            graph("a b", "START -> a", "a -> b", "b -> a", "b ?> END", bound=5),
            "a -> b -> a goes round for ever: make one of its edges conditional",
        ),
        (
            graph("a", "START -> a", "a ?> a", "a ?> END"),
            "a -> a is a circle: give the graph a bound",
        ),
        (graph("a", "START -> a", "a -> END", bound=0), "a bound of 0 steps lets nothing run"),
        (
            graph("a b", "START -> a", "a -> b", "b -> END", bound=1),
            "a bound of 1 is less than the 2 steps of the shortest way",
        ),
    ],
)
def test_each_problem_is_named_and_is_the_only_one(trial: TurnGraph, problem: str) -> None:
    (told,) = problems_of(trial)
    assert problem in told


def test_all_problems_are_reported_at_once() -> None:
    trial = graph("a b lost", "START -> a", "a -> b", "b -> a", "a -> c")
    with pytest.raises(BadGraph) as caught:
        check(trial)
    assert len(caught.value.problems) == 5
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    assert isinstance(caught.value, Invalid)


def test_a_state_has_to_hold_what_a_turn_needs() -> None:
    class Mine(TurnState, total=False):
        mood: str

    assert problems_of(graph_with_state(Mine)) == ()
    (problem,) = problems_of(graph_with_state(dict))
    assert "the state dict lacks draft" in problem


def graph_with_state(state: type) -> TurnGraph:
    made = TurnGraph("trial", state=state).add_node("a", nothing)
    return made.add_edge(START, "a").add_edge("a", END)


def test_an_edge_from_several_nodes_waits_for_them_and_is_no_endless_circle() -> None:
    trial = graph("a b c", "START -> a", "a -> b", "a -> c")
    trial.add_edge(["b", "c"], END)
    assert problems_of(trial) == ()


# ---- against a search by brute force

NODES = ("a", "b", "c", "d")


@st.composite
def arrows(draw: st.DrawFn) -> list[Arrow]:
    pairs = [(s, t) for s in (START, *NODES) for t in (*NODES, END)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    return [(s, t, draw(st.booleans())) for s, t in chosen]


def ways(arrows: Iterable[Arrow], start: str) -> Iterator[tuple[str, ...]]:
    """Every way from ``start`` that passes no node twice, and each that closes a circle."""
    arrows = list(arrows)
    waiting: list[tuple[str, ...]] = [(start,)]
    while waiting:
        way = waiting.pop()
        yield way
        if len(set(way)) == len(way):
            waiting += [(*way, t) for s, t, _ in arrows if s == way[-1]]


def built(some: Iterable[Arrow], bound: int | None) -> TurnGraph:
    shown = {START: "START", END: "END"}
    texts = [
        f"{shown.get(s, s)} {'?>' if chosen else '->'} {shown.get(t, t)}" for s, t, chosen in some
    ]
    return graph(" ".join(NODES), *texts, bound=bound)


@given(arrows())
def test_a_node_is_called_unreachable_exactly_if_no_way_leads_to_it(some: list[Arrow]) -> None:
    reached = {name for way in ways(some, START) for name in way}
    told = {
        name for name in NODES for p in problems_of(built(some, 9)) if f"{name!r} is never" in p
    }
    begins = any(s == START for s, _, _ in some)
    assert told == (set(NODES) - reached if begins else set())


@given(arrows())
def test_a_dead_end_is_told_exactly_if_some_node_has_no_way_to_the_end(some: list[Arrow]) -> None:
    stuck = {name for name in NODES if not any(END in way for way in ways(some, name))}
    told = [p for p in problems_of(built(some, 9)) if "leads nowhere" in p or "nothing leaves" in p]
    assert bool(told) == bool(stuck)
    assert all(any(f"{name!r} " in p or f"{name} ->" in p for name in stuck) for p in told)


@given(arrows())
def test_a_bound_is_asked_for_exactly_if_one_can_go_round(some: list[Arrow]) -> None:
    round_trip = any(len(set(way)) < len(way) for name in NODES for way in ways(some, name))
    assert any("give the graph a bound" in p for p in problems_of(built(some, None))) == round_trip


@given(arrows())
def test_a_circle_without_a_choice_is_never_let_through(some: list[Arrow]) -> None:
    plain = [arrow for arrow in some if not arrow[2]]
    endless = any(len(set(way)) < len(way) for name in NODES for way in ways(plain, name))
    told = [p for p in problems_of(built(some, 9)) if "for ever" in p or "nothing leaves" in p]
    assert not endless or told


@given(arrows(), st.integers(1, 5))
def test_a_bound_is_too_small_exactly_if_no_way_fits_in_it(some: list[Arrow], bound: int) -> None:
    lengths = [len(way) - 2 for way in ways(some, START) if way[-1] == END]
    told = any("steps of the shortest way" in p for p in problems_of(built(some, bound)))
    assert told == bool(lengths and min(lengths) > bound)
