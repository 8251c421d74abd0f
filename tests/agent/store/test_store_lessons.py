from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.store import LessonStep, Store
from browser.actions import parse
from browser.errors import UsageError
from browser.types import Observation

APP = "http://127.0.0.1:7101"


def teach(store: Store, task: str, text: str = "Asked: something", app: str = APP, **more) -> str:
    return store.add_lesson("demonstration", app, task, text, **more)


def test_a_lesson_comes_back(store: Store, page: Observation) -> None:
    session_id = store.begin_session("task", APP, APP)
    store.begin_step(session_id, 0, page, parse('click "Save" [12]'))
    (step,) = store.steps(session_id)
    steps = (LessonStep('click "Save" [12]', step.observation_hash), LessonStep("done"))
    until = datetime(2031, 5, 1, 12, tzinfo=UTC)
    lesson_id = store.add_lesson(
        "correction",
        APP,
        "save",
        "Told: save",
        steps=steps,
        source_session_id=session_id,
        source_step_no=0,
        expires_at=until,
    )
    row = store.lesson(lesson_id[:20])
    assert (row.id, row.kind, row.app, row.task, row.text, row.steps) == (
        lesson_id,
        "correction",
        APP,
        "save",
        "Told: save",
        steps,
    )
    assert (row.source_session_id, row.source_step_no, row.expires_at) == (
        session_id,
        0,
        "2031-05-01T12:00:00.000+00:00",
    )
    assert (row.retired_at, row.in_weights_adapter_id) == (None, None)
    assert store.verify() == []


def test_a_lesson_names_a_step_that_is_recorded(store: Store) -> None:
    session_id = store.begin_session("task", APP, APP)
    with pytest.raises(UsageError):
        teach(store, "save", source_session_id=session_id, source_step_no=7)
    teach(store, "save", source_session_id=session_id)


def test_verify_finds_a_page_that_no_lesson_could_show(store: Store) -> None:
    lesson_id = teach(store, "save", steps=[LessonStep("wait", "sha256:00")])
    assert store.verify() == [f"lesson {lesson_id} teaches on a page that is not stored: sha256:00"]


def test_lessons_are_found_by_the_words_of_the_task(store: Store) -> None:
    bill = teach(store, "Add a bill Museum of 20 paid by Bea", 'Asked: Add a bill\nclick "Add a new bill"')
    teach(store, "Delete the participant Tom")
    teach(store, "Add a bill Museum of 20 paid by Bea", app="http://127.0.0.1:7102")
    assert [row.id for row in store.find_lessons(APP, "add bills: Lunch, 12.50, paid by Alex")] == [bill]
    assert store.find_lessons(APP, "rename everything") == []
    assert store.find_lessons("http://elsewhere", "Add a bill") == []


def test_a_task_that_was_taught_outranks_a_word_among_the_actions(store: Store) -> None:
    mention = teach(store, "Open the settings", 'click "Bill" [3]')
    task = teach(store, "Enter a bill", 'click "New" [3]')
    assert [row.id for row in store.find_lessons(APP, "bill")] == [task, mention]
    assert [row.id for row in store.find_lessons(APP, "bill", limit=1)] == [task]


def test_a_lesson_for_every_task_comes_after_those_that_match(store: Store) -> None:
    general = store.add_lesson("preference", APP, "", "Told: write dates as 2026-03-01")
    bill = teach(store, "Enter a bill")
    assert [row.id for row in store.find_lessons(APP, "a bill")] == [bill, general]
    assert [row.id for row in store.find_lessons(APP, "dates?")] == [general]
    assert [row.id for row in store.find_lessons(APP, "")] == [general]


def test_what_is_retired_or_expired_is_kept_but_not_found(store: Store) -> None:
    moment = datetime.now(UTC)
    kept = teach(store, "pay a bill", expires_at=moment + timedelta(days=1))
    teach(store, "pay a bill", expires_at=moment - timedelta(days=1))
    retired = teach(store, "pay a bill")
    store.retire_lesson(retired)
    first = store.lesson(retired).retired_at
    store.retire_lesson(retired)
    assert store.lesson(retired).retired_at == first
    assert [row.id for row in store.find_lessons(APP, "pay a bill")] == [kept]
    assert len(store.lessons(APP)) == 2
    assert store.lessons(include_retired=True)[0].id == retired
    assert store.lessons("http://elsewhere") == []


def test_a_lesson_leaves_the_prompt_only_for_the_adapter_that_carries_it(store: Store) -> None:
    for name in ("sha256:aa", "sha256:bb"):
        store.add_adapter(name, "base", name)
    lesson_id = teach(store, "pay a bill")
    store.promote("sha256:aa", "passed the gate", [lesson_id])
    assert store.lesson(lesson_id).in_weights_adapter_id == "sha256:aa"
    assert store.find_lessons(APP, "bill", adapter_id="sha256:aa") == []
    for other in (None, "sha256:bb"):
        assert [row.id for row in store.find_lessons(APP, "bill", adapter_id=other)] == [lesson_id]
    store.promote("sha256:bb", "passed the gate", [lesson_id])
    assert len(store.find_lessons(APP, "bill", adapter_id="sha256:aa")) == 1
    with pytest.raises(UsageError, match="no adapter"):
        store.promote("sha256:00", "passed the gate", [lesson_id])
    assert store.lesson(lesson_id).in_weights_adapter_id == "sha256:bb"


def test_unknown_lessons_are_a_usage_error(store: Store) -> None:
    for ask in (store.lesson, store.retire_lesson, store.approve_lesson):
        with pytest.raises(UsageError, match="no lesson"):
            ask("01UNKNOWN")


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters())
    | st.sampled_from(
        ['"', '""', "*", "a*", "^a", "a NEAR b", "NOT", "task : a", "(", "a\x00b", "_", "é\ud800", "a " * 5000]
    )
)
def test_any_text_may_be_asked_for(store: Store, text: str) -> None:
    assert store.find_lessons(APP, text) == []
    assert store.find_lessons(text, text) == []


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.from_regex(r"[a-z0-9]{2,12}", fullmatch=True), min_size=1, max_size=8))
def test_what_was_taught_is_found_by_its_own_task(store: Store, words: list[str]) -> None:
    lesson_id = teach(store, " ".join(words))
    assert lesson_id in {row.id for row in store.find_lessons(APP, " ".join(words), limit=1000)}


def test_the_index_follows_the_table(path: Path, store: Store) -> None:
    lesson_id = teach(store, "pay a bill")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE lessons SET task = 'rename a page' WHERE id = ?", [lesson_id])
    assert store.find_lessons(APP, "bill") == []
    assert len(store.find_lessons(APP, "rename")) == 1
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM lessons")
        raw.execute("VACUUM") if not raw.in_transaction else None
    assert store.find_lessons(APP, "rename") == []
    assert store.verify() == []


def test_what_was_judged_wrong_later_is_not_read_until_it_is_judged_right(store: Store) -> None:
    session_id = store.begin_session("pay back", "http://h", "http://h/", kind="teach")
    lesson_id = store.add_lesson("demonstration", "http://h", "pay back", "Lesson", source_session_id=session_id)
    for verdict in (None, False, True):
        if verdict is not None:
            store.add_outcome(session_id, verdict, "person", "months later")
        found = [row.id for row in store.find_lessons("http://h", "pay back")]
        assert found == ([] if verdict is False else [lesson_id])
