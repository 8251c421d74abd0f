"""The dashboard as plain lines, for screen readers, pipes and terminals that draw nothing: what there is, and what to do next.

A session of its own is plain already: `apprentice run` writes a line for each step and asks in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.store import Store
from tui import words
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
    for row in sessions:
        said = f"{words.ended(row)}, {words.outcome(row.outcome)}, {row.steps} steps"
        yield f"Session {row.id}, {words.when(row.started_at)}: {row.task}: {said}"
    for lesson in learning.lessons:
        approved = "approved" if lesson.approved_at else "not approved yet"
        title = lesson.task or lesson.text.replace("\n", " ")
        yield f"Lesson {lesson.id}: {title}: {words.place(lesson, learning.champion)}, {approved}"
    yield from _adapters(learning)
    if learning.night is not None:
        yield f"Latest night, {words.when(learning.night.started_at)}: {learning.night.state}"
    if learning.teachable and learning.champion is None:
        yield "Next: move what was taught into the weights: apprentice consolidate"


def _adapters(learning: Learning) -> Iterator[str]:
    for row in learning.adapters:
        yield f"Adapter {words.short(row.id)}: {words.state(row, learning.champion)}, gate {words.gate(row)}"
    if learning.champion is None:
        yield "No adapter acts: the base alone."
