"""Objects of users' own code, by name: ``FILE.py:NAME`` or ``MODULE:NAME``."""

import importlib
import importlib.util
import inspect
import sys
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any

from tertulia.orchestrator.errors import Invalid, Unknown

NAMES = 20
"""How many names are told, at most, when one is not found."""


def named(reference: str) -> Any:
    """The object that ``FILE.py:NAME`` or ``MODULE:NAME`` refers to.

    Raises ``Unknown`` when there is no such file, module or name, and ``Invalid`` when the file or
    module cannot be imported.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name:
        hint = "; write FILE.py:NAME or MODULE:NAME, or the name of a template"
        raise Unknown(kind="object", name=reference, hint=hint)
    module = _from_file(Path(place)) if place.endswith(".py") else _from_path(place)
    try:
        return getattr(module, name)
    except AttributeError:
        raise Unknown(
            kind="object", name=name, hint=f" in {place}; {_meant(name, module)}"
        ) from None


def _meant(name: str, module: ModuleType) -> str:
    public = [known for known in vars(module) if not known.startswith("_")]
    own = [known for known in public if not inspect.ismodule(getattr(module, known))]
    close = get_close_matches(name, own, n=1)
    return (
        f"did you mean {close[0]!r}?" if close else f"there are {', '.join(own[:NAMES]) or 'none'}"
    )


def _from_path(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise Unknown(kind="module", name=module, hint=f" ({error})") from None
    except (Exception, SystemExit) as error:
        raise Invalid(where=f"module {module}", what=told(error)) from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise Unknown(kind="file", name=str(path), hint=f" in {Path.cwd()}")
    name = f"{path.stem}_{blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Invalid(where=str(path), what="is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)  # what lies beside the file can be imported by it
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise Invalid(where=str(path), what=told(error, spec.origin)) from error
    return module


def told(error: BaseException, file: str | None = None) -> str:
    """What somebody's code raised, and on which line of ``file``."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == file]
    if isinstance(error, SyntaxError):
        what, lines = f"{type(error).__name__}: {error.msg}", [error.lineno]
    return f"line {lines[-1]}: {what}" if lines and lines[-1] else what
