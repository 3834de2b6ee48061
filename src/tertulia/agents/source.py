"""A YAML text, bounded, with the line that each part of it stands on; whatever it is about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Loc: TypeAlias = tuple[str | int, ...]
"""Where a part is: the keys and places that lead to it."""

LETTERS, PARTS, LEVELS = 1_000_000, 100_000, 50
"""The most characters of a text, of its parts with all aliases written out, and of nesting."""

TOO_DEEP = f"nested deeper than {LEVELS} levels"


class NotYaml(ValueError):
    """A text that cannot be read at all, and the line where that shows."""

    def __init__(self, line: int, what: str) -> None:
        """Counting lines from 1."""
        super().__init__(what)
        self.line, self.what = line, what


class Unreadable(ValueError):
    """A file without a text that could be looked at; in words, why."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a text says, and what is wrong with it though it can be read."""

    content: Any
    flaws: tuple[tuple[int, str], ...]
    _tree: yaml.Node | None

    def line(self, loc: Iterable[str | int]) -> int:
        """The line (from 1) of the deepest part of ``loc`` that is in the text."""
        node, line = self._tree, 0
        if node is not None:
            line = node.start_mark.line
        for step in loc:
            if isinstance(node, yaml.MappingNode):
                pairs = {str(key.value): (key, value) for key, value in node.value}
                if str(step) not in pairs:
                    break
                key, node = pairs[str(step)]
                line = key.start_mark.line
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return line + 1


def text_of(path: Path) -> str:
    """A file's text, as far as ``read`` needs it to see that it is too long.

    Raises ``Unreadable``.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LETTERS + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable("it is not text in UTF-8") from None


def read(text: str) -> Source:
    """Read a text of one document. Raises ``NotYaml``, also for one that would grow too big."""
    if len(text) > LETTERS:
        raise NotYaml(1, f"too long: at most {LETTERS:,} characters are read")
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        if tree is None:
            return Source(None, (), None)
        parts, levels = _size(tree, {})
        if parts > PARTS:
            raise NotYaml(1, f"too big: with its aliases written out it has over {PARTS:,} parts")
        if levels > LEVELS:
            raise NotYaml(1, TOO_DEEP)
        flaws = tuple(_flaws(tree, set()))
        return Source(loader.construct_document(tree), flaws, tree)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise NotYaml(line, f"not YAML: {error.reason}, U+{error.character:04X}") from None
    except yaml.MarkedYAMLError as error:
        unfinished = "<stream end>" in (error.problem or "")
        mark = error.context_mark if unfinished else error.problem_mark
        told = ", ".join(part for part in (error.context, error.problem) if part)
        raise NotYaml(1 if mark is None else mark.line + 1, f"not YAML: {told}") from None
    except RecursionError:
        raise NotYaml(1, TOO_DEEP) from None


class _Loader(yaml.SafeLoader):
    """Plain data only; a date stays text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the attribute that PyYAML looks into
        letter: [(tag, looks) for tag, looks in found if not tag.endswith(":timestamp")]
        for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Tell with the line what a value cannot be, where PyYAML raises whatever comes."""
        try:
            return super().construct_object(node, deep=deep)
        except (yaml.YAMLError, RecursionError):
            raise
        except Exception:
            what = f"{str(node.value)[:40]!r} is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(
                problem=what, problem_mark=node.start_mark
            ) from None


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _size(node: yaml.Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """How many parts there are with all aliases written out, and how deep they are nested."""
    if id(node) not in known:
        known[id(node)] = None
        sizes = [_size(child, known) for child in _children(node)]
        size = 1 + sum(parts for parts, _ in sizes), 1 + max((deep for _, deep in sizes), default=0)
        known[id(node)] = size
    found = known[id(node)]
    if found is None:
        raise NotYaml(node.start_mark.line + 1, "refers to itself")
    return found


def _flaws(node: yaml.Node, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in a mapping, and text that no file can hold."""
    if id(node) in seen:
        return
    seen.add(id(node))
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and not _is_unicode(node.value):
        yield line, "text with half a character in it (a surrogate); write the character itself"
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield key.start_mark.line + 1, f"{key.value!r} stands here a second time"
                keys.add(key.value)
    for child in _children(node):
        yield from _flaws(child, seen)


def _is_unicode(text: str) -> bool:
    return text == text.encode(errors="replace").decode()
