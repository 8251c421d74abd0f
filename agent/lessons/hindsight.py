"""Lessons in hindsight: what a session leaves behind once it is known that it achieved its task.

A lesson is left by a session in which the person put something right, and by one in which the agent found the way after it had
lost it: the path that worked, without the ones that did not. A session that went straight leaves nothing, since there is
nothing to learn from it. As everywhere, a lesson is the action log and no prose of pages: `agent/lessons/provenance.py` says which steps
may stand in it, and holds it against them once more before it is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import Enum, auto

from agent.guard import Consequence
from agent.lessons.cues import steps_of
from agent.lessons.provenance import heard_in, is_trusted
from agent.lessons.said import copied, says
from agent.lessons.text import demonstration_text
from agent.stop import StopReason
from agent.store import LessonRow, LessonStep, SessionRow, StepRow, Store
from browser.actions import Action, Verb

_NO_PART = (Verb.ASK, Verb.DONE, Verb.FAIL, Verb.WAIT)
"""What is no part of a path: words to the person, and waiting, which another day may not need."""
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

    Where the session had read a lesson and the person put one of its steps right, the new one overrules it, unless this session fails.
    """
    session, rows = store.session(session_id), store.steps(session_id)
    by_person = any(row.actor == "person" for row in rows)
    if not _achieved(store, session, by_person=by_person) or _has_left_one(store, session):
        return None
    path, heard = path_of(rows), heard_in(store, session)
    astray = sum(row.action.verb not in _NO_PART for row in rows) > len(path)
    learned_alone = astray and not session.lesson_ids and session.adapter_id is None
    if not path or not (by_person or learned_alone) or not all(is_trusted(row, heard) for row in path):
        return None
    read = store.lesson(session.lesson_ids[0]) if session.lesson_ids else None
    change = _change(read, session.task, path) if read and read.steps else _Change.NEW
    if change is _Change.NONE:
        return None
    ended = [row.action for row in rows if row.action.verb is Verb.DONE and is_trusted(row, heard)]
    done = ended[0] if ended else Action(Verb.DONE)  # an answer that the agent read on a page is no lesson
    return store.add_lesson(
        "correction",
        session.app,
        session.task,
        demonstration_text(session.task, [*(row.action for row in path), done]),
        steps=[LessonStep(row.action.render(with_ref=False), row.observation_hash) for row in path],
        source_session_id=session.id,
        overrules=read.id if read and change is _Change.OVERRULES else None,
    )


class _Change(Enum):
    """What a session's path says of the lesson that it had read."""

    NONE = auto()
    """All of it was done, in its order: what else the person did, such as to log in, is about something else."""
    OVERRULES = auto()
    """Half of it was done, and the rest otherwise."""
    NEW = auto()
    """It is another task's."""


def _change(lesson: LessonRow, task: str, path: Sequence[StepRow]) -> _Change:
    taught = [_kind_of(lesson.task, action) for action in steps_of(lesson.text) if action.verb not in _NO_PART]
    done = [_kind_of(task, row.action) for row in path]
    blocks = SequenceMatcher(None, taught, done, autojunk=False).get_matching_blocks()
    shared = sum(block.size for block in blocks)
    if taught and shared == len(taught):
        return _Change.NONE
    return _Change.OVERRULES if taught and 2 * shared >= len(taught) else _Change.NEW


def _kind_of(task: str, action: Action) -> tuple[str, str, str]:
    """Describe a step apart from the values that its task gave it."""
    name = "" if action.verb is Verb.CLICK and says(task, action.name) else action.name
    return action.verb, name, "" if copied(task, action.text) else action.text


def _achieved(store: Store, session: SessionRow, *, by_person: bool) -> bool:
    """Whether the task was achieved: by a check's or a person's word, or, where the person had a hand in it, as far as anybody knows."""
    if session.kind != "run" or session.stop_reason != StopReason.DONE:
        return False
    said = store.word_on(session.id)
    return by_person if said is None else said


def _has_left_one(store: Store, session: SessionRow) -> bool:
    return any(row.source_session_id == session.id for row in store.lessons(session.app, include_retired=True))


def _only_reads(row: StepRow) -> bool:
    return row.guard is not None and row.guard.get("consequence") == Consequence.READ


def _sets_again(before: StepRow, row: StepRow) -> bool:
    one, other = before.action, row.action
    return one.verb is other.verb and one.verb in _SETS and (one.name, one.ref) == (other.name, other.ref)
