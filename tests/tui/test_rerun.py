"""A recorded session is performed again in the real app: the same, with other values, and not at all where the app is another one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from agent.guard import Guard
from agent.store import Store
from browser.actions import parse
from browser.types import Line, Observation, StepResult
from tests.bills import STEPS, TASK, Bills, bills_app
from tui.cli import main
from tui.commands.teach import teach_steps


@pytest.fixture
def app() -> Iterator[Bills]:
    with bills_app() as server:
        yield server


@pytest.fixture
def session(app: Bills) -> str:
    """A session that was recorded in the app; the app then holds what it added."""
    with Store.open() as store:
        guard = Guard.for_task(app.url)
        lesson = teach_steps(store, TASK, "bills", app.url, guard, [parse(step) for step in STEPS], headless=True)
        return store.lesson(lesson).source_session_id or ""


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["apprentice", *arguments])
    return main()


@pytest.mark.browser
@pytest.mark.slow
def test_it_is_done_again_with_other_values(
    app: Bills, session: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "rerun", session, "--headless") == 0
    values = ("--set", "20=12.50", "--set", "Museum=A walk", "--set", "Bea=Chris")
    assert command(monkeypatch, "rerun", session, "--headless", *values) == 0
    assert app.bills[1:] == [("Museum", "20.00", "Bea"), ("Museum", "20.00", "Bea"), ("A walk", "12.50", "Chris")]
    with Store.open() as store:
        again = store.sessions()[0]
        assert (again.kind, again.parent_id, again.stop_reason, again.policy) == ("replay", session, "done", "rerun")
    capsys.readouterr()

    app.add_label = "Record an expense"
    assert command(monkeypatch, "rerun", session, "--headless", "--json") == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "diverged" and events[-1]["step"] == 1
    assert '-link "Add a bill"' in events[-1]["diff"] and '+link "Record an expense"' in events[-1]["diff"]

    app.add_label, app.form_path = "Add a bill", "/sign-in"
    assert command(monkeypatch, "rerun", session, "--headless") == 3
    said = capsys.readouterr().out
    assert "step 2: the page is /sign-in and not /add" in said and '+heading "Log in"' in said
    assert len(app.bills) == 4, "nothing was done after the app had gone another way"


def test_values_that_mean_nothing_are_refused_before_a_browser_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open() as store:
        session = store.begin_session(TASK, "bills", "http://127.0.0.1:9/")
        page = Observation("http://127.0.0.1:9/", "Bills", (Line("textbox", "Amount", 1),))
        store.begin_step(session, 0, page, parse('type "Amount" [1] "20"'))
        store.finish_step(session, 0, StepResult(page))
        store.end_session(session, "done")
    for value, message in (
        ("20", "does not say what becomes what"),
        ("99=1", 'nothing that was written says "99". There is "20"'),
        ("=1", "does not say what becomes what"),
    ):
        assert command(monkeypatch, "rerun", session, "--headless", "--set", value) == 2
        assert message in capsys.readouterr().err
    with Store.open() as store:
        assert len(store.sessions()) == 1
