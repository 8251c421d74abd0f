"""Which words of a task are slots: values that will be others the next time.

A slot is found by copying: words that the person said in the task and that turned up again in what was typed, chosen or
ticked. Everything else about the demonstration is the skill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.lessons.said import copied, row_of, says
from browser.actions import Action, Verb
from browser.types import Line, Observation
from consolidation.segments import Step

ENTITY_ROLES = frozenset(
    {"checkbox", "radio", "option", "switch", "menuitemcheckbox", "menuitemradio", "treeitem", "gridcell"}
)
"""Roles whose name is often a thing of the person's world, not of the interface."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A value of the task. `choices` are the values that the page offers in its place, empty for free text; `in_address` says whether
    some step opens an address with it, as one word.
    """

    text: str
    choices: tuple[str, ...] = ()
    in_address: bool = False


def find_slots(task: str, steps: Iterable[Step]) -> list[Slot]:
    """Return the slots of a demonstration, longest first, none inside another."""
    found: dict[str, Slot] = {}
    for step in steps:
        for slot in _of_step(task, step.action, step.observation):
            before = found.get(slot.text, slot)
            opened = before.in_address or (step.action.verb is Verb.OPEN and " " not in slot.text)
            found[slot.text] = Slot(slot.text, slot.choices or before.choices, opened)
    kept: list[Slot] = []
    for slot in sorted(found.values(), key=lambda slot: -len(slot.text)):
        if not any(slot.text in other.text for other in kept):
            kept.append(slot)
    return kept


def _of_step(task: str, action: Action, page: Observation) -> list[Slot]:
    line = page.find(action.ref) if action.ref is not None else None
    if action.verb is Verb.SELECT:
        choices = line.options if line else ()
        return [Slot(action.text, tuple(choices))] if says(task, action.text) else []
    if action.verb in (Verb.TYPE, Verb.OPEN, Verb.FIND, Verb.DONE):
        text = copied(task, action.text)
        return [Slot(text)] if text else []
    if action.verb is Verb.CLICK and line is not None:
        if line.role in ENTITY_ROLES and says(task, line.name):
            return [Slot(line.name, _siblings(page, line))]
        text = copied(task, row_of(line.name))
        return [Slot(text)] if text else []
    return []


def _siblings(page: Observation, line: Line) -> tuple[str, ...]:
    """Return the names of the run of same-role lines that this line stands in."""
    lines: Sequence[Line] = [other for other in page.lines if other.role not in ("text", "row")]
    at = lines.index(line)
    first = last = at
    while first > 0 and lines[first - 1].role == line.role:
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].role == line.role:
        last += 1
    return tuple(other.name for other in lines[first : last + 1])
