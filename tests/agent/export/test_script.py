"""A session's Playwright program, run as a program: what the server holds afterwards is what was recorded."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.export.script import playwright_script
from agent.guard import Guard
from agent.loop import Session
from agent.policy.scripted import ScriptedPolicy
from agent.store import Store
from browser.actions import Action, Verb, parse
from browser.environment import LiveEnvironment
from browser.errors import UsageError
from browser.launch import find_browser
from browser.types import Line, Observation, StepResult
from tests.shared_bills import Bills, serving

MUSEUM, TRAIN = ("Museum", "20", "Bea"), ("Train", "48", "Alex")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open() as opened:
        yield opened


@pytest.fixture
def bills() -> Iterator[Bills]:
    with serving(MUSEUM, TRAIN) as served:
        yield served


def recorded(store: Store, bills: Bills, steps: list[str]) -> str:
    """Do the steps in a real browser and return the session."""
    session_id = store.begin_session('add a """bill""" \\ and more', bills.url, bills.url)
    guard = Guard.for_task(bills.url, ["delete", "send"])
    with LiveEnvironment(bills.url, decide_dialog=lambda kind, text: True) as environment:
        Session(session_id, "t", environment, ScriptedPolicy(steps), guard, store).run()
    return session_id


def program(tmp_path: Path, text: str, **environ: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "again.py"
    file.write_text(text)
    return subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "BROWSER": str(find_browser().path), **environ},
    )


@pytest.mark.browser
def test_the_program_does_on_the_server_what_the_session_did(bills: Bills, tmp_path: Path) -> None:
    steps = [
        'type "What" "Lunch \\"to go\\""',
        'type "Amount" "12.50"',
        'select "Payer" "Chris"',
        'click "Shared"',
        'type "Note" "für alle"',
        'type "PIN" "tiger-77"',
        'click "Save"',
        'click "Delete (Museum, Bea)"',
        'click "Report"',
        'type "Nothing" "here"',
    ]
    with Store.open() as store:
        session = store.session(recorded(store, bills, steps))
        rows = store.steps(session.id)
        text = playwright_script(session, rows)
    after = [dict(row) for row in bills.rows]
    assert [row["what"] for row in after] == ["Train", 'Lunch "to go"'] and bills.pins == ["tiger-77"]
    assert "tiger-77" not in text and "PIN" in text
    bills.rows[:] = [dict(zip(("what", "amount", "payer"), row, strict=True)) for row in (MUSEUM, TRAIN)]
    bills.pins.clear()
    done = program(tmp_path, text, PIN="lion-88")
    assert done.returncode == 0, done.stderr
    assert bills.rows == after
    assert bills.pins == ["lion-88"]
    changed = program(
        tmp_path, text.replace("'What'", "'Whatever'").replace("PATIENCE = 10.0", "PATIENCE = 2.5"), PIN="x"
    )
    assert changed.returncode == 1 and 'textbox "Whatever" is not on' in changed.stderr


def test_a_session_that_did_nothing_makes_no_program(tmp_path: Path) -> None:
    page = Observation("http://a.example/", "A", ())
    with Store.open() as store:
        session_id = store.begin_session("t", "a", page.url)
        store.begin_step(session_id, 0, page, parse('fail "no way"'))
        store.finish_step(session_id, 0, StepResult(page))
        with pytest.raises(UsageError, match="did nothing on a page"):
            playwright_script(store.session(session_id), store.steps(session_id))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=3), st.text(), st.text())
def test_whatever_the_words_the_program_is_python_and_has_them(
    store: Store, fields: list[tuple[str, str]], task: str, note: str
) -> None:
    session_id = store.begin_session(task, "a", "http://a.example/")
    for step_no, (name, text) in enumerate(fields):
        name, text = (word.replace("\r", "").replace("\t", " ") for word in (name, text))
        page = Observation("http://a.example/", "A", (Line("textbox", name, 1),))
        store.begin_step(session_id, step_no, page, Action(Verb.TYPE, name, 1, text))
        store.finish_step(session_id, step_no, StepResult(page, note=note))
    tree = ast.parse(playwright_script(store.session(session_id), store.steps(session_id)))
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for name, text in fields:
        assert {name.replace("\r", "").replace("\t", " "), text.replace("\r", "").replace("\t", " ")} <= literals
