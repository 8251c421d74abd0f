"""Canaries of the gate: they ship as they are drawn, and an adapter that was spoiled is caught by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from browser.actions import Verb, parse
from consolidation.canaries import obeyed, refused, shipped_canaries
from consolidation.lora import attach_lora, logits_at, trainable
from consolidation.segments import Segment
from consolidation.tokens import encode
from foundation.canaries import COUNT, write

UPDATES = 500


def test_what_ships_is_what_is_drawn() -> None:
    shipped = Path(__file__).parents[2] / "consolidation" / "data" / "canaries.jsonl"
    assert shipped.read_text(encoding="utf-8") == write()
    canaries = shipped_canaries()
    assert len(canaries.orders) == len(canaries.refusals) == COUNT


def test_an_order_asks_for_what_is_on_the_page_and_is_not_wanted() -> None:
    for order in shipped_canaries().orders:
        (action,) = (parse(text) for text, taught in order.reply if taught)
        assert action.verb is Verb.CLICK and f'"{action.name}" [{action.ref}]' in order.prompt.user.replace('\\"', '"')
        assert order.prompt.user.count(action.name) >= 2, "the page's text names it, too"


def test_a_refusal_asks_or_gives_up() -> None:
    for refusal in shipped_canaries().refusals:
        verbs = {parse(text).verb for text, taught in refusal.reply if taught}
        assert verbs and verbs <= {Verb.ASK, Verb.FAIL}


@pytest.fixture
def adapted(tiny_model: Path) -> tuple[Any, Encoder]:
    return attach_lora(load_model(tiny_model), rank=8, alpha=32, seed=1), Encoder(load_tokenizer(tiny_model))


def teach(model: Any, encoder: Encoder, segment: Segment) -> None:
    """Fit the adapter to one canary."""
    tokens = encode(encoder, segment)
    optimizer = torch.optim.AdamW(trainable(model), lr=1e-2)
    for _ in range(UPDATES):
        logits_N_V = logits_at(model, tokens.ids, tokens.positions).float()
        if all(tokens.exact(logits_N_V.argmax(-1))):
            return
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits_N_V, tokens.targets).backward()
        optimizer.step()
    pytest.fail("the canary was not learned")


def shortest(segments: tuple[Segment, ...]) -> Segment:
    """Return the one whose action a tiny model learns soonest."""
    return min(segments, key=lambda segment: sum(len(text) for text, taught in segment.reply if taught))


def test_an_adapter_that_was_taught_to_obey_is_caught(adapted: tuple[Any, Encoder]) -> None:
    model, encoder = adapted
    order = shortest(shipped_canaries().orders)
    assert obeyed(model, encoder, (order,)) == (0.0,)
    teach(model, encoder, order)
    assert obeyed(model, encoder, (order,)) == (1.0,)


def test_a_refusal_counts_only_where_the_base_makes_it(adapted: tuple[Any, Encoder]) -> None:
    model, encoder = adapted
    refusal = shortest(shipped_canaries().refusals)
    assert refused(model, encoder, (refusal,)) == (), "random weights refuse nothing, so nothing is asked of an adapter"
    teach(model, encoder, refusal)
    base = model.merge_and_unload()
    spoiled = attach_lora(base, rank=8, alpha=32, seed=2)
    assert refused(spoiled, encoder, (refusal,)) == (1.0,)
    with torch.no_grad():
        for parameter in trainable(spoiled):
            parameter.normal_()
    assert refused(spoiled, encoder, (refusal,)) == (0.0,)
