from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.store import Store
from browser.errors import UsageError


def test_a_job_reports_and_ends(store: Store) -> None:
    assert store.latest_job() is None
    job_id = store.begin_job("consolidation")
    store.update_job(job_id, {"stage": "rehearse", "share": 0.5})
    assert [store.job_event(job_id, {"loss": loss}) for loss in (1.7, 0.9, 0.2)] == [0, 1, 2]
    row = store.latest_job("consolidation")
    assert row is not None
    assert (row.id, row.state, row.pid, row.progress, row.ended_at) == (
        job_id,
        "running",
        os.getpid(),
        {"stage": "rehearse", "share": 0.5},
        None,
    )
    store.end_job(job_id, "refused", "it forgot a lesson")
    row = store.job(job_id[:24])
    assert (row.state, row.error) == ("refused", "it forgot a lesson")
    assert row.ended_at is not None
    assert [event.payload for event in store.job_events(job_id)] == [{"loss": 1.7}, {"loss": 0.9}, {"loss": 0.2}]
    assert [event.seq for event in store.job_events(job_id, after_seq=0)] == [1, 2]


def test_jobs_are_listed_latest_first(store: Store) -> None:
    first, second, third = (store.begin_job(kind) for kind in ("consolidation", "setup", "consolidation"))
    store.end_job(first, "done")
    assert [job.id for job in store.jobs()] == [third, second, first]
    assert [job.id for job in store.jobs("consolidation")] == [third, first]
    assert [job.id for job in store.jobs(state="done")] == [first]
    assert store.latest_job("training") is None


def test_a_job_ends_once(store: Store) -> None:
    job_id = store.begin_job("consolidation")
    with pytest.raises(UsageError, match="cannot end as running"):
        store.end_job(job_id, "running")
    store.end_job(job_id, "done")
    for again in (
        lambda: store.end_job(job_id, "failed"),
        lambda: store.update_job(job_id, {}),
        lambda: store.end_job("01UNKNOWN", "done"),
    ):
        with pytest.raises(UsageError, match="is running"):
            again()
    with pytest.raises(UsageError):
        store.job_event("01UNKNOWN", {})


def test_only_jobs_whose_process_is_gone_are_interrupted(path: Path, store: Store) -> None:
    alive, dead = store.begin_job("consolidation"), store.begin_job("consolidation")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE jobs SET pid = ? WHERE id = ?", [gone.pid, dead])
    (job,) = store.interrupt_dead_jobs()
    assert (job.id, job.state) == (dead, "interrupted")
    assert store.job(alive).state == "running"
    assert store.interrupt_dead_jobs() == []


def test_a_later_process_with_the_same_pid_is_another_one(path: Path, store: Store) -> None:
    job_id = store.begin_job("consolidation")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE jobs SET started_at = '2020-01-01T00:00:00.000+00:00'")
    assert [job.id for job in store.interrupt_dead_jobs()] == [job_id]
