"""Provenance: a lesson that goes into weights says what its session shows was asked and done, and nothing else.

The teacher alone reads a lesson, so whatever stands in one is what a night learns. Before anything is trained the lesson is held against
the recording behind it: the person's words, and the executor's log of actions. Names of controls come from pages; they are let
through only as the names of controls that were acted on. What an agent wrote is let through only where a person wrote it before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.lessons.cues import steps_of
from agent.lessons.said import says
from agent.lessons.text import ASKED
from agent.store import LessonRow, SessionRow, StepRow, Store
from browser.actions import ON_CONTROL, ON_WORDS, Action, Verb
from browser.errors import ApprenticeError
from browser.types import Observation, quote

LONGEST_NAME = 80
"""What a control that is on no list may be called, in characters: the page's reader cuts every name there."""
LONGEST_CHAIN = 16
"""So many reruns of reruns are followed back to what a person typed."""
_OURS = (Verb.PRESS, Verb.SCROLL, Verb.BACK, Verb.FORWARD, Verb.WAIT)
"""Verbs whose text is a key or a direction: ours, whoever acts."""


class UntrustedLesson(ApprenticeError):
    """A lesson says what neither a person said nor its session shows: nothing is learned from it."""


def assert_trusted(store: Store, lesson: LessonRow) -> None:
    """Check that each line of a lesson comes from a trusted source. Raises UntrustedLesson with the first that does not."""
    if not lesson.source_session_id:
        raise _refused(lesson, "no recorded session stands behind it")
    session = store.session(lesson.source_session_id)
    line = untrusted_line(lesson, session, store.steps(session.id), heard_in(store, session))
    if line is not None:
        raise _refused(lesson, f"its session does not show {quote(line)}")


def untrusted_line(
    lesson: LessonRow, session: SessionRow, steps: Iterable[StepRow], heard: Sequence[str]
) -> str | None:
    """Return the first line of a lesson that is not trusted; None when all are.

    The first says what the person asked; the others are actions of the session in their order. `heard` is what people had said.
    """
    head = ASKED + session.task
    if lesson.task != session.task or lesson.text.split("\n")[: head.count("\n") + 1] != head.split("\n"):
        return lesson.text.split("\n")[0]
    log = (row.action.render(with_ref=False) for row in steps if is_trusted(row, heard))
    taught = lesson.text.removeprefix(head).lstrip("\n").split("\n")
    last = Action(Verb.DONE).render()
    if taught[-1] == last:  # the extractor ends what nobody ended
        taught = taught[:-1]
    return next((line for line in taught if line not in log), None)  # `in` goes on in the log where it stopped


def is_trusted(row: StepRow, heard: Sequence[str]) -> bool:
    """Whether a recorded action is a fact of the log: on the control that it names, and with a text that a person gave it."""
    by_person = row.actor == "person"
    return _names_its_control(row, [] if by_person else heard, by_person=by_person) and (
        by_person or _is_heard(row, heard)
    )


def heard_in(store: Store, session: SessionRow) -> list[str]:
    """Return what people said: the task, what the lessons that were read say of theirs, and what they did, in this session or one that it
    performs again.
    """
    heard = [session.task]
    for lesson_id in session.lesson_ids:
        heard += _said_by(store.lesson(lesson_id))
    for _ in range(LONGEST_CHAIN):
        actions = [row.action for row in store.steps(session.id) if row.actor == "person"]
        heard += [action.text for action in actions if action.text]
        heard += [action.name for action in actions if action.verb in ON_WORDS and action.ref is None]
        if session.parent_id is None:
            break
        session = store.session(session.parent_id)
    return heard


def _said_by(lesson: LessonRow) -> list[str]:
    """Return the person's words in a lesson: what they asked and wrote, and no name of a control."""
    steps = steps_of(lesson.text)
    return [lesson.task, *(step.text for step in steps if step.text)] if steps else [lesson.text]


def _names_its_control(row: StepRow, heard: Sequence[str], *, by_person: bool) -> bool:
    action = row.action
    if action.verb not in ON_CONTROL:
        return True
    if action.ref is None and action.verb in ON_WORDS and not by_person:
        return _says_one_of(heard, action.name)  # words of the page, which are on no control
    pages: list[Observation] = [row.observation, *filter(None, [row.result_observation])]
    lines = [line for page in pages if action.ref is not None and (line := page.find(action.ref))]
    if not lines:
        return len(action.name) <= LONGEST_NAME
    return any(line.name == action.name or (action.name and line.name.startswith(action.name)) for line in lines)


def _is_heard(row: StepRow, heard: Sequence[str]) -> bool:
    action = row.action
    if not action.text or action.verb in _OURS:
        return True
    if action.verb is Verb.SELECT:
        line = row.observation.find(action.ref or -1)
        return line is not None and action.text in line.options
    if action.verb is Verb.DRAG and any(line.name == action.text for line in row.observation.lines if line.ref):
        return True  # the name of a control, as the other end has one
    return _says_one_of(heard, action.text)


def _says_one_of(heard: Sequence[str], text: str) -> bool:
    return any(text == words or says(words, text) for words in heard)


def _refused(lesson: LessonRow, why: str) -> UntrustedLesson:
    return UntrustedLesson(
        f"lesson {lesson.id} may hold words of a page: {why}",
        "Nothing was trained; retire it (apprentice lessons --retire), and show it again",
    )
