"""Lessons renewed: what a lesson calls its controls, brought up to date by a session that found them again."""

from __future__ import annotations

from agent.lessons.text import demonstration_text
from agent.stop import StopReason
from agent.store import LessonRow, LessonStep, Store
from browser.actions import Action, Verb


def renew(store: Store, lesson: LessonRow, session_id: str) -> str | None:
    """Write back what a session found: a lesson of its actions takes the place of the one it performed.

    Returns the new lesson's id; None when nothing is called otherwise by now, or the session did not do all that the lesson
    teaches. The old lesson is retired, never rewritten: what it taught, and the page it was taught on, stay in the store.
    """
    rows = store.steps(session_id)
    acted = [row for row in rows if row.action.verb is not Verb.DONE]
    taught = [step.action for step in lesson.steps]
    if taught and taught[-1].split(" ")[0] == Verb.DONE:
        taught = taught[:-1]
    done = store.session(session_id).stop_reason == StopReason.DONE and all(row.ok for row in acted)
    now = [row.action.render(with_ref=False) for row in acted]
    if not done or len(now) != len(taught) or now == taught:
        return None
    actions = [row.action for row in rows]
    if not actions or actions[-1].verb is not Verb.DONE:
        actions.append(Action(Verb.DONE))
    new = store.add_lesson(
        lesson.kind,
        lesson.app,
        lesson.task,
        demonstration_text(lesson.task, actions),
        steps=[LessonStep(row.action.render(with_ref=False), row.observation_hash) for row in rows],
        source_session_id=session_id,
    )
    store.retire_lesson(lesson.id)
    return new
