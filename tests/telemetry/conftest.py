"""Fixtures: somebody who looks on."""

from collections.abc import Iterator

import pytest
from tests.telemetry.onlookers import Onlookers


@pytest.fixture
def seen() -> Iterator[Onlookers]:
    """What is seen of the houses that are watched in a test."""
    onlookers = Onlookers()
    yield onlookers
    onlookers.close()
