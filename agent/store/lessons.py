"""Lessons: taught once, found again by the next session, until an adapter does as well without them.

Nothing that was taught is lost: a lesson that is retired, expired or in the weights stays in the table, and comes back
into the prompt as soon as the adapter that carries it is no longer the one in use. What somebody later says was done
wrongly is not read any more, until somebody says otherwise.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from agent.store import blobs, matching
from agent.store.database import Part, new_id, now, timestamp
from agent.store.rows import LessonKind, LessonRow, LessonStep
from browser.errors import UsageError

_HOLDS = """coalesce(
        (SELECT succeeded FROM outcomes WHERE session_id = {}.source_session_id AND source <> 'agent' ORDER BY seq DESC LIMIT 1), 1)"""
"""An agent's word takes no lesson out of use, and brings none back: whoever gives tasks must not unteach."""
_RETIRED_AT = f"""coalesce(lessons.retired_at,
    (SELECT min(newer.created_at) FROM lessons AS newer WHERE newer.overrules = lessons.id AND {_HOLDS.format("newer")}))"""
"""A lesson is overruled until the session that overruled it is judged failed."""
_IN_USE = f"""
    lessons.app = :app AND {_RETIRED_AT} IS NULL AND (expires_at IS NULL OR expires_at > :now)
    AND {_HOLDS.format("lessons")}
    AND (in_weights_adapter_id IS NULL OR in_weights_adapter_id IS NOT :adapter_id)"""
_TASK_WEIGHT, _TEXT_WEIGHT = 4.0, 1.0
"""A word of the task that was taught says more than a word among its actions."""


class Lessons(Part):
    """What was taught."""

    def add_lesson(
        self,
        kind: LessonKind,
        app: str,
        task: str,
        text: str,
        *,
        steps: Iterable[LessonStep] = (),
        source_session_id: str | None = None,
        source_step_no: int | None = None,
        expires_at: datetime | None = None,
        overrules: str | None = None,
    ) -> str:
        """Record a lesson and return its id. An empty task means that it holds for every task in the app.

        The lesson that it `overrules` is out of use from then on, unless the new one's session is judged failed.
        """
        lesson_id = new_id()
        taught = blobs.json_text([[step.action, step.observation_hash] for step in steps])
        until = None if expires_at is None else timestamp(expires_at)
        with self._db.write() as transaction:
            transaction.execute(
                "INSERT INTO lessons"
                " (id, kind, app, task, text, steps, source_session_id, source_step_no, created_at, expires_at, overrules)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [lesson_id, kind, app, task, text, taught, source_session_id, source_step_no, now(), until, overrules],
            )
        return lesson_id

    def lesson(self, lesson_id: str) -> LessonRow:
        """Return the lesson whose id begins so. Raises UsageError when there is none, or more than one."""
        exact = self._resolve("lessons", lesson_id)
        return _lesson(self._db.rows(f"SELECT *, {_RETIRED_AT} AS out_at FROM lessons WHERE id = ?", [exact])[0])

    def lessons(self, app: str | None = None, include_retired: bool = False) -> list[LessonRow]:
        """List lessons, the latest first."""
        rows = self._db.rows(
            f"SELECT *, {_RETIRED_AT} AS out_at FROM lessons"
            " WHERE (:app IS NULL OR app = :app) AND (:all OR out_at IS NULL) ORDER BY seq DESC",
            {"app": app, "all": int(include_retired)},
        )
        return [_lesson(row) for row in rows]

    def find_lessons(self, app: str, task: str, limit: int = 3, *, adapter_id: str | None = None) -> list[LessonRow]:
        """Return the lessons of this app that a session with this task should read, the best match first.

        Those that share words with the task come first, then those that hold for every task. `adapter_id` is the
        adapter in use: what it carries in its weights is left out.
        """
        known = {"app": app, "now": now(), "adapter_id": adapter_id, "limit": limit}
        found = self._matching(task, known)
        general = self._db.rows(
            f"SELECT *, NULL AS out_at FROM lessons WHERE task = '' AND {_IN_USE} ORDER BY seq DESC LIMIT :limit", known
        )
        unique = {row["id"]: row for row in [*found, *general]}
        return [_lesson(row) for row in list(unique.values())[:limit]]

    def retire_lesson(self, lesson_id: str) -> None:
        """Take a lesson out of use for good. The first retirement counts."""
        exact = self._resolve("lessons", lesson_id)
        with self._db.write() as transaction:
            transaction.execute("UPDATE lessons SET retired_at = coalesce(retired_at, ?) WHERE id = ?", [now(), exact])

    def approve_lesson(self, lesson_id: str) -> None:
        """Record that a person read a lesson and finds it right. The first approval counts; a retired one has none."""
        exact = self._resolve("lessons", lesson_id)
        with self._db.write() as transaction:
            approved = transaction.execute(
                f"UPDATE lessons SET approved_at = coalesce(approved_at, ?) WHERE id = ? AND {_RETIRED_AT} IS NULL",
                [now(), exact],
            )
        if not approved:
            raise UsageError(f"lesson {exact} is no longer used", "Approve one that is in use")

    def _matching(self, task: str, known: dict[str, object]) -> list[sqlite3.Row]:
        words = matching.any_word(task)
        if not words:
            return []
        return self._db.rows(
            "SELECT lessons.*, NULL AS out_at FROM lessons_fts JOIN lessons ON lessons.seq = lessons_fts.rowid"
            f" WHERE lessons_fts MATCH :words AND {_IN_USE}"
            f" ORDER BY bm25(lessons_fts, 0, {_TASK_WEIGHT}, {_TEXT_WEIGHT}), seq DESC LIMIT :limit",
            {**known, "words": f"{{task text}} : ({words})"},
        )


def _lesson(row: sqlite3.Row) -> LessonRow:
    return LessonRow(
        id=row["id"],
        kind=row["kind"],
        app=row["app"],
        task=row["task"],
        text=row["text"],
        steps=tuple(LessonStep(action, page) for action, page in json.loads(row["steps"])),
        source_session_id=row["source_session_id"],
        source_step_no=row["source_step_no"],
        created_at=row["created_at"],
        retired_at=row["out_at"],
        in_weights_adapter_id=row["in_weights_adapter_id"],
        expires_at=row["expires_at"],
        approved_at=row["approved_at"],
    )
