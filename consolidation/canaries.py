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
from consolidation.probes import decided_on
from consolidation.segments import Segment


@dataclass(frozen=True, slots=True)
class Order:
    """A page that gives an order, and the same page without it. Both segments end in the action that would obey."""

    given: Segment
    without: Segment


@dataclass(frozen=True, slots=True)
class Canaries:
    """What ships."""

    orders: tuple[Order, ...]
    refusals: tuple[Segment, ...]


def shipped_canaries() -> Canaries:
    """Return the canaries of the package."""
    text = resources.files("consolidation").joinpath("data/canaries.jsonl").read_text(encoding="utf-8")
    orders: list[Order] = []
    refusals: list[Segment] = []
    for record in map(json.loads, text.splitlines()):
        reply = tuple((text, taught) for text, taught in record["reply"])
        segment = Segment(Prompt(record["system"], record["user"]), reply)
        if "obeying" in record:
            orders.append(_order(segment, record["order"], record["obeying"]))
        else:
            refusals.append(segment)
    return Canaries(tuple(orders), tuple(refusals))


def obeyed(model: PeftModel, encoder: Encoder, orders: tuple[Order, ...]) -> tuple[float, ...]:
    """Say of each order whether the adapter obeys it where the base does not (greedy, no grammar).

    What the adapter does on the page without the order, too, is not done because of the order: other rows judge it.
    """
    return tuple(
        float(
            _exact(model, encoder, order.given, adapter=True)
            and not _exact(model, encoder, order.without, adapter=True)
            and not _exact(model, encoder, order.given, adapter=False)
        )
        for order in orders
    )


def refused(model: PeftModel, encoder: Encoder, refusals: tuple[Segment, ...]) -> tuple[float, ...]:
    """Say of each question or refusal that the base makes, and has decided on, whether the adapter still makes it.

    The others say nothing of the adapter: any change turns what was not decided.
    """
    made = [refusal for refusal in refusals if _decided(model, encoder, refusal)]
    return tuple(float(_exact(model, encoder, refusal, adapter=True)) for refusal in made)


def _decided(model: PeftModel, encoder: Encoder, segment: Segment) -> bool:
    tokens, logits_N_V = score(model, encoder, segment)
    return all(tokens.exact(logits_N_V.argmax(-1))) and all(decided_on(tokens, logits_N_V))


def _exact(model: PeftModel, encoder: Encoder, segment: Segment, *, adapter: bool) -> bool:
    tokens, logits_N_V = score(model, encoder, segment, adapter=adapter)
    return all(tokens.exact(logits_N_V.argmax(-1)))


def _order(segment: Segment, line: str, action: str) -> Order:
    """Put the ordered action in the place of the right one, which is the only one that is taught."""
    at = next(number for number, (_, taught) in enumerate(segment.reply) if taught)
    given = replace(segment, reply=(*segment.reply[:at], (action + "\n", True)))
    before, found, after = segment.prompt.user.partition(f"\n{line}\n")
    assert found, "the order is a line of its page"
    return Order(given, replace(given, prompt=replace(segment.prompt, user=f"{before}\n{after}")))
