"""The teacher's privileged context: what it reads of a skill that the student does not.

A night reads the lesson. The other two are measured against it: the whole log of actions with their refs and what the executor said
to them, and the whole session with its pages, which is the plain form in the literature. Pages are not trusted, so a night that could be
promoted never reads them (`Night` refuses).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from consolidation.evidence import Skill
from consolidation.segments import Step


class Privilege(StrEnum):
    """What of a skill the teacher reads."""

    LESSON = "lesson"
    """The short trusted text: the default, and all that is ever promoted."""
    ACTION_LOG = "action_log"
    """Every recorded action as it was performed, and what came back; nothing of the pages but the names of the controls."""
    SESSION = "session"
    """The same with every page before its action. Carries page text: in benches only."""


def privileged(skill: Skill, kind: Privilege) -> str:
    """Write the teacher's context of a skill."""
    if kind is Privilege.LESSON:
        return skill.text
    shown = skill.demonstration
    lines = _log(shown.steps) if kind is Privilege.ACTION_LOG else _session(shown.steps)
    return "\n".join([f"Recorded: {shown.task}", *lines])


def _log(steps: tuple[Step, ...]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield f"{number}. {step.action.render()}"
        if step.result.note or not step.result.ok:
            yield f"! {step.result.note or 'failed'}"


def _session(steps: tuple[Step, ...]) -> Iterator[str]:
    before = None
    for number, step in enumerate(steps, 1):
        page = step.observation
        if page != before:
            yield f"Page: {page.title} {page.path}\n{page.render()}"
        before = page
        yield f"{number}. {step.action.render()}"
