"""The views are for people with any SQLite tool, so they are read here with none of our code."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from agent.store import LessonStep, Store
from browser.actions import parse
from browser.types import Observation, StepResult


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(query).fetchall()


def test_sessions_and_steps(path: Path, store: Store, page: Observation) -> None:
    session_id = store.begin_session("Add a bill", "http://127.0.0.1:7101", "http://127.0.0.1:7101/trip/")
    store.begin_step(session_id, 0, page, parse('click "Save" [12]'))
    store.finish_step(session_id, 0, StepResult(page, ok=False, note="the button is disabled"))
    store.begin_step(session_id, 1, page, parse("wait"))
    store.add_outcome(session_id, False, "person")
    assert rows(path, "SELECT task, stop_reason, steps, outcome FROM v_sessions") == [
        ("Add a bill", "running or killed", 2, "did not succeed (person)")
    ]
    assert rows(path, "SELECT task, step_no, action, result, note, page_title, page_url FROM v_steps") == [
        (
            "Add a bill",
            0,
            'click "Save" [12]',
            "failed",
            "the button is disabled",
            "Trip",
            "http://127.0.0.1:7101/trip/",
        ),
        ("Add a bill", 1, "wait", "unknown", "", "Trip", "http://127.0.0.1:7101/trip/"),
    ]


def test_lessons_and_adapters(path: Path, store: Store) -> None:
    retired, learned, kept = (
        store.add_lesson("words", "http://h", task, "Told: it", steps=[LessonStep("wait")]) for task in ("a", "b", "c")
    )
    store.add_adapter("sha256:aa", "smollm2", "adapters/aa", lesson_ids=[learned])
    store.add_adapter("sha256:bb", "smollm2", "adapters/bb", parent_id="sha256:aa")
    store.promote("sha256:aa", "it learned", [learned])
    store.retire_lesson(retired)
    overruled = store.add_lesson("words", "http://h", "d", "Told: it")
    store.add_lesson("words", "http://h", "d", "Told: another", overrules=overruled)
    assert rows(path, "SELECT id, place, steps FROM v_lessons")[:-1] == [
        (retired, "retired", 1),
        (learned, "in the weights", 1),
        (kept, "in the prompt", 1),
        (overruled, "overruled", 0),
    ]
    assert rows(path, "SELECT id, state, lessons, last_promoted_because FROM v_adapters") == [
        ("sha256:aa", "champion", 1, "it learned"),
        ("sha256:bb", "challenger", 0, None),
    ]
