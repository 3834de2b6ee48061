"""Prometheus' instruments in one registry, made with less to write."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

QUICK_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
SLOW_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
LONG_S = (1, 10, 60, 300, 900, 3_600, 4 * 3_600, 86_400, 3 * 86_400, 7 * 86_400)
"""Buckets in seconds: of what a machine does, of what is waited for, of what people take."""

CALL_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576)
"""The buckets that the GenAI conventions advise for calls."""

MANY = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)


class Instruments:
    """Makes them. Each raises ``ValueError`` if the registry has one of that name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Make them there."""
        self._registry = registry

    def counter(self, name: str, told: str, *labels: str) -> Counter:
        """What only grows."""
        return Counter(name, told, labels, registry=self._registry)

    def gauge(self, name: str, told: str, *labels: str) -> Gauge:
        """What is now."""
        return Gauge(name, told, labels, registry=self._registry)

    def histogram(self, name: str, told: str, buckets: Sequence[float], *labels: str) -> Histogram:
        """How amounts are spread."""
        return Histogram(name, told, labels, buckets=buckets, registry=self._registry)
