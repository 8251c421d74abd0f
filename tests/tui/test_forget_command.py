"""`apprentice forget` as a person or a script meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.store import Store
from browser.actions import parse
from browser.types import Observation, StepResult


@pytest.fixture
def session_id(home: Path) -> str:
    """A session with something to forget, and a lesson of the same site."""
    with Store.open() as store:
        session_id = store.begin_session("buy quicksilver", "http://a.example", "http://a.example/")
        page = Observation("http://a.example/", "Shop of quicksilver", ())
        store.begin_step(session_id, 0, page, parse("wait"))
        store.finish_step(session_id, 0, StepResult(page))
        store.end_session(session_id, "done")
        store.add_lesson("words", "http://a.example", "", "always green tea")
    return session_id


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", "forget", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "APPRENTICE_HOME": str(home), "COLUMNS": "300"},
    )


def test_nothing_is_deleted_unasked(home: Path, session_id: str) -> None:
    unsure = run(home, session_id)
    assert unsure.returncode == 2 and "--yes" in unsure.stderr and unsure.stderr.count("\n") == 1
    looked = run(home, session_id, "--dry-run")
    assert looked.returncode == 0 and looked.stdout == "1 session, 0 lessons, 0 adapters would be forgotten\n"
    with Store.open() as store:
        assert [row.id for row in store.sessions()] == [session_id]


def test_a_site_is_forgotten(home: Path, session_id: str) -> None:
    done = run(home, "http://a.example/shop", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sessions"] == [session_id] and len(told["lessons"]) == 1
    assert b"quicksilver" not in (home / "apprentice.db").read_bytes()
    again = run(home, "http://a.example/shop", "--yes")
    assert again.returncode == 2 and "no session" in again.stderr
    assert run(home).stdout == "Nothing was left half forgotten\n"


def test_said_again_after_a_kill_it_is_completed(home: Path, session_id: str) -> None:
    with Store.open() as store:
        store.forget(store.plan_forgetting(session_id))  # killed here
        assert len(store.unfinished_forgettings()) == 1
    again = run(home, session_id, "--yes")
    assert again.returncode == 2 and "no session" in again.stderr
    with Store.open() as store:
        assert store.unfinished_forgettings() == []
