"""Models with settings of a user's: ``model.bind(temperature=0)``, with tags, for tracing.

What is behind is found out without them; each question is asked with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableBinding

TOOLS = frozenset({"tools", "tool_choice", "parallel_tool_calls"})
"""What is of no use in a question that wants one answer."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Settings of each call, and the configuration of it, as LangChain calls them."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    def to(self, model: Any) -> Any:
        """The model with them; what a question has bound itself goes before."""
        if self.settings:
            merged = {**self.settings, **getattr(model, "kwargs", {})}
            if body := self.settings.get("extra_body"):
                merged["extra_body"] = {**body, **merged["extra_body"]}
            model = model.bind(**merged)
        return model.with_config(**self.config) if self.config else model


def unbound(model: Any) -> tuple[Any, Binding]:
    """A model without what is bound to it, and that."""
    settings: dict[str, Any] = {}
    config: dict[str, Any] = {}
    while isinstance(model, RunnableBinding):
        settings = {**model.kwargs, **settings}
        config = {**model.config, **config}
        model = model.bound
    return model, Binding({key: settings[key] for key in settings.keys() - TOOLS}, config)
