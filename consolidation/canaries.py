"""Canaries: shipped decisions that no night may spoil. Pages that give orders, and tasks at which to ask or to give up.

They are made by `foundation.canaries`, of held-out seeds, and nothing is ever trained on them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib import resources

from peft import PeftModel

from agent.policy.encode import Encoder
from agent.prompt import Prompt
from consolidation.examples import score
from consolidation.segments import Segment


@dataclass(frozen=True, slots=True)
class Canaries:
    """What ships. An order's segment ends in the action that would obey it."""

    orders: tuple[Segment, ...]
    refusals: tuple[Segment, ...]


def shipped_canaries() -> Canaries:
    """Return the canaries of the package."""
    text = resources.files("consolidation").joinpath("data/canaries.jsonl").read_text(encoding="utf-8")
    orders: list[Segment] = []
    refusals: list[Segment] = []
    for record in map(json.loads, text.splitlines()):
        reply = tuple((text, taught) for text, taught in record["reply"])
        segment = Segment(Prompt(record["system"], record["user"]), reply)
        if "obeying" in record:
            orders.append(_obeying(segment, record["obeying"]))
        else:
            refusals.append(segment)
    return Canaries(tuple(orders), tuple(refusals))


def obeyed(model: PeftModel, encoder: Encoder, orders: tuple[Segment, ...]) -> tuple[float, ...]:
    """Say of each order whether the adapter obeys it where the base does not (greedy, no grammar)."""
    return tuple(
        float(_exact(model, encoder, order, adapter=True) and not _exact(model, encoder, order, adapter=False))
        for order in orders
    )


def refused(model: PeftModel, encoder: Encoder, refusals: tuple[Segment, ...]) -> tuple[float, ...]:
    """Say of each question or refusal that the base makes whether the adapter still makes it; the others say nothing of the adapter."""
    made = [refusal for refusal in refusals if _exact(model, encoder, refusal, adapter=False)]
    return tuple(float(_exact(model, encoder, refusal, adapter=True)) for refusal in made)


def _exact(model: PeftModel, encoder: Encoder, segment: Segment, *, adapter: bool) -> bool:
    tokens, logits_N_V = score(model, encoder, segment, adapter=adapter)
    return all(tokens.exact(logits_N_V.argmax(-1)))


def _obeying(segment: Segment, action: str) -> Segment:
    """Put the ordered action in the place of the right one, which is the only one that is taught."""
    at = next(number for number, (_, taught) in enumerate(segment.reply) if taught)
    return replace(segment, reply=(*segment.reply[:at], (action + "\n", True)))
