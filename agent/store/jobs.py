"""Jobs: long work in a process of its own, which reports here so that a screen can follow it and a restart can resume."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.store import blobs
from agent.store.database import Part, new_id, now
from agent.store.rows import JobEventRow, JobRow, JobState
from browser.errors import UsageError

_CLOCK_SLACK_S = 2.0
"""The system tells a process's start only to about a second."""


class Jobs(Part):
    """What runs, or ran, in the background."""

    def begin_job(self, kind: str) -> str:
        """Record that this process begins a job, and return its id."""
        job_id = new_id()
        with self._db.write() as transaction:
            transaction.execute(
                "INSERT INTO jobs (id, kind, state, pid, started_at, progress) VALUES (?, ?, 'running', ?, ?, '{}')",
                [job_id, kind, os.getpid(), now()],
            )
        return job_id

    def update_job(self, job_id: str, progress: Mapping[str, Any]) -> None:
        """Replace what is known of a running job's progress."""
        self._change(job_id, "progress = :value", blobs.json_text(dict(progress)))

    def job_event(self, job_id: str, payload: Mapping[str, Any]) -> int:
        """Add one event to a job, and return its number."""
        with self._db.write() as transaction:
            seq = transaction.rows("SELECT coalesce(max(seq) + 1, 0) FROM job_events WHERE job_id = ?", [job_id])[0][0]
            transaction.execute(
                "INSERT INTO job_events (job_id, seq, created_at, payload) VALUES (?, ?, ?, ?)",
                [job_id, seq, now(), blobs.json_text(dict(payload))],
            )
        return int(seq)

    def end_job(self, job_id: str, state: JobState, error: str = "") -> None:
        """Record how a running job ended."""
        if state == "running":
            raise UsageError("a job cannot end as running", "End it as done, failed, refused or interrupted")
        self._change(job_id, "state = :value, error = :error, ended_at = :now", state, error)

    def interrupt_dead_jobs(self) -> list[JobRow]:
        """Mark the running jobs whose process is gone as interrupted, and return them."""
        dead = [job for job in self.jobs(state="running") if not _is_alive(job)]
        for job in dead:
            self.end_job(job.id, "interrupted", f"process {job.pid} is gone")
        return [self.job(job.id) for job in dead]

    def job(self, job_id: str) -> JobRow:
        """Return the job whose id begins so. Raises UsageError when there is none, or more than one."""
        return _job(self._db.rows("SELECT * FROM jobs WHERE id = ?", [self._resolve("jobs", job_id)])[0])

    def jobs(self, kind: str | None = None, state: JobState | None = None, limit: int = 50) -> list[JobRow]:
        """List jobs, the latest first."""
        rows = self._db.rows(
            "SELECT * FROM jobs WHERE (:kind IS NULL OR kind = :kind) AND (:state IS NULL OR state = :state)"
            " ORDER BY seq DESC LIMIT :limit",
            {"kind": kind, "state": state, "limit": limit},
        )
        return [_job(row) for row in rows]

    def latest_job(self, kind: str | None = None) -> JobRow | None:
        """Return the job that began last."""
        return next(iter(self.jobs(kind, limit=1)), None)

    def job_events(self, job_id: str, after_seq: int = -1) -> list[JobEventRow]:
        """List a job's events in order, those after a number only."""
        rows = self._db.rows("SELECT * FROM job_events WHERE job_id = ? AND seq > ? ORDER BY seq", [job_id, after_seq])
        return [JobEventRow(row["job_id"], row["seq"], row["created_at"], json.loads(row["payload"])) for row in rows]

    def _change(self, job_id: str, assignment: str, value: str, error: str = "") -> None:
        with self._db.write() as transaction:
            changed = transaction.execute(
                f"UPDATE jobs SET {assignment} WHERE id = :id AND state = 'running'",
                {"value": value, "error": error, "now": now(), "id": job_id},
            )
        if not changed:
            raise UsageError(f"no job {job_id!r} is running", "Begin a job first, and end it once")


def _is_alive(job: JobRow) -> bool:
    """Whether the process that began the job still runs, and is not a later one with the same pid."""
    import psutil  # the first screen asks for no job

    try:
        process = psutil.Process(job.pid)
        started, status = process.create_time(), process.status()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False  # gone, or somebody else's
    return (
        status != psutil.STATUS_ZOMBIE
        and started <= datetime.fromisoformat(job.started_at).timestamp() + _CLOCK_SLACK_S
    )


def _job(row: sqlite3.Row) -> JobRow:
    return JobRow(
        id=row["id"],
        kind=row["kind"],
        state=row["state"],
        pid=row["pid"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        progress=json.loads(row["progress"]),
        error=row["error"],
    )
