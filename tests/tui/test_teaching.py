"""Teaching by one's own hands, with the real command and a real browser: typed where there is no window, followed where there is one."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from bills_site import Site, serving

from agent.event_schema import validated
from agent.guard import Guard
from agent.loop import Budget
from agent.policy.onlooker import Onlooker
from agent.policy.typed import TypedPolicy
from agent.secrets.taught import as_taught
from agent.store import Store
from agent.takeover import Wheel
from browser.actions import parse
from browser.environment import LiveEnvironment
from browser.recorder import Recorder
from consolidation.job import recorded
from tests.browser.test_recorder import Person
from tui.cli import main
from tui.commands.teach import LessonFailed, teach_steps
from tui.example import ORIGIN, BillsApp

pytestmark = pytest.mark.browser
TASK = "add a bill Museum"
STEPS = ['type "What" "Museum"', 'click "Save"', "done"]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[LiveEnvironment]:
    with LiveEnvironment("http://127.0.0.1/") as environment:
        yield environment


def teach(*options: str, said: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[dict[str, Any]], str]:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO(said))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["teach", TASK, *options])
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def answers(*texts: str | None) -> str:
    return "".join(json.dumps({"answer": text}) + "\n" for text in texts)


def test_steps_that_are_typed_are_done_checked_and_become_a_lesson(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--url", site.url, "--headless", "--json", "--answers-on-stdin")
    said = answers(STEPS[0], 'click "Sav"', *STEPS[1:])
    code, (*events, lesson), err = teach(*options, said=said, monkeypatch=monkeypatch)
    assert (code, site.bills) == (0, ["Museum"]), err
    for event in events:
        validated(event)
    wanted = [event for event in events if event["event"] == "step_wanted"]
    assert [(event["step"], event["problem"]) for event in wanted] == [
        *((0, ""), (1, ""), (1, '"Sav" is not on this page'), (2, "")),
    ]
    assert 'type "What" "' in wanted[0]["offers"] and 'click "Save"' in wanted[0]["offers"]
    assert lesson["kind"] == "demonstration" and [step["action"] for step in lesson["steps"]] == STEPS
    with Store.open() as store:
        assert [step.action.render(with_ref=False) for step in recorded(store, lesson["source_session_id"])] == STEPS


def test_a_person_may_take_their_time_and_a_file_may_not_go_in_circles(tmp_path: Path) -> None:
    begin, again = 'click "Add a bill"', 'type "What" "Museum"'
    said = iter([begin, *[again] * 45, "done"])
    guard = Guard.for_task(ORIGIN)
    with Store.open(tmp_path / "store.db") as store:

        def teach_here(actions: list[str], policy: TypedPolicy | None = None) -> int:
            lesson_id = teach_steps(
                store, TASK, "bills", ORIGIN, guard, [parse(action) for action in actions],
                headless=True, environment=BillsApp(), policy=policy, by_hand=policy is not None,
            )  # fmt: skip
            return len(store.lesson(lesson_id).steps)

        assert teach_here([], TypedPolicy(lambda *_: next(said))) == 47 > Budget().steps
        assert teach_here([begin, *(f'type "What" "{number}"' for number in range(45))]) == 47
        with pytest.raises(LessonFailed, match="loop"):
            teach_here([begin, *[again] * 5])


def test_whoever_says_nothing_teaches_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(site.bills)
    options = ("--url", site.url, "--headless", "--json", "--answers-on-stdin")
    code, events, _ = teach(*options, said=answers(None), monkeypatch=monkeypatch)
    assert (code, events[-1]["event"], site.bills) == (3, "error", before)
    assert "left before its end" in events[-1]["error"]
    code, events, _ = teach(*options, said="", monkeypatch=monkeypatch)
    assert code == 3
    with Store.open() as store:
        assert store.lessons() == []


def test_without_anybody_there_is_nobody_to_type(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    code, events, err = teach("--url", site.url, "--headless", said="", monkeypatch=monkeypatch)
    assert (code, events) == (2, [])
    assert (
        err
        == "error: nobody is there to type the steps. Give them in a file: --steps FILE, or teach at a terminal or with a window\n"
    )
    with Store.open() as store:
        assert store.sessions() == []


def by_hand(browser: LiveEnvironment, site: Site, store: Store, act: Callable[[Person], object], *, enough: int) -> str:
    """Teach in a window that the test has its hands on; hand back after so many steps."""
    hand = Onlooker(lambda action, page: as_taught(action, page, {}))
    wheel = Wheel(lambda: Recorder(browser), hand.saw)
    wheel.take("do it in the browser window")
    browser.url = site.url

    def listen(event: dict[str, Any]) -> None:
        validated(event)
        if event["event"] == "take_over":
            assert event["reason"] == "do it in the browser window"
            act(Person(browser))
        if event["event"] in ("take_over", "stepped") and len(store.steps(event["session"])) >= enough:
            wheel.hand_back()

    guard = Guard.for_task(site.url)
    return teach_steps(
        store, TASK, "bills", site.url, guard, [], listen, headless=True,
        environment=browser, policy=hand, by_hand=True, wheel=wheel,
    )  # fmt: skip


def test_what_is_done_in_the_window_becomes_a_lesson(browser: LiveEnvironment, site: Site, tmp_path: Path) -> None:
    def act(person: Person) -> None:
        person.press("input[name=what]")
        person.type("Ferry")
        person.press("text=Save")

    with Store.open(tmp_path / "store.db") as store:
        lesson = store.lesson(by_hand(browser, site, store, act, enough=2))
        assert [step.action for step in lesson.steps] == ['type "What" "Ferry"', 'click "Save"', "done"]
        assert {step.actor for step in store.steps(lesson.source_session_id or "")} == {"person"}
    assert site.bills[-1] == "Ferry"


def test_a_window_in_which_nothing_was_done_teaches_nothing(
    browser: LiveEnvironment, site: Site, tmp_path: Path
) -> None:
    with (
        Store.open(tmp_path / "store.db") as store,
        pytest.raises(LessonFailed, match="nothing was done in the browser window"),
    ):
        by_hand(browser, site, store, lambda person: None, enough=0)
    with Store.open(tmp_path / "store.db") as store:
        assert store.lessons() == []
        assert store.sessions()[0].stop_reason == "failed"
