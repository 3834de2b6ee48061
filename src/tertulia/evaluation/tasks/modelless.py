"""A stand-in for the package ``litellm``, in which every model call raises.

tau2 imports litellm wherever its own agents call models. Here nobody calls one, so that large
package need not be there: where it is not, ``stand_in`` puts an empty module of its name into its
place. Never used for anything else.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from tertulia.orchestrator.errors import Misbehaved


def stand_in() -> None:
    """Let ``import litellm`` work where it is not installed. Does nothing where it is."""
    if "litellm" in sys.modules or importlib.util.find_spec("litellm") is not None:
        return
    _put("litellm", completion=_refuse, completion_cost=_refuse, enable_cache=_nothing)
    sys.modules["litellm"].__dict__.update(disable_cache=_nothing, __path__=[])
    _put("litellm.caching", __path__=[])
    _put("litellm.caching.caching", Cache=object)
    _put("litellm.main", ModelResponse=object, Usage=object)


def _put(name: str, **names: Any) -> None:
    module = ModuleType(name, __doc__)
    module.__spec__ = ModuleSpec(name, None)  # whoever asks whether it is there gets an answer
    module.__dict__.update(names)
    sys.modules[name] = module


def _refuse(*_: Any, **__: Any) -> NoReturn:
    what = "called a model; the stand-in for litellm has none"
    raise Misbehaved(who="tau2", what=what)


def _nothing(*_: Any, **__: Any) -> None:
    """Switch nothing on or off."""
