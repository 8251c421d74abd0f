"""Steps: each is written twice, and each time in one transaction.

Its observation and action are committed before the action is performed, its result before the next step begins.
Whatever is killed when, the store therefore knows every action that was begun; one without a result may or may not
have happened, and is never repeated unasked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from agent.store import blobs
from agent.store.database import Part, now
from agent.store.rows import StepRow
from browser.actions import Action, parse
from browser.errors import UsageError
from browser.types import Observation, StepResult


class Steps(Part):
    """What was done, one action at a time."""

    def begin_step(
        self,
        session_id: str,
        step_no: int,
        observation: Observation,
        action: Action,
        *,
        actor: str = "agent",
        guard: Mapping[str, Any] | None = None,
        decided_ms: float = 0,
        prompt_tokens: int = 0,
        new_tokens: int = 0,
    ) -> None:
        """Record what is about to be done, by the `agent` or the `person`. Call it before the action is performed."""
        text = _readable(self._db.redactor.action(action))
        verdict = None if guard is None else blobs.json_text(dict(guard))
        with self._db.write() as transaction:
            page = blobs.put_page(transaction, observation)
            transaction.execute(
                "INSERT INTO steps (session_id, step_no, observation_hash, url, title, action, actor, guard, decided_ms,"
                " prompt_tokens, new_tokens, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    session_id,
                    step_no,
                    page,
                    observation.url,
                    observation.title,
                    text,
                    actor,
                    verdict,
                    decided_ms,
                    prompt_tokens,
                    new_tokens,
                    now(),
                ],
            )

    def finish_step(
        self,
        session_id: str,
        step_no: int,
        result: StepResult,
        *,
        acted_ms: float = 0,
        screenshot: bytes | None = None,
        guard: Mapping[str, Any] | None = None,
    ) -> None:
        """Record what came of a step. Call it before the next one begins; a result is never replaced.

        `guard` is given when more was decided while the action ran, about a dialog that it raised.
        """
        with self._db.write() as transaction:
            page = blobs.put_page(transaction, result.observation)
            verdict = None if guard is None else blobs.json_text(dict(guard))
            picture = None if screenshot is None else blobs.put(transaction, "screenshot", screenshot)
            finished = transaction.execute(
                "UPDATE steps SET ok = ?, note = ?, result_hash = ?, screenshot_hash = ?, acted_ms = ?, finished_at = ?,"
                " guard = coalesce(?, guard) WHERE session_id = ? AND step_no = ? AND finished_at IS NULL",
                [
                    None if result.unknown else int(result.ok),
                    result.note,
                    page,
                    picture,
                    acted_ms,
                    now(),
                    verdict,
                    session_id,
                    step_no,
                ],
            )
            if not finished:
                raise UsageError(
                    f"step {step_no} of session {session_id!r} is not waiting for a result",
                    "Begin a step first, and finish it once",
                )

    def steps(self, session_id: str) -> list[StepRow]:
        """Return the steps of a session in order, with their pages. Raises StorageError when a page is damaged."""
        rows = self._db.rows("SELECT * FROM steps WHERE session_id = ? ORDER BY step_no", [session_id])
        pages = self._pages(session_id)
        return [_step(row, pages) for row in rows]

    def _pages(self, session_id: str) -> dict[str, Observation]:
        rows = self._db.rows(
            "SELECT hash, encoding, data FROM blobs WHERE hash IN"
            " (SELECT observation_hash FROM steps WHERE session_id = :id UNION SELECT result_hash FROM steps WHERE session_id = :id)",
            {"id": session_id},
        )
        return {row["hash"]: blobs.observation_from(blobs.unpack(row, self._db.path)) for row in rows}


def _readable(action: Action) -> str:
    """Write the action, and make sure that it can be read back: a record that cannot be replayed is worth little."""
    text = action.render()
    try:
        parse(text)
    except ValueError as error:
        raise UsageError(
            f"the action cannot be recorded: {error}", "Build actions with browser.actions.parse"
        ) from error
    return text


def _step(row: sqlite3.Row, pages: Mapping[str, Observation]) -> StepRow:
    return StepRow(
        session_id=row["session_id"],
        step_no=row["step_no"],
        observation=pages[row["observation_hash"]],
        observation_hash=row["observation_hash"],
        action=parse(row["action"]),
        actor=row["actor"],
        guard=None if row["guard"] is None else json.loads(row["guard"]),
        ok=None if row["ok"] is None else bool(row["ok"]),
        note=row["note"],
        result_observation=None if row["result_hash"] is None else pages[row["result_hash"]],
        result_hash=row["result_hash"],
        screenshot_hash=row["screenshot_hash"],
        decided_ms=row["decided_ms"],
        acted_ms=row["acted_ms"],
        prompt_tokens=row["prompt_tokens"],
        new_tokens=row["new_tokens"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
