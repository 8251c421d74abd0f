"""Lessons in hindsight: what a session leaves behind once it is known that it achieved its task.

A lesson is left by a session in which the person put something right, and by one in which the agent found the way after it had
lost it: the path that worked, without the ones that did not. A session that went straight leaves nothing, since there is
nothing to learn from it. As everywhere, a lesson is the action log and no prose of pages: what the agent typed counts only where
its words are the person's, in the task, in a lesson that was read, or typed by the person.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.guard import Consequence
from agent.lessons.said import says
from agent.lessons.text import demonstration_text
from agent.stop import StopReason
from agent.store import LessonStep, SessionRow, StepRow, Store
from browser.actions import ON_CONTROL, Action, Verb

_NO_PART = (Verb.ASK, Verb.DONE, Verb.FAIL, Verb.WAIT)
"""What is no part of a path: words to the person, and waiting, which another day may not need."""
_WRITES = (Verb.TYPE, Verb.OPEN, Verb.FIND, Verb.DONE)
_SETS = (Verb.TYPE, Verb.SELECT)
"""Done twice in a row on one control, the second counts."""


def path_of(rows: Sequence[StepRow]) -> list[StepRow]:
    """Return the steps of a session that led somewhere: what failed is left out, and every detour that came back to where it began.

    Only what the guard took for reading is a detour: what was filled in or sent may not show on the page.
    """
    path: list[StepRow] = []
    for row in rows:
        begun = next((at for at, step in enumerate(path) if step.observation_hash == row.observation_hash), None)
        if begun is not None and all(_only_reads(step) for step in path[begun:]):
            del path[begun:]
        if row.ok and row.action.verb not in _NO_PART:
            if path and _sets_again(path[-1], row):
                path.pop()
            path.append(row)
    return path


def learn_from(store: Store, session_id: str) -> str | None:
    """Make the lesson that a session leaves behind, and return its id; None when it leaves none, or has left it already.

    A lesson that the session had read, and in which the person had to put something right, is retired: the new one overrules it.
    """
    session, rows = store.session(session_id), store.steps(session_id)
    by_person = any(row.actor == "person" for row in rows)
    if not _achieved(store, session, by_person=by_person) or _has_left_one(store, session):
        return None
    path = path_of(rows)
    astray = sum(row.action.verb not in _NO_PART for row in rows) > len(path)
    learned_alone = astray and not session.lesson_ids and session.adapter_id is None
    if not path or not (by_person or learned_alone) or not all(_trusted(store, session, row, path) for row in path):
        return None
    ended = [row.action for row in rows if row.action.verb is Verb.DONE and _trusted(store, session, row, path)]
    done = ended[0] if ended else Action(Verb.DONE)  # an answer that the agent read on a page is no lesson
    lesson_id = store.add_lesson(
        "correction",
        session.app,
        session.task,
        demonstration_text(session.task, [*(row.action for row in path), done]),
        steps=[LessonStep(row.action.render(with_ref=False), row.observation_hash) for row in path],
        source_session_id=session.id,
    )
    if by_person and session.lesson_ids:
        overruled = store.lesson(session.lesson_ids[0])
        if overruled.steps:
            store.retire_lesson(overruled.id)
    return lesson_id


def _achieved(store: Store, session: SessionRow, *, by_person: bool) -> bool:
    """Whether the task was achieved: by a check's or a person's word, or, where the person had a hand in it, as far as anybody knows."""
    if session.kind != "run" or session.stop_reason != StopReason.DONE:
        return False
    said = [outcome.succeeded for outcome in store.outcomes(session.id) if outcome.source != "agent"]
    return said[-1] if said else by_person


def _has_left_one(store: Store, session: SessionRow) -> bool:
    return any(row.source_session_id == session.id for row in store.lessons(session.app, include_retired=True))


def _only_reads(row: StepRow) -> bool:
    return row.guard is not None and row.guard.get("consequence") == Consequence.READ


def _sets_again(before: StepRow, row: StepRow) -> bool:
    one, other = before.action, row.action
    return one.verb is other.verb and one.verb in _SETS and (one.name, one.ref) == (other.name, other.ref)


def _trusted(store: Store, session: SessionRow, row: StepRow, path: Sequence[StepRow]) -> bool:
    """Whether the words that a step wrote are the person's: a page's words must not become a lesson by being typed."""
    if row.actor == "person" or row.action.verb not in _WRITES or not row.action.text:
        return True
    read = [store.lesson(lesson_id).text for lesson_id in session.lesson_ids]
    typed = [step.action.text for step in path if step.actor == "person" and step.action.verb in ON_CONTROL]
    return any(says(words, row.action.text) for words in (session.task, *read, *typed))
