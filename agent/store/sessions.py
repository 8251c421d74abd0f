"""Sessions and what a person or a check said of them.

Steps are in `agent.store.steps`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from agent.store import blobs, matching
from agent.store.database import Part, new_id, now
from agent.store.rows import OutcomeRow, OutcomeSource, SessionKind, SessionRow, Which
from browser.errors import UsageError

_OUTCOME = "(SELECT succeeded FROM outcomes WHERE session_id = sessions.id ORDER BY source = 'agent', seq DESC LIMIT 1)"
_SAID = (
    "(SELECT succeeded FROM outcomes WHERE session_id = sessions.id AND source <> 'agent' ORDER BY seq DESC LIMIT 1)"
)
"""The latest word of a person or a check, NULL without one: what learning heeds."""
_SELECT = f"""
    SELECT sessions.*, (SELECT count(*) FROM steps WHERE session_id = sessions.id) AS steps, {_OUTCOME} AS outcome
    FROM sessions"""
_ONLY: dict[Which, str] = {
    "achieved": f"{_OUTCOME} = 1",
    "not achieved": f"{_OUTCOME} = 0",
    "not judged": f"ended_at IS NOT NULL AND {_OUTCOME} IS NULL",
    "unfinished": "ended_at IS NULL",
    "taught": "kind = 'teach'",
}


class Sessions(Part):
    """Which tasks were worked on, and whether they were achieved."""

    def begin_session(
        self,
        task: str,
        app: str,
        url: str,
        kind: SessionKind = "run",
        policy: str = "",
        adapter_id: str | None = None,
        lesson_ids: Sequence[str] = (),
        parent_id: str | None = None,
    ) -> str:
        """Record that a session begins, and return its id. `parent_id` is the session that it replays or continues."""
        session_id = new_id()
        values = [
            session_id,
            task,
            app,
            url,
            kind,
            now(),
            policy,
            adapter_id,
            blobs.json_text(list(lesson_ids)),
            parent_id,
        ]
        with self._db.write() as transaction:
            transaction.execute(
                "INSERT INTO sessions (id, task, app, url, kind, started_at, policy, adapter_id, lesson_ids, parent_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        return session_id

    def end_session(self, session_id: str, stop_reason: str, answer: str = "") -> None:
        """Record why a session ended. It ends once."""
        with self._db.write() as transaction:
            ended = transaction.execute(
                "UPDATE sessions SET ended_at = ?, stop_reason = ?, answer = ? WHERE id = ? AND ended_at IS NULL",
                [now(), stop_reason, answer, session_id],
            )
        if not ended:
            raise UsageError(f"no session {session_id!r} is running", "End a session that has begun, and only once")

    def session(self, session_id: str) -> SessionRow:
        """Return the session whose id begins so. Raises UsageError when there is none, or more than one."""
        return _session(self._db.rows(f"{_SELECT} WHERE id = ?", [self._resolve("sessions", session_id)])[0])

    def sessions(
        self, search: str | None = None, limit: int = 50, before: str | None = None, only: Which | None = None
    ) -> list[SessionRow]:
        """List sessions, the latest first: those whose task has all the words of `search`, and that began before the session `before`.

        With `only`, those of one part.
        """
        wanted = matching.every_word(search or "")
        if search and search.strip() and not wanted:
            return []
        conditions = []
        if wanted:
            conditions.append("seq IN (SELECT rowid FROM sessions_fts WHERE sessions_fts MATCH :wanted)")
        if before is not None:
            before = self._resolve("sessions", before)
            conditions.append("seq < (SELECT seq FROM sessions WHERE id = :before)")
        if only is not None:
            conditions.append(_ONLY[only])
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._db.rows(
            f"{_SELECT}{where} ORDER BY seq DESC LIMIT :limit", {"wanted": wanted, "before": before, "limit": limit}
        )
        return [_session(row) for row in rows]

    def sessions_with(self, lesson_id: str, limit: int) -> list[SessionRow]:
        """List sessions that read a lesson before all others, said that they were done, did every step, and that nobody judged failed."""
        rows = self._db.rows(
            f"{_SELECT} WHERE kind = 'run' AND stop_reason = 'done' AND json_extract(lesson_ids, '$[0]') = ?"
            " AND NOT EXISTS (SELECT 1 FROM steps WHERE session_id = sessions.id AND (ok IS NULL OR ok = 0 OR actor <> 'agent'))"
            f" AND {_SAID} IS NOT 0 ORDER BY seq DESC LIMIT ?",
            [lesson_id, limit],
        )
        return [_session(row) for row in rows]

    def judged_sessions(self, adapter_id: str, since: str, *, succeeded: bool) -> list[SessionRow]:
        """List an adapter's sessions that began since a time and that a person or a check judged so, the latest first."""
        rows = self._db.rows(
            f"{_SELECT} WHERE kind = 'run' AND adapter_id = ? AND started_at >= ? AND {_SAID} = ? ORDER BY seq DESC",
            [adapter_id, since, int(succeeded)],
        )
        return [_session(row) for row in rows]

    def word_on(self, session_id: str) -> bool | None:
        """Return the latest word of a person or a check on a session, None without one; an agent's counts for nothing here."""
        exact = self._resolve("sessions", session_id)
        (row,) = self._db.rows(f"SELECT {_SAID} AS said FROM sessions WHERE id = ?", [exact])
        return None if row["said"] is None else bool(row["said"])

    def add_outcome(self, session_id: str, succeeded: bool, source: OutcomeSource, note: str = "") -> str:
        """Record somebody's word on a session, at any time after it, and return its id. Earlier words stay."""
        outcome_id = new_id()
        with self._db.write() as transaction:
            transaction.execute(
                "INSERT INTO outcomes (id, session_id, succeeded, source, note, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                [outcome_id, session_id, int(succeeded), source, note, now()],
            )
        return outcome_id

    def outcomes(self, session_id: str) -> list[OutcomeRow]:
        """List what was said of a session, the earliest first."""
        rows = self._db.rows("SELECT * FROM outcomes WHERE session_id = ? ORDER BY seq", [session_id])
        return [
            OutcomeRow(
                row["id"], row["session_id"], bool(row["succeeded"]), row["source"], row["note"], row["created_at"]
            )
            for row in rows
        ]


def _session(row: sqlite3.Row) -> SessionRow:
    return SessionRow(
        id=row["id"],
        task=row["task"],
        app=row["app"],
        url=row["url"],
        kind=row["kind"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        stop_reason=row["stop_reason"],
        answer=row["answer"],
        policy=row["policy"],
        adapter_id=row["adapter_id"],
        lesson_ids=tuple(json.loads(row["lesson_ids"])),
        parent_id=row["parent_id"],
        steps=row["steps"],
        outcome=None if row["outcome"] is None else bool(row["outcome"]),
    )
