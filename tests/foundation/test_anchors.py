"""The anchors that ship: what is written is what ships, and what the gate asks about is not trained on."""

from __future__ import annotations

from importlib import resources

from consolidation.canaries import shipped_canaries
from consolidation.config import NightConfig
from consolidation.rehearsal.anchors import shipped_anchors
from foundation.anchors import COUNT, write


def test_what_is_written_is_what_ships() -> None:
    assert resources.files("consolidation").joinpath("data/anchors.jsonl").read_text(encoding="utf-8") == write()
    assert len(shipped_anchors()) == COUNT


def test_what_the_gate_asks_about_is_not_trained_on() -> None:
    config, canaries = NightConfig(), shipped_canaries()
    assert config.shipped_anchors + config.held_anchors <= COUNT
    asked_about = {segment.prompt.user for segment in canaries.refusals} | {
        order.given.prompt.user for order in canaries.orders
    }
    assert not asked_about & {anchor.prompt.user for anchor in shipped_anchors()}
