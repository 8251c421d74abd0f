"""Another order in every list: where a name stands on the page says nothing about who it is.

In one recording the person who is ticked may stand above the one who is chosen, on every page and so in every variant of it. A
student that ticks "the upper one of the two" would be right in all of them and wrong tomorrow.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from browser.types import Line, Observation
from consolidation.rehearsal.slots import ENTITY_ROLES
from consolidation.segments import Step


def shuffle(steps: Sequence[Step], group: Sequence[str], rng: random.Random) -> tuple[Step, ...]:
    """Put the choices of a group in one new order on all pages. Refs stay in their places, and actions follow the names.

    Where boxes come and go between pages, or a name has two, one element would change its ref: the steps stay as they are.
    """
    order = rng.sample(group, len(group))
    moved: dict[int, int] = {}
    for step in steps:
        for page in (step.observation, step.result.observation):
            for old, new in _moves(page, order):
                if moved.setdefault(old, new) != new:
                    return tuple(steps)
    return tuple(_step(step, order, moved) for step in steps)


def _moves(page: Observation, order: Sequence[str]) -> list[tuple[int, int]]:
    """Pair the ref of each box of the group with the ref of the place that it moves to: its own when a name has two boxes."""
    boxes = [
        (line.name, line.ref) for line in page.lines if line.role in ENTITY_ROLES and line.name in order and line.ref
    ]
    if len({name for name, _ in boxes}) < len(boxes):
        return [(ref, ref) for _, ref in boxes]
    moving = sorted(boxes, key=lambda box: order.index(box[0]))
    return [(old, new) for (_, old), (_, new) in zip(moving, boxes, strict=True)]


def _step(step: Step, order: Sequence[str], moved: Mapping[int, int]) -> Step:
    after = _page(step.result.observation, order, moved)
    return replace(
        step,
        observation=_page(step.observation, order, moved),
        action=replace(step.action, ref=_new(step.action.ref, moved)),
        result=replace(step.result, observation=after),
    )


def _page(page: Observation, order: Sequence[str], moved: Mapping[int, int]) -> Observation:
    coming: dict[int | None, Line] = {
        moved[line.ref]: line for line in page.lines if line.ref is not None and line.ref in moved
    }
    lines = (replace(coming.get(line.ref, line), ref=line.ref) for line in page.lines)
    return replace(page, lines=tuple(_options(line, order) for line in lines), focus=_new(page.focus, moved))


def _new(ref: int | None, moved: Mapping[int, int]) -> int | None:
    return None if ref is None else moved.get(ref, ref)


def _options(line: Line, order: Sequence[str]) -> Line:
    mine = [option for option in order if option in line.options]
    if len(mine) < 2 or len(set(line.options)) < len(line.options):
        return line
    turn = iter(mine)
    return replace(line, options=tuple(next(turn) if option in mine else option for option in line.options))
