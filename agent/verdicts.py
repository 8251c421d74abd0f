"""Verdicts: what follows when somebody says whether a session achieved its task, at its end or months later.

The word is recorded, a champion that failed once too often is taken back, and a session that was put right, or found its way, leaves a
lesson behind, which the next night learns from.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.lessons.hindsight import learn_from
from agent.regressions import RolledBack, after_outcome
from agent.store import Store
from agent.store.rows import OutcomeSource


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed from a verdict."""

    rolled_back: RolledBack | None = None
    lesson_id: str | None = None

    def said(self) -> list[str]:
        """Say each thing on a line."""
        lines = [str(self.rolled_back)] if self.rolled_back else []
        return [*lines, f"lesson {self.lesson_id} was learned from it"] if self.lesson_id else lines


def judge(store: Store, session_id: str, succeeded: bool, source: OutcomeSource, note: str = "") -> Followed:
    """Record a verdict on a session and do what follows from it."""
    store.add_outcome(session_id, succeeded, source, note)
    return Followed(after_outcome(store), learn_from(store, session_id) if succeeded else None)
