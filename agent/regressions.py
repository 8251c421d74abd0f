"""Live regressions: when people or checks say twice that the champion failed at what it was taught, it is taken back.

A gate can be wrong. What it let pass is watched by the day's outcomes, however late they come: two sessions that the champion
did alone, on tasks of lessons that it carries, judged failed, and the adapter before it acts again. Its lessons are then
read in context again.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.store import Store

LIMIT = 2
"""So many failed sessions take a champion back."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A champion that was taken back, and by which sessions."""

    adapter_id: str
    session_ids: tuple[str, ...]
    now_acting: str | None
    """The adapter that acts instead; None for the base alone."""

    def __str__(self) -> str:
        acting = self.now_acting or "the base"
        return f"adapter {self.adapter_id} failed {len(self.session_ids)} times and was taken back: {acting} acts"


def regressions(store: Store) -> tuple[str, ...]:
    """Return the sessions that speak against the champion, the latest first."""
    champion = store.champion()
    if champion is None:
        return ()
    since = max(move.created_at for move in store.promotions() if move.adapter_id == champion.id)
    carried = set(champion.lesson_ids)
    return tuple(
        session.id
        for session in store.judged_sessions(champion.id, since, succeeded=False)
        if carried & {lesson.id for lesson in store.find_lessons(session.app, session.task)}
    )


def after_outcome(store: Store) -> RolledBack | None:
    """Take the champion back when an outcome was one too many. Call it whenever an outcome was recorded."""
    champion, failed = store.champion(), regressions(store)
    if champion is None or len(failed) < LIMIT:
        return None
    row = store.roll_back(f"{len(failed)} live regressions: {', '.join(failed)}")
    return RolledBack(champion.id, failed, row.id if row else None)
