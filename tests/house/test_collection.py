"""Tests are collected in one order in every process, so that several can share them out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]


def cases(tree: ast.AST) -> Iterator[ast.expr]:
    """What tests are parametrized over."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.parametrize"):
            yield from node.args[1:2]


def unordered(cases: ast.expr) -> bool:
    """Whether their order is that of a set, which differs from process to process."""
    match cases:
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Name(id="list" | "tuple" | "map" | "filter"), args=[*_, inner]):
            return unordered(inner)
        case ast.BinOp(left=left, right=right):
            return unordered(left) or unordered(right)
        case ast.List(elts=several) | ast.Tuple(elts=several):
            return any(unordered(one.value) for one in several if isinstance(one, ast.Starred))
        case ast.ListComp(generators=[first, *_]):
            return unordered(first.iter)
    return False


def test_what_is_ordered_by_hashes_is_found_and_what_is_sorted_is_not() -> None:
    bad = ["set(A) - {1}", "[*{1, 2}]", "list(frozenset(A))", "{x for x in A}", "[x for x in {1}]"]
    good = ["sorted(set(A))", "[1, {2}]", "sorted({x for x in A}, key=str)", "A", "list(A)"]
    read = [ast.parse(text, mode="eval").body for text in bad + good]
    assert [unordered(one) for one in read] == [True] * 5 + [False] * 5


def test_no_test_is_parametrized_over_a_set() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{given.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        for given in cases(ast.parse(path.read_text()))
        if unordered(given)
    ]
    assert not found, "sort them: a set has another order in every process"
