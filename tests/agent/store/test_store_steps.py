from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.stop import StopReason
from agent.store import Store
from browser.actions import KEYS, Action, Verb, parse
from browser.errors import UsageError
from browser.types import Line, Observation, StepResult

TEXT = st.text(max_size=30)
HALF_PAIRS = st.text(st.characters(categories=["Cs", "Lu", "Cc"]), max_size=5)
LINES = st.builds(
    Line,
    TEXT,
    TEXT,
    st.none() | st.integers(0, 10**6),
    TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
    st.lists(TEXT, max_size=3).map(tuple),
)
PAGES = st.builds(
    Observation,
    TEXT,
    TEXT,
    st.lists(LINES, max_size=6).map(tuple),
    st.none() | st.integers(0),
    st.none() | TEXT,
    st.integers(0, 999),
    st.integers(0, 999),
    st.integers(0),
    st.integers(0),
)
ACTIONS = st.one_of(
    st.builds(Action, st.just(Verb.CLICK), TEXT, st.none() | st.integers(0, 10**6)),
    st.builds(Action, st.sampled_from([Verb.TYPE, Verb.SELECT]), TEXT, st.none() | st.integers(0, 10**6), TEXT),
    st.builds(Action, st.sampled_from([Verb.OPEN, Verb.FIND, Verb.ASK, Verb.DONE, Verb.FAIL]), text=TEXT),
    st.builds(Action, st.just(Verb.PRESS), text=st.sampled_from(KEYS)),
    st.builds(Action, st.just(Verb.SCROLL), text=st.sampled_from(["up", "down"])),
    st.builds(Action, st.sampled_from([Verb.BACK, Verb.WAIT])),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as directory, Store.open(Path(directory) / "apprentice.db") as store:
        yield store


@settings(deadline=None, max_examples=60)
@given(
    before=PAGES,
    action=ACTIONS,
    after=PAGES,
    ok=st.booleans(),
    note=TEXT,
    screenshot=st.none() | st.binary(max_size=200),
)
def test_what_is_recorded_comes_back(
    shared: Store,
    before: Observation,
    action: Action,
    after: Observation,
    ok: bool,
    note: str,
    screenshot: bytes | None,
) -> None:
    session_id = shared.begin_session("task", "http://h", "http://h/")
    shared.begin_step(
        session_id,
        0,
        before,
        action,
        guard={"allowed": True, "reason": note},
        decided_ms=1.5,
        prompt_tokens=3,
        new_tokens=2,
    )
    shared.finish_step(session_id, 0, StepResult(after, ok, note), acted_ms=2.5, screenshot=screenshot)
    (step,) = shared.steps(session_id)
    assert (step.observation, step.result_observation, step.ok, step.note) == (before, after, ok, note)
    assert step.action == parse(action.render())
    assert (step.guard, step.decided_ms, step.acted_ms, step.prompt_tokens, step.new_tokens, step.actor) == (
        {"allowed": True, "reason": note},
        1.5,
        2.5,
        3,
        2,
        "agent",
    )
    assert (None if step.screenshot_hash is None else shared.get_blob(step.screenshot_hash)) == screenshot


@settings(deadline=None, max_examples=40)
@given(text=HALF_PAIRS)
def test_text_that_utf8_cannot_hold_is_recorded_all_the_same(shared: Store, text: str) -> None:
    session_id = shared.begin_session(text, text, text)
    page = Observation(text, text, (Line("text", text),))
    shared.begin_step(session_id, 0, page, Action(Verb.FIND, text=text))
    shared.finish_step(session_id, 0, StepResult(page, note=text))
    (step,) = shared.steps(session_id)
    assert step.note == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert step.result_observation == step.observation


def test_everything_above_left_a_sound_store(shared: Store) -> None:
    assert shared.verify() == []


def test_a_step_without_result_is_known_and_its_result_unknown(store: Store, page: Observation) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    store.begin_step(session_id, 0, page, parse('click "Save" [12]'), actor="person")
    (step,) = store.steps(session_id)
    assert (step.ok, step.result_observation, step.finished_at, step.actor, step.guard) == (
        None,
        None,
        None,
        "person",
        None,
    )


def test_equal_pages_are_stored_once(path: Path, store: Store, page: Observation) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    for step_no in range(3):
        store.begin_step(session_id, step_no, page, parse("wait"))
        store.finish_step(session_id, step_no, StepResult(page))
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM blobs").fetchone() == (1,)


def test_a_step_begins_once_and_ends_once(store: Store, page: Observation) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    with pytest.raises(UsageError, match="not waiting"):
        store.finish_step(session_id, 0, StepResult(page))
    store.begin_step(session_id, 0, page, parse("wait"))
    with pytest.raises(UsageError, match="refuses this row"):
        store.begin_step(session_id, 0, page, parse("back"))
    store.finish_step(session_id, 0, StepResult(page))
    with pytest.raises(UsageError, match="not waiting"):
        store.finish_step(session_id, 0, StepResult(page, ok=False))
    (step,) = store.steps(session_id)
    assert step.ok
    assert step.action == parse("wait")


def test_a_refused_step_stores_no_page(path: Path, store: Store, page: Observation) -> None:
    with pytest.raises(UsageError):
        store.begin_step("01UNKNOWN", 0, page, parse("wait"))
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM blobs").fetchone() == (0,)


@pytest.mark.parametrize("action", [Action(Verb.SCROLL, text="sideways"), Action(Verb.PRESS, text="Power")])
def test_an_action_that_cannot_be_read_back_is_refused(store: Store, page: Observation, action: Action) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    with pytest.raises(UsageError, match="cannot be recorded"):
        store.begin_step(session_id, 0, page, action)
    assert store.steps(session_id) == []


def test_an_actor_is_agent_or_person(store: Store, page: Observation) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    with pytest.raises(UsageError):
        store.begin_step(session_id, 0, page, parse("wait"), actor="nobody")


def test_a_stop_reason_is_stored_as_its_word(store: Store) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    store.end_session(session_id, StopReason.DONE, "12.50")
    session = store.session(session_id)
    assert (session.stop_reason, type(session.stop_reason), session.answer) == ("done", str, "12.50")
