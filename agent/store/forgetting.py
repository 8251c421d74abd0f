"""Forgetting: the rows of a session or a site, deleted in one transaction that also says which files must follow.

The transaction leaves an intent, so that forgetting that was killed half-way is completed later. Adapters that were shaped
by what is forgotten stop acting in the same transaction; their rows stay, emptied, because moves of the champion refer to
them and are never rewritten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from agent.store import blobs
from agent.store.adapters import champion_of, move_champion, standing_champions
from agent.store.database import Part, Transaction, new_id, now

TRACE = 48
"""Bytes of a deleted page or picture that are looked for afterwards."""
LEAST_TEXT = 8
"""A shorter text is found anywhere by chance."""

_HERE = "(SELECT value FROM json_each(:sessions))"
_TAUGHT = "(SELECT value FROM json_each(:lessons))"
_BY_STEP = " UNION ALL ".join(
    f"SELECT {column} FROM steps WHERE {column} IS NOT NULL AND session_id NOT IN {_HERE}"
    for column in ("observation_hash", "result_hash", "screenshot_hash")
)
_UNUSED = (
    f"hash NOT IN ({_BY_STEP} UNION ALL SELECT json_extract(value, '$[1]') FROM lessons, json_each(lessons.steps)"
    f" WHERE json_extract(value, '$[1]') IS NOT NULL AND lessons.id NOT IN {_TAUGHT})"
)
"""The condition that a blob is used by nothing but what is forgotten."""
_SAID_HERE = f"""
    SELECT task FROM sessions WHERE id IN {_HERE} UNION SELECT answer FROM sessions WHERE id IN {_HERE}
    UNION SELECT action FROM steps WHERE session_id IN {_HERE} UNION SELECT text FROM lessons WHERE id IN {_TAUGHT}"""
_SAID_ELSEWHERE = f"""
    SELECT 1 FROM sessions WHERE id NOT IN {_HERE} AND instr(task || char(10) || answer, :text)
    UNION ALL SELECT 1 FROM steps WHERE session_id NOT IN {_HERE} AND instr(action, :text)
    UNION ALL SELECT 1 FROM lessons WHERE id NOT IN {_TAUGHT} AND instr(text, :text) LIMIT 1"""
_THERE = "(url = :origin OR substr(url, 1, length(:below)) = :below)"


@dataclass(frozen=True, slots=True)
class ForgetPlan:
    """What belongs to a session or a site."""

    session_ids: tuple[str, ...]
    lesson_ids: tuple[str, ...]
    adapter_ids: tuple[str, ...]
    """Adapters that learned one of the lessons."""
    traces: tuple[bytes, ...]
    """What must not be found in any file afterwards: words that nothing else says, and the beginnings of pages and pictures."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Forgetting that was begun: its rows are gone, its files perhaps not yet. Holds ids and paths only."""

    id: str
    adapter_paths: tuple[str, ...]
    lesson_ids: tuple[str, ...]


class Forgetting(Part):
    """What is deleted for good."""

    def plan_forgetting(self, what: str) -> ForgetPlan:
        """Find what belongs to a site (an app's name or an address) or to a session (its id or the beginning of it).

        A session belongs to a site when it began there or ever was there; a session that replays or continues a forgotten one
        goes with it. Raises UsageError when nothing does.
        """
        sessions, lessons = self._of_site(what)
        if not sessions and not lessons:
            sessions = [self._resolve("sessions", what)]
        sessions = self._with_descendants(sessions)
        lessons += self._ids(
            f"SELECT id FROM lessons WHERE source_session_id IN {_HERE} AND id NOT IN {_TAUGHT}",
            _known(sessions, lessons),
        )
        known = _known(sessions, lessons)
        adapters = self._ids(
            "SELECT DISTINCT adapters.id FROM adapters, json_each(adapters.lesson_ids)"
            f" WHERE value IN {_TAUGHT} ORDER BY adapters.seq",
            known,
        )
        return ForgetPlan(tuple(sessions), tuple(lessons), tuple(adapters), self._traces(known))

    def forget(self, plan: ForgetPlan) -> Intent:
        """Delete the rows of a plan, all or none. The champion is the last adapter that stands and knows nothing of it."""
        with self._db.write() as transaction:
            paths = _retire_adapters(transaction, plan)
            _delete(transaction, plan)
            intent = Intent(new_id(), paths, plan.lesson_ids)
            transaction.execute(
                "INSERT INTO forgettings (id, asked_at, adapter_paths, lesson_ids) VALUES (?, ?, ?, ?)",
                [intent.id, now(), blobs.json_text(list(paths)), blobs.json_text(list(plan.lesson_ids))],
            )
        return intent

    def unfinished_forgettings(self) -> list[Intent]:
        """List forgetting whose files were perhaps not deleted yet, the earliest first."""
        rows = self._db.rows("SELECT * FROM forgettings WHERE done_at IS NULL ORDER BY seq")
        return [
            Intent(row["id"], tuple(json.loads(row["adapter_paths"])), tuple(json.loads(row["lesson_ids"])))
            for row in rows
        ]

    def end_forgetting(self, intent_id: str) -> None:
        """Record that no file holds anything of it any more."""
        with self._db.write() as transaction:
            transaction.execute(
                "UPDATE forgettings SET done_at = coalesce(done_at, ?) WHERE id = ?", [now(), intent_id]
            )

    def scrub(self) -> None:
        """Write the file anew without the bytes of deleted rows, those in the search indexes and the journal included."""
        with self._db.write() as transaction:
            for index in (
                "sessions_fts",
                "lessons_fts",
            ):  # until it is merged, an index keeps the words of deleted rows
                transaction.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
        for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            self._db.rows(statement)

    def _of_site(self, what: str) -> tuple[list[str], list[str]]:
        """Return the sessions and lessons of an app's name or an address's origin; none when it is neither."""
        parts = urlsplit(what)
        origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else what
        known = {"name": what, "origin": origin, "below": f"{origin}/"}
        sessions = self._ids(
            f"SELECT id FROM sessions WHERE app IN (:name, :origin) OR {_THERE}"
            f" OR id IN (SELECT session_id FROM steps WHERE {_THERE}) ORDER BY seq",
            known,
        )
        return sessions, self._ids("SELECT id FROM lessons WHERE app IN (:name, :origin) ORDER BY seq", known)

    def _with_descendants(self, sessions: list[str]) -> list[str]:
        return self._ids(
            f"WITH RECURSIVE gone (id) AS (SELECT id FROM sessions WHERE id IN {_HERE}"
            " UNION SELECT sessions.id FROM sessions JOIN gone ON sessions.parent_id = gone.id)"
            " SELECT id FROM gone",
            _known(sessions, []),
        )

    def _traces(self, known: Mapping[str, str]) -> tuple[bytes, ...]:
        texts = sorted(row[0] for row in self._db.rows(_SAID_HERE, known) if len(row[0]) >= LEAST_TEXT)
        only_here = [text for text in texts if not self._db.rows(_SAID_ELSEWHERE, {**known, "text": text})]
        pages = self._db.rows(f"SELECT substr(data, 1, {TRACE}) AS start FROM blobs WHERE {_UNUSED}", known)
        return (*(text.encode() for text in only_here), *(bytes(row["start"]) for row in pages))

    def _ids(self, sql: str, known: Mapping[str, str]) -> list[str]:
        return [row["id"] for row in self._db.rows(sql, known)]


def _known(sessions: list[str] | tuple[str, ...], lessons: list[str] | tuple[str, ...]) -> dict[str, str]:
    return {"sessions": blobs.json_text(list(sessions)), "lessons": blobs.json_text(list(lessons))}


def _retire_adapters(transaction: Transaction, plan: ForgetPlan) -> tuple[str, ...]:
    """Take the adapters out of use and return where their files are."""
    if champion_of(transaction) in plan.adapter_ids:
        standing = [name for name in standing_champions(transaction) if name not in plan.adapter_ids]
        move_champion(transaction, "roll_back", standing[-1] if standing else None, "what it learned was forgotten")
    known = {"adapters": blobs.json_text(list(plan.adapter_ids)), "now": now()}
    these = "(SELECT value FROM json_each(:adapters))"
    rows = transaction.rows(f"SELECT path FROM adapters WHERE id IN {these}", known)
    transaction.execute(
        f"UPDATE adapters SET forgotten_at = :now, receipt = '{{}}', lesson_ids = '[]' WHERE id IN {these}", known
    )
    transaction.execute(
        f"UPDATE lessons SET in_weights_adapter_id = NULL WHERE in_weights_adapter_id IN {these}", known
    )
    return tuple(row["path"] for row in rows)


def _delete(transaction: Transaction, plan: ForgetPlan) -> None:
    known = _known(plan.session_ids, plan.lesson_ids)
    for lesson_id in plan.lesson_ids:
        _delete_reports(transaction, lesson_id)
    for row in transaction.rows(
        f"SELECT DISTINCT sessions.id, lesson_ids FROM sessions, json_each(lesson_ids) WHERE value IN {_TAUGHT}", known
    ):
        kept = [name for name in json.loads(row["lesson_ids"]) if name not in plan.lesson_ids]
        transaction.execute("UPDATE sessions SET lesson_ids = ? WHERE id = ?", [blobs.json_text(kept), row["id"]])
    unused = [row["hash"] for row in transaction.rows(f"SELECT hash FROM blobs WHERE {_UNUSED}", known)]
    transaction.execute("PRAGMA defer_foreign_keys = ON")  # a session and the one that replays it go together
    transaction.execute(f"DELETE FROM lessons WHERE id IN {_TAUGHT}", known)
    transaction.execute(f"DELETE FROM outcomes WHERE session_id IN {_HERE}", known)
    transaction.execute(f"DELETE FROM steps WHERE session_id IN {_HERE}", known)
    transaction.execute(f"DELETE FROM sessions WHERE id IN {_HERE}", known)
    for name in unused:
        transaction.execute("DELETE FROM blobs WHERE hash = ?", [name])


def _delete_reports(transaction: Transaction, lesson_id: str) -> None:
    """Empty the jobs that spoke of a lesson: their events name it and its task."""
    task = blobs.json_text(transaction.rows("SELECT task FROM lessons WHERE id = ?", [lesson_id])[0]["task"])
    jobs = transaction.rows(
        "SELECT DISTINCT job_id FROM job_events WHERE instr(payload, :id) OR (:task <> :empty AND instr(payload, :task))",
        {"id": lesson_id, "task": task, "empty": blobs.json_text("")},
    )
    for row in jobs:
        transaction.execute("DELETE FROM job_events WHERE job_id = ?", [row["job_id"]])
        transaction.execute("UPDATE jobs SET progress = '{}', error = '' WHERE id = ?", [row["job_id"]])
