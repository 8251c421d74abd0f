"""What the tests of the night share: a demonstration, and words to vary it with."""

from __future__ import annotations

import pytest

from bench.small import paid_back
from consolidation.rehearsal.variants import Demonstration

WORDS = (
    "Garden",
    "river",
    "Maple",
    "window",
    "Thunder",
    "pencil",
    "Harbour",
    "silver",
    "copper",
    "Meadow",
    "candle",
    "Orchard",
)


@pytest.fixture
def demonstration() -> Demonstration:
    return paid_back()


@pytest.fixture
def words() -> tuple[str, ...]:
    return WORDS
