"""What was done lately: apps show links to it, and tomorrow's are not today's.

A page often lists what one opened or made last (a trail, recent pages, newest entries), named like the values of the skill. In the
recording nothing had been done yet. A student that never saw such a link takes one that says a word of the task for the way to do it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from browser.types import Line, Observation
from consolidation.rehearsal.values import WORD, borrow
from consolidation.segments import Step

MOST = 8
"""How many links are put in at most."""


def recall(steps: Sequence[Step], names: Sequence[str]) -> tuple[Step, ...]:
    """Put links of these names behind the last link that is the same on every page. Without one the steps stay as they are.

    Refs are given in the order of a page, so those behind the new links move up, on all pages alike.
    """
    before = _constant(steps)
    if before is None or not names:
        return tuple(steps)
    return tuple(_step(step, before, names) for step in steps)


def recent_names(values: Sequence[str], fresh: Sequence[str], rng: random.Random) -> list[str]:
    """Name one to eight links by fresh values, every other one with a word of today's values in it."""
    said = [word for value in values for word in WORD.findall(value)]
    names = [borrow(value, rng.choice(said), rng) if rng.random() < 0.5 else value for value in fresh]
    return [name for name in dict.fromkeys(names) if name not in values][: rng.randint(1, MOST)]


def _constant(steps: Sequence[Step]) -> int | None:
    """Return the ref of the last link with one ref and name on all pages, below every line that is on some of them only."""
    pages = [page for step in steps for page in (step.observation, step.result.observation)]
    shared = set.intersection(*({(line.role, line.name, line.ref) for line in page.lines} for page in pages))
    found: int | None = None
    for line in pages[0].lines:
        if (line.role, line.name, line.ref) not in shared:
            break
        if line.role == "link":
            found = line.ref
    return found


def _step(step: Step, before: int, names: Sequence[str]) -> Step:
    ref = _moved(step.action.ref, before, len(names))
    after = _page(step.result.observation, before, names)
    return replace(
        step,
        observation=_page(step.observation, before, names),
        action=replace(step.action, ref=ref),
        result=replace(step.result, observation=after),
    )


def _page(page: Observation, before: int, names: Sequence[str]) -> Observation:
    lines: list[Line] = []
    for line in page.lines:
        lines.append(replace(line, ref=_moved(line.ref, before, len(names))))
        if line.ref == before:
            lines += [Line("link", name, ref) for ref, name in enumerate(names, before + 1)]
    return replace(page, lines=tuple(lines), focus=_moved(page.focus, before, len(names)))


def _moved(ref: int | None, before: int, count: int) -> int | None:
    return ref if ref is None or ref <= before else ref + count
