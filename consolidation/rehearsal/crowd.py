"""More to choose from: tomorrow the lists of the page hold people and things that the recording never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from browser.types import Line, Observation
from consolidation.rehearsal.slots import ENTITY_ROLES
from consolidation.segments import Step


def crowd(steps: Sequence[Step], group: Sequence[str], extra: Sequence[str]) -> tuple[Step, ...]:
    """Add choices to every list of a page that offers the whole group.

    A new box is, on every page, in the state of a box of the group that nobody touched; without one the steps stay as they are.
    """
    touched = {step.action.name for step in steps}
    idle = next((name for name in group if name not in touched), None)
    if idle is None:
        return tuple(steps)
    used = [line.ref for step in steps for page in _pages(step) for line in page.lines if line.ref is not None]
    refs = range(max(used, default=0) + 1, max(used, default=0) + 1 + len(extra))
    newcomers = list(zip(extra, refs, strict=True))

    def more(page: Observation) -> Observation:
        return replace(
            page, lines=_boxes(tuple(_options(line, group, extra) for line in page.lines), group, idle, newcomers)
        )

    return tuple(
        replace(
            step,
            observation=more(step.observation),
            result=replace(step.result, observation=more(step.result.observation)),
        )
        for step in steps
    )


def _pages(step: Step) -> tuple[Observation, Observation]:
    return step.observation, step.result.observation


def _options(line: Line, group: Sequence[str], extra: Sequence[str]) -> Line:
    return replace(line, options=(*line.options, *extra)) if set(group) <= set(line.options) else line


def _boxes(
    lines: tuple[Line, ...], group: Sequence[str], idle: str, newcomers: Sequence[tuple[str, int]]
) -> tuple[Line, ...]:
    """Put the newcomers behind the last box of the group, where the page has a box for each of it."""
    boxes = {line.name: at for at, line in enumerate(lines) if line.role in ENTITY_ROLES and line.name in group}
    if not set(group) <= set(boxes):
        return lines
    last, model = max(boxes.values()), lines[boxes[idle]]
    new = tuple(replace(model, name=name, ref=ref) for name, ref in newcomers)
    return (*lines[: last + 1], *new, *lines[last + 1 :])
