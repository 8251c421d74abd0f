"""Lessons edited: a person's words, said anew. What was shown is a record of what happened and is never rewritten."""

from __future__ import annotations

from datetime import datetime

from agent.lessons.text import TOLD, words_text
from agent.store import LessonRow, Store
from browser.errors import UsageError


def words_of(lesson: LessonRow) -> str:
    """Return the words that a person may edit. Raises UsageError for a lesson that was shown."""
    if lesson.steps or lesson.kind == "demonstration":
        raise UsageError(
            f"lesson {lesson.id} was shown, and what was done cannot be edited", "Retire it, and show it again"
        )
    return lesson.text.removeprefix(TOLD)


def edit(store: Store, lesson: LessonRow, words: str) -> str:
    """Let a lesson with these words take the place of a lesson, and return its id; the old one is out of use, never rewritten.

    The same words change nothing. Raises UsageError for a lesson that was shown or is retired, and for no words.
    """
    before, after = words_of(lesson), " ".join(words.split())
    if lesson.retired_at is not None:
        raise UsageError(f"lesson {lesson.id} is no longer used", "Edit one that is in use")
    if not after:
        raise UsageError("a lesson needs words", "To take it out of use, retire it")
    if after == before:
        return lesson.id
    return store.add_lesson(
        lesson.kind,
        lesson.app,
        lesson.task,
        words_text(after),
        source_session_id=lesson.source_session_id,
        source_step_no=lesson.source_step_no,
        expires_at=datetime.fromisoformat(lesson.expires_at) if lesson.expires_at else None,
        overrules=lesson.id,
    )
