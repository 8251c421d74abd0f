"""A lesson in other words, approval, and what can be neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.lessons.editing import edit, words_of
from agent.store import LessonStep, Store
from browser.errors import UsageError

APP = "http://127.0.0.1:8000"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.db") as opened:
        yield opened


def test_new_words_take_the_place_of_the_old_ones(store: Store) -> None:
    old = store.lesson(store.add_lesson("words", APP, "Add a bill", "Told: two decimals"))
    new = store.lesson(edit(store, old, "  always   two decimals "))
    assert (new.text, new.kind, new.app, new.task) == ("Told: always two decimals", "words", APP, "Add a bill")
    assert [row.id for row in store.find_lessons(APP, "Add a bill")] == [new.id]
    assert store.lesson(old.id).text == "Told: two decimals"
    assert store.lesson(old.id).retired_at is not None


def test_the_same_words_change_nothing(store: Store) -> None:
    old = store.lesson(store.add_lesson("words", APP, "", "Told: two decimals"))
    assert edit(store, old, words_of(old)) == old.id
    assert store.lessons(include_retired=True) == [old]


@pytest.mark.parametrize(("kind", "steps"), [("demonstration", ()), ("correction", (LessonStep("back"),))])
def test_what_was_shown_cannot_be_edited(store: Store, kind: str, steps: tuple[LessonStep, ...]) -> None:
    lesson = store.lesson(store.add_lesson(kind, APP, "Go", "Asked: Go\nback", steps=steps))
    with pytest.raises(UsageError, match=r"was shown.*Retire it"):
        edit(store, lesson, "other words")
    assert store.lessons(include_retired=True) == [lesson]


def test_neither_no_words_nor_a_retired_lesson(store: Store) -> None:
    lesson = store.lesson(store.add_lesson("preference", APP, "", "Told: two decimals"))
    with pytest.raises(UsageError, match="needs words"):
        edit(store, lesson, "  ")
    store.retire_lesson(lesson.id)
    with pytest.raises(UsageError, match="no longer used"):
        edit(store, store.lesson(lesson.id), "three decimals")
    with pytest.raises(UsageError, match="no longer used"):
        store.approve_lesson(lesson.id)


def test_the_first_approval_counts_and_new_words_need_their_own(store: Store) -> None:
    name = store.add_lesson("words", APP, "", "Told: two decimals")
    assert store.lesson(name).approved_at is None
    store.approve_lesson(name)
    first = store.lesson(name).approved_at
    store.approve_lesson(name)
    assert first is not None
    assert store.lesson(name).approved_at == first
    assert store.lesson(edit(store, store.lesson(name), "three decimals")).approved_at is None
