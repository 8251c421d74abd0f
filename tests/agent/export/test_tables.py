"""Sessions as data: what `datasets`, pyarrow and a JSON parser read back is what the store holds, without its secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.export.records import SESSION_FIELDS, STEP_FIELDS, Field, session_records
from agent.export.tables import arrow_schema, write_sessions
from agent.store import Store
from browser.actions import Action, Verb
from browser.errors import StorageError, UsageError
from browser.types import Line, Observation, StepResult

ROOT = Path(__file__).resolve().parents[3]
LINES = (Line("textbox", "What", 1), Line("textbox", "PIN", 2, states=("secret",)), Line("button", "Save", 3))
PAGE = Observation("http://a.example/new?x=1", "Bills", LINES)
STRUCT = PAGE.render().splitlines()


def record(store: Store, task: str, actions: list[Action], *, end: bool = True) -> str:
    """Record a session by hand: every step but the last has a result."""
    session = store.begin_session(task, "http://a.example", PAGE.url, policy="tiny")
    for step_no, action in enumerate(actions):
        verdict = {"allowed": True, "consequence": "change", "reason": "can be undone", "by": "rule"}
        store.begin_step(session, step_no, PAGE, action, guard=verdict, decided_ms=1.5, prompt_tokens=7, new_tokens=3)
        if end or step_no + 1 < len(actions):
            store.finish_step(session, step_no, StepResult(PAGE, note=f"after {action.text}"), acted_ms=2.5)
    if end:
        store.end_session(session, "done", "it is in")
        store.add_outcome(session, True, "check")
    return session


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open() as opened:
        yield opened


@pytest.fixture
def three(store: Store) -> Store:
    """A whole session, one that was killed in its second step, and one that was killed before its first."""
    lesson = store.add_lesson("words", "http://a.example", "", "Told: always save")
    record(
        store,
        "add Lunch, PIN tiger-77",
        [
            Action(Verb.TYPE, "What", 1, 'Lu "nch"\n\\'),
            Action(Verb.TYPE, "PIN", 2, "tiger-77"),
            Action(Verb.CLICK, "Save", 3),
        ],
    )
    record(store, "add Dinner", [Action(Verb.CLICK, "Save", 3), Action(Verb.WAIT)], end=False)
    store.begin_session("nothing yet", "http://a.example", PAGE.url, lesson_ids=[lesson])
    return store


def test_datasets_loads_both_formats_and_finds_the_same(three: Store, tmp_path: Path) -> None:
    os.environ["HF_HOME"] = str(tmp_path / "hf")
    os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    datasets.disable_progress_bars()
    seen = []
    for kind, name in (("json", "s.jsonl"), ("parquet", "s.parquet")):
        assert write_sessions(tmp_path / name, session_records(three)) == 3
        loaded = datasets.load_dataset(
            kind, data_files=str(tmp_path / name), split="train", cache_dir=str(tmp_path / "c")
        )
        seen.append(list(loaded))
        del loaded
    assert [row["task"] for row in seen[0]] == ["nothing yet", "add Dinner", "add Lunch, PIN <secret>"]
    steps = seen[0][2]["steps"]
    assert [step["action"] for step in steps] == [
        'type "What" [1] "Lu \\"nch\\"\\n\\\\"',
        'type "PIN" [2] "<secret>"',
        'click "Save" [3]',
    ]
    assert steps[0]["lines"] == STRUCT and steps[0]["consequence"] == "change" and seen[0][2]["outcome"] is True
    assert seen[0][1]["steps"][1]["ok"] is None and seen[0][0]["lessons"] == ["Told: always save"]
    assert seen[0] == seen[1]


def test_the_rows_are_those_of_the_schema(three: Store, tmp_path: Path) -> None:
    from pyarrow import parquet

    write_sessions(tmp_path / "s.parquet", session_records(three))
    table = parquet.read_table(tmp_path / "s.parquet")
    assert table.schema.equals(arrow_schema())
    assert table.schema.field("task").metadata[b"meaning"] == b"the person's words"
    assert table.column_names == [*SESSION_FIELDS, "steps"]
    assert list(table.to_pylist()[2]["steps"][0]) == list(STEP_FIELDS)


def test_no_secret_leaves_and_without_the_mask_it_would(three: Store, tmp_path: Path) -> None:
    write_sessions(tmp_path / "s.jsonl", session_records(three))
    write_sessions(tmp_path / "s.parquet", session_records(three))
    assert b"tiger-77" not in (tmp_path / "s.jsonl").read_bytes()
    from pyarrow import parquet

    assert "tiger-77" not in str(parquet.read_table(tmp_path / "s.parquet").to_pylist())
    assert any("tiger-77" in step.action.text for row in three.sessions() for step in three.steps(row.id))


def test_an_export_that_fails_leaves_what_was_there(three: Store, tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text("mine")

    def broken() -> Iterator[dict[str, Any]]:
        yield next(session_records(three))
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        write_sessions(file, broken())
    assert file.read_text() == "mine" and list(tmp_path.glob(".s.jsonl*")) == []
    with pytest.raises(UsageError, match=r"neither \.jsonl nor \.parquet"):
        write_sessions(tmp_path / "s.csv", session_records(three))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.text())
def test_any_words_survive(tmp_path: Path, task: str, typed: str) -> None:
    from pyarrow import parquet

    with Store.open(tmp_path / "any.db") as store:
        action = Action(Verb.TYPE, "What", 1, typed.replace("\r", "").replace("\t", " "))
        session = record(store, task, [action])
        for name in ("a.jsonl", "a.parquet"):
            write_sessions(tmp_path / name, [next(session_records(store))])
        rows = [
            json.loads((tmp_path / "a.jsonl").read_text()),
            parquet.read_table(tmp_path / "a.parquet").to_pylist()[0],
        ]
        for row in rows:
            assert row["id"] == session
            assert row["steps"][0]["action"] == action.render()
        assert rows[0] == rows[1]


def test_the_documentation_has_the_same_tables() -> None:
    text = (ROOT / "docs" / "interop.md").read_text()

    def table(fields: dict[str, Field]) -> str:
        return "\n".join(f"| `{name}` | {field.type} | {field.meaning} |" for name, field in fields.items())

    assert table(SESSION_FIELDS) in text
    assert re.sub(r"\s+$", "", table(STEP_FIELDS)) in text
