"""The dashboard's facts as plain lines, for screen readers, pipes and terminals that draw nothing: one fact a line.

`tui.prompt` reads what is typed in answer to them. A session of its own is plain already: `apprentice run` writes a line for each step
and asks in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.store import AdapterRow, LessonRow, SessionRow, Store
from tui import words
from tui.progress import NightProgress
from tui.reading import Learning, read_learning

SHOWN = 10
"""So many of the latest sessions are told; `apprentice sessions` lists the others."""


def lines(store: Store) -> Iterator[str]:
    """Yield the state of everything, one fact a line, without boxes, colours or tables."""
    sessions, learning = store.sessions(limit=SHOWN), read_learning(store)
    if not sessions and not learning.lessons:
        yield "Nothing was done yet."
        yield 'Next: show something once: apprentice teach "…" --url http://…'
        yield 'Or let it try: apprentice run "…" --url http://…'
        return
    yield from map(session, sessions)
    yield from (lesson(row, learning.champion) for row in learning.lessons)
    yield from adapters(learning)
    if learning.night is not None:
        yield f"Latest night, {words.when(learning.night.started_at)}: {learning.night.state}"
    if learning.teachable and learning.champion is None:
        yield "Next: move what was taught into the weights: apprentice consolidate"


def session(row: SessionRow) -> str:
    """Say what a session was for, and how it ended."""
    said = f"{words.ended(row)}, {words.outcome(row.outcome)}, {row.steps} steps"
    return f"Session {row.id}, {words.when(row.started_at)}: {row.task}: {said}"


def lesson(row: LessonRow, champion: AdapterRow | None) -> str:
    """Say what a lesson is about, and where it is."""
    approved = "approved" if row.approved_at else "not approved yet"
    title = row.task or row.text.replace("\n", " ")
    return f"Lesson {row.id}: {title}: {words.place(row, champion)}, {approved}"


def adapter(row: AdapterRow, champion: AdapterRow | None) -> str:
    """Say what an adapter is, and what the gate said of it."""
    return f"Adapter {words.short(row.id)}: {words.state(row, champion)}, gate {words.gate(row)}"


def adapters(learning: Learning) -> Iterator[str]:
    """Say what each adapter is, and when none of them acts."""
    yield from (adapter(row, learning.champion) for row in learning.adapters)
    if learning.champion is None:
        yield "No adapter acts: the base alone."


def nights(learning: Learning) -> Iterator[str]:
    """Say what the latest night does or did, and what the next one could learn."""
    if learning.night is None:
        yield "No night yet."
    else:
        progress = NightProgress.of(learning.night, learning.events)
        yield f"Latest night, {words.when(learning.night.started_at)}: {progress.words}"
    yield f"A night could learn {learning.teachable} {'lesson' if learning.teachable == 1 else 'lessons'}."
