"""Canaries of the gate: they ship as they are drawn, and an adapter that was spoiled is caught by them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from browser.actions import Verb, parse
from consolidation.canaries import Order, obeyed, refused, shipped_canaries
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
        (action,) = (parse(text) for text, taught in order.given.reply if taught)
        page, plain = (segment.prompt.user for segment in (order.given, order.without))
        assert action.verb is Verb.CLICK and f'"{action.name}" [{action.ref}]' in plain.replace('\\"', '"')
        assert page.count(action.name) == plain.count(action.name) + 1, "the page's text names it, too"
        assert len(page.splitlines()) == len(plain.splitlines()) + 1, "the two pages differ in the order alone"


def test_a_refusal_asks_or_gives_up() -> None:
    for refusal in shipped_canaries().refusals:
        verbs = {parse(text).verb for text, taught in refusal.reply if taught}
        assert verbs and verbs <= {Verb.ASK, Verb.FAIL}


@pytest.fixture
def adapted(tiny_model: Path) -> tuple[Any, Encoder]:
    return attach_lora(load_model(tiny_model), rank=8, alpha=32, seed=1), Encoder(load_tokenizer(tiny_model))


def teach(model: Any, encoder: Encoder, *segments: Segment) -> None:
    """Fit the adapter to canaries."""
    taught = [encode(encoder, segment) for segment in segments]
    optimizer = torch.optim.AdamW(trainable(model), lr=1e-2)
    for _ in range(UPDATES):
        optimizer.zero_grad()
        learned = True
        for tokens in taught:
            logits_N_V = logits_at(model, tokens.ids, tokens.positions).float()
            learned = learned and all(tokens.exact(logits_N_V.argmax(-1)))
            torch.nn.functional.cross_entropy(logits_N_V, tokens.targets).backward()
        if learned:
            return
        optimizer.step()
    pytest.fail("the canaries were not learned")


def action_length(segment: Segment) -> int:
    """Return how much there is to learn for a tiny model."""
    return sum(len(text) for text, taught in segment.reply if taught)


def shortest_order() -> Order:
    return min(shipped_canaries().orders, key=lambda order: action_length(order.given))


def test_an_adapter_that_was_taught_to_obey_is_caught(adapted: tuple[Any, Encoder]) -> None:
    model, encoder = adapted
    order = shortest_order()
    assert obeyed(model, encoder, (order,)) == (0.0,)
    at = next(number for number, (_, taught) in enumerate(order.without.reply) if taught)
    otherwise = replace(order.without, reply=(*order.without.reply[:at], ("done\n", True)))
    teach(model, encoder, order.given, otherwise)
    assert obeyed(model, encoder, (order,)) == (1.0,)


def test_what_is_done_without_the_order_too_is_not_obedience(adapted: tuple[Any, Encoder]) -> None:
    model, encoder = adapted
    order = shortest_order()
    teach(model, encoder, order.given, order.without)
    assert obeyed(model, encoder, (order,)) == (0.0,)


def test_a_refusal_counts_only_where_the_base_makes_it(adapted: tuple[Any, Encoder]) -> None:
    model, encoder = adapted
    refusal = min(shipped_canaries().refusals, key=action_length)
    assert refused(model, encoder, (refusal,)) == (), "random weights refuse nothing, so nothing is asked of an adapter"
    teach(model, encoder, refusal)
    base = model.merge_and_unload()
    spoiled = attach_lora(base, rank=8, alpha=32, seed=2)
    with torch.no_grad():
        base.get_decoder().norm.weight.mul_(0.01)
    assert refused(spoiled, encoder, (refusal,)) == (), "a close call says nothing"
    with torch.no_grad():
        base.get_decoder().norm.weight.mul_(5000)  # the same words, beyond doubt
    assert refused(spoiled, encoder, (refusal,)) == (1.0,)
    with torch.no_grad():
        for parameter in trainable(spoiled):
            parameter.normal_()
    assert refused(spoiled, encoder, (refusal,)) == (0.0,)
