"""Boxes as somebody left them: what a step sets without touching it could have stood either way before.

A form often opens as it was last sent off. Where the recording unticks all boxes with one click, tomorrow some of them are unticked
already, and the page then says less of what the click did.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from browser.types import Line, Observation
from consolidation.segments import Step

BOXES = ("checkbox", "switch")
TOGGLED = (*BOXES, "radio")
"""Roles whose lines are `checked` or not."""


def toggled(line: Line) -> Line:
    """Return a box in its other state."""
    states = tuple(state for state in line.states if state != "checked")
    return replace(line, states=states if "checked" in line.states else ("checked", *states))


def leave(steps: Sequence[Step], rng: random.Random) -> tuple[Step, ...]:
    """Put boxes, in half of the calls, into the state that a step is going to give them; one or two stay, so that it does something."""
    until = _set_by_others(steps)
    if not until or rng.random() < 0.5:
        return tuple(steps)
    staying = rng.sample(sorted(until), min(len(until), rng.choice((1, 1, 2))))
    left = {ref: last for ref, last in until.items() if ref not in staying}

    def page(observation: Observation, number: int) -> Observation:
        """Change the page that is looked at before step `number`."""
        mine = {ref for ref, last in left.items() if number <= last}
        return replace(
            observation, lines=tuple(toggled(line) if line.ref in mine else line for line in observation.lines)
        )

    return tuple(
        replace(
            step,
            observation=page(step.observation, number),
            result=replace(step.result, observation=page(step.result.observation, number + 1)),
        )
        for number, step in enumerate(steps)
    )


def _set_by_others(steps: Sequence[Step]) -> dict[int, int]:
    """Return the step that changes each box that no step touches before. One radio button answers for another, so they stay."""
    touched: set[int | None] = set()
    found: dict[int, int] = {}
    for number, step in enumerate(steps):
        touched.add(step.action.ref)
        for line in step.observation.lines:
            if line.ref is None or line.ref in touched or line.ref in found or line.role not in BOXES:
                continue
            after = step.result.observation.find(line.ref)
            if after is not None and ("checked" in after.states) != ("checked" in line.states):
                found[line.ref] = number
    return found
