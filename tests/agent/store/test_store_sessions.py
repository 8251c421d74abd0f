from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.store import Store
from browser.errors import UsageError


def begin(store: Store, task: str = "task") -> str:
    return store.begin_session(task, "http://127.0.0.1:7101", "http://127.0.0.1:7101/trip/")


def test_a_session_comes_back(store: Store) -> None:
    store.add_adapter("sha256:aa", "base", "aa")
    lesson_id = store.add_lesson("words", "http://h", "", "Told: save first")
    first = begin(store)
    second = store.begin_session(
        "pay\x00 the bill", "http://h", "http://h/x", "replay", "smollm2", "sha256:aa", [lesson_id], first
    )
    row = store.session(second)
    assert (row.id, row.task, row.app, row.url, row.kind) == (
        second,
        "pay\x00 the bill",
        "http://h",
        "http://h/x",
        "replay",
    )
    assert (row.policy, row.adapter_id, row.lesson_ids, row.parent_id) == ("smollm2", "sha256:aa", (lesson_id,), first)
    assert (row.ended_at, row.stop_reason, row.answer, row.steps, row.outcome) == (None, None, "", 0, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", row.started_at)
    assert store.verify() == []


def test_a_session_ends_once(store: Store) -> None:
    session_id = begin(store)
    store.end_session(session_id, "done", "12.50")
    row = store.session(session_id)
    assert (row.stop_reason, row.answer) == ("done", "12.50")
    assert row.ended_at is not None
    for wrong in (session_id, "01UNKNOWN"):
        with pytest.raises(UsageError, match="is running"):
            store.end_session(wrong, "failed")


def test_what_a_session_refers_to_must_be_recorded(store: Store) -> None:
    for wrong in ({"adapter_id": "sha256:00"}, {"parent_id": "01UNKNOWN"}, {"kind": "party"}):
        with pytest.raises(UsageError, match="refuses this row"):
            store.begin_session("task", "a", "u", **wrong)
    assert store.sessions() == []


def test_sessions_come_latest_first_and_page_by_page(store: Store) -> None:
    ids = [begin(store, f"task {number}") for number in range(5)]
    assert [row.id for row in store.sessions()] == ids[::-1]
    assert [row.id for row in store.sessions(limit=2)] == [ids[4], ids[3]]
    assert [row.id for row in store.sessions(limit=2, before=ids[3])] == [ids[2], ids[1]]
    with pytest.raises(UsageError):
        store.sessions(before="nothing")


def test_sessions_are_found_by_words(store: Store) -> None:
    lunch = begin(store, "Add a bill Lunch of 12.50 paid by Alex")
    begin(store, "Add a participant Zoë")
    assert [row.id for row in store.sessions("bills alex")] == [lunch]
    assert [row.id for row in store.sessions("lun")] == [lunch]
    assert [row.task for row in store.sessions("zoe")] == ["Add a participant Zoë"]
    assert store.sessions("lunch zoe") == []
    assert store.sessions("?!") == []
    assert len(store.sessions("  ")) == 2


def test_an_id_may_be_shortened_while_it_is_unique(store: Store) -> None:
    first, second = begin(store), begin(store)
    common = next(end for end in range(26) if first[end] != second[end])
    assert store.session(first[: common + 1]).id == first
    assert store.session(second.lower()).id == second
    with pytest.raises(UsageError, match="more than one session"):
        store.session(first[:common])
    for wrong in ("", "!", first + "0", "%", "01UNKNOWN"):
        with pytest.raises(UsageError, match="no session"):
            store.session(wrong)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters())
    | st.sampled_from(['"', "a*", "NEAR(a b)", "task:", "a AND", "-a", "{task} : a", "'; DROP TABLE sessions; --"])
)
def test_any_text_may_be_searched_for_and_any_id_asked_for(store: Store, text: str) -> None:
    assert store.sessions(text) == []
    with pytest.raises(UsageError):
        store.session(text)


def test_outcomes_add_up(store: Store) -> None:
    session_id = begin(store)
    store.add_outcome(session_id, True, "agent")
    assert store.session(session_id).outcome is True
    store.add_outcome(session_id, False, "check", "the bill is not there")
    store.add_outcome(session_id, True, "agent", "it is")
    assert store.session(session_id).outcome is False, "a check's word counts more than the agent's"
    store.add_outcome(session_id, True, "person", "months later")
    assert store.session(session_id).outcome is True
    assert [(row.succeeded, row.source, row.note) for row in store.outcomes(session_id)] == [
        (True, "agent", ""),
        (False, "check", "the bill is not there"),
        (True, "agent", "it is"),
        (True, "person", "months later"),
    ]
    with pytest.raises(UsageError):
        store.add_outcome("01UNKNOWN", True, "person")
