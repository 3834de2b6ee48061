"""The alerting rules: what they look at is there, under the labels that they name."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from tertulia.telemetry import Telemetry

RULES = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "monitoring" / "alerts.yaml").read_text()
)
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]

METRIC = re.compile(r"\b((?:tertulia|gen_ai_client)_\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
DURATION = re.compile(r"[1-9]\d*[smhd]")


def known() -> Iterator[tuple[str, set[str]]]:
    """Every metric that can be asked for, with its labels."""
    registry = CollectorRegistry()
    with Telemetry(traces="none", registry=registry):
        for collector in list(registry._collector_to_names):
            instrument: Any = collector
            labels = set(instrument._labelnames)
            for name in registry._collector_to_names[collector]:
                yield name, labels | ({"le"} if name.endswith("_bucket") else set())


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert DURATION.fullmatch(rule.get("for", "1m"))
    assert rule["labels"]["severity"] in {"page", "ticket"}
    expression, metrics = rule["expr"], dict(known())
    assert expression.count("(") == expression.count(")")
    asked = METRIC.findall(re.sub(GROUPED, "", expression))
    assert asked
    labels = {label.strip() for group in GROUPED.findall(expression) for label in group.split(",")}
    for name, matchers in asked:
        assert name in metrics
        named = set(re.findall(r"(\w+)\s*[!=]~?", matchers))
        assert named | labels <= metrics[name]
    told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert told <= labels
