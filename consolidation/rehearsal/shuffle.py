"""Another order in every list: where a name stands on the page says nothing about who it is.

In one recording the person who is ticked may stand above the one who is chosen, on every page and so in every variant of it. A
student that ticks "the upper one of the two" would be right in all of them and wrong tomorrow.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from browser.actions import Action
from browser.types import Line, Observation
from consolidation.rehearsal.slots import ENTITY_ROLES
from consolidation.segments import Step


def shuffle(steps: Sequence[Step], group: Sequence[str], rng: random.Random) -> tuple[Step, ...]:
    """Put the choices of a group in one new order on all pages. Refs stay in their places, and actions follow the names."""
    order = rng.sample(group, len(group))
    return tuple(_step(step, order) for step in steps)


def _step(step: Step, order: Sequence[str]) -> Step:
    after = step.result.observation
    return replace(
        step,
        observation=_page(step.observation, order),
        action=_action(step.action, step.observation, order),
        result=replace(step.result, observation=_page(after, order)),
    )


def _action(action: Action, page: Observation, order: Sequence[str]) -> Action:
    return replace(action, ref=_moved(page, order).get(action.ref, action.ref)) if action.ref is not None else action


def _page(page: Observation, order: Sequence[str]) -> Observation:
    boxes = _boxes(page.lines, order)
    lines = [_options(line, order) for line in page.lines]
    for at, line in zip(boxes, _sorted(page.lines, boxes, order), strict=True):
        lines[at] = replace(line, ref=page.lines[at].ref)
    focus = page.focus if page.focus is None else _moved(page, order).get(page.focus, page.focus)
    return replace(page, lines=tuple(lines), focus=focus)


def _boxes(lines: Sequence[Line], order: Sequence[str]) -> list[int]:
    """Return where the boxes of the group stand; nowhere when a name has two, for then their order says something."""
    places = [
        at for at, line in enumerate(lines) if line.role in ENTITY_ROLES and line.name in order and line.ref is not None
    ]
    return places if len({lines[at].name for at in places}) == len(places) else []


def _moved(page: Observation, order: Sequence[str]) -> dict[int | None, int | None]:
    """Map the ref of each box to the ref of the place that its name moves to."""
    lines = page.lines
    boxes = _boxes(lines, order)
    places = {line.name: lines[at].ref for at, line in zip(boxes, _sorted(lines, boxes, order), strict=True)}
    return {lines[at].ref: places[lines[at].name] for at in boxes}


def _sorted(lines: Sequence[Line], boxes: Sequence[int], order: Sequence[str]) -> list[Line]:
    return sorted((lines[at] for at in boxes), key=lambda line: order.index(line.name))


def _options(line: Line, order: Sequence[str]) -> Line:
    mine = [option for option in order if option in line.options]
    if len(mine) < 2 or len(set(line.options)) < len(line.options):
        return line
    turn = iter(mine)
    return replace(line, options=tuple(next(turn) if option in mine else option for option in line.options))
