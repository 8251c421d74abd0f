"""Forgetting: only what belongs to the session or site goes, all of it, and what is left is whole."""

from __future__ import annotations

import sqlite3
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.store import Store
from browser.actions import Action, Verb
from browser.errors import UsageError
from browser.types import Line, Observation, StepResult

SITE, OTHER = "http://127.0.0.1:7101", "http://127.0.0.1:7105"


def add_session(store: Store, page: Observation, word: str, app: str = SITE, parent: str | None = None) -> str:
    shown = replace(page, url=f"{app}/trip/", lines=(*page.lines, Line("text", f"{word} on the page")))
    session_id = store.begin_session(f"task about {word}", app, f"{app}/trip/", parent_id=parent)
    store.begin_step(session_id, 0, shown, Action(Verb.TYPE, "Amount", 7, f"{word} typed"))
    store.finish_step(session_id, 0, StepResult(replace(shown, title=f"{word} title")), screenshot=word.encode() * 40)
    store.end_session(session_id, "done", f"{word} answered")
    store.add_outcome(session_id, True, "person", f"{word} noted")
    return session_id


def add_lesson(store: Store, session_id: str, word: str) -> str:
    row = store.session(session_id)
    return store.add_lesson(
        "demonstration", row.app, row.task, f"Lesson: {word} taught", source_session_id=session_id, source_step_no=0
    )


def bytes_of(path: Path) -> bytes:
    """Return all that the files of a store say, with what is compressed in them spelled out."""
    with sqlite3.connect(path) as connection:
        packed = [row[0] for row in connection.execute("SELECT data FROM blobs WHERE encoding = 'zlib'")]
    connection.close()
    files = [file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name)]
    return b"\n".join([*files, *map(zlib.decompress, packed)])


def test_every_byte_of_a_session_goes_and_nothing_else(store: Store, page: Observation) -> None:
    kept, gone = add_session(store, page, "elderberry"), add_session(store, page, "quicksilver")
    lesson = add_lesson(store, gone, "quicksilver")
    reader = store.begin_session("reads the lesson", OTHER, f"{OTHER}/", lesson_ids=[lesson])
    job = store.begin_job("consolidation")
    store.job_event(job, {"phase": "load", "lessons": ["task about quicksilver"]})
    before = bytes_of(store.path)
    plan = store.plan_forgetting(gone)
    assert b"quicksilver" in before and all(trace in before for trace in plan.traces)
    store.end_forgetting(store.forget(plan).id)
    store.scrub()
    after = bytes_of(store.path)
    assert b"quicksilver" not in after and b"elderberry on the page" in after
    assert not any(trace in after for trace in plan.traces) and len(plan.traces) >= 5
    assert store.verify() == []
    assert {row.id for row in store.sessions()} == {kept, reader}
    assert store.session(reader).lesson_ids == () and store.lessons(include_retired=True) == []
    assert store.sessions("quicksilver") == [] and store.job_events(job) == []
    assert [row.note for row in store.outcomes(kept)] == ["elderberry noted"]


def test_a_page_that_another_session_shows_stays(store: Store, page: Observation) -> None:
    first, second = add_session(store, page, "same"), add_session(store, page, "same")
    store.forget(store.plan_forgetting(first))
    assert store.verify() == []
    assert store.steps(second)[0].observation.lines[-1].name == "same on the page"


def test_a_site_takes_its_lessons_and_every_session_that_was_there(store: Store, page: Observation) -> None:
    began, elsewhere = add_session(store, page, "began"), add_session(store, page, "stays", OTHER)
    passed = store.begin_session("passes through", OTHER, f"{OTHER}/")
    store.begin_step(passed, 0, replace(page, url=f"{SITE}/private"), Action(Verb.WAIT))
    words = store.add_lesson("words", SITE, "", "Told: save first")
    for what in (SITE, f"{SITE}/trip/?x=1"):
        plan = store.plan_forgetting(what)
        assert set(plan.session_ids) == {began, passed} and plan.lesson_ids == (words,)
    assert elsewhere in {row.id for row in store.sessions()}
    assert store.plan_forgetting(OTHER).session_ids == (elsewhere, passed)


def test_a_site_whose_address_begins_alike_is_another(store: Store, page: Observation) -> None:
    longer = add_session(store, page, "longer", f"{SITE}0")
    own = add_session(store, page, "own")
    assert store.plan_forgetting(SITE).session_ids == (own,)
    assert store.plan_forgetting(f"{SITE}0").session_ids == (longer,)


def test_replays_of_a_session_go_with_it(store: Store, page: Observation) -> None:
    first = add_session(store, page, "first")
    second = add_session(store, page, "again", parent=first)
    third = add_session(store, page, "oncemore", parent=second)
    store.forget(store.plan_forgetting(first))
    assert store.sessions() == [] and store.verify() == [] and third != second


def test_adapters_that_learned_it_never_act_again(store: Store, page: Observation) -> None:
    one, two = add_session(store, page, "one"), add_session(store, page, "two")
    first, second = add_lesson(store, one, "one"), add_lesson(store, two, "two")
    store.add_adapter("a" * 16, "base", "adapters/a", lesson_ids=[first])
    store.add_adapter("b" * 16, "base", "adapters/b", lesson_ids=[first, second], receipt={"says": "two"})
    store.add_adapter("c" * 16, "base", "adapters/c", lesson_ids=[first, second])
    for name in "abc":
        store.promote(name * 16, "passed the gate", [first])
    plan = store.plan_forgetting(two)
    intent = store.forget(plan)
    assert set(plan.adapter_ids) == {"b" * 16, "c" * 16} and intent.adapter_paths == ("adapters/b", "adapters/c")
    champion = store.champion()
    assert champion is not None and champion.id == "a" * 16
    assert store.lesson(first).in_weights_adapter_id is None
    assert store.adapter("b" * 16).receipt == {} and store.adapter("b" * 16).forgotten_at is not None
    with pytest.raises(UsageError, match="forgotten"):
        store.promote("c" * 16, "again")
    assert store.roll_back("by hand") is None
    assert store.verify() == []


def test_what_was_begun_is_remembered_until_it_is_done(store: Store, page: Observation) -> None:
    intent = store.forget(store.plan_forgetting(add_session(store, page, "word")))
    assert [item.id for item in store.unfinished_forgettings()] == [intent.id]
    store.end_forgetting(intent.id)
    assert store.unfinished_forgettings() == []


def test_what_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(UsageError, match="no session"):
        store.plan_forgetting("http://nowhere.example/")
    with pytest.raises(UsageError, match="no session"):
        store.plan_forgetting("")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([SITE, OTHER]), st.integers(0, 3)), min_size=1, max_size=6), st.data())
def test_the_store_is_whole_whatever_is_forgotten(
    tmp_path_factory: pytest.TempPathFactory, page: Observation, made: list[tuple[str, int]], data: st.DataObject
) -> None:
    with Store.open(tmp_path_factory.mktemp("store") / "s.db") as store:
        ids = [add_session(store, page, f"word{number}", app) for app, number in made]
        for session_id, (_, number) in zip(ids, made, strict=True):
            if number % 2:
                add_lesson(store, session_id, f"word{number}")
        what = data.draw(st.sampled_from([*ids, SITE]))
        if what == SITE and not any(app == SITE for app, _ in made):
            return
        plan = store.plan_forgetting(what)
        store.forget(plan)
        assert store.verify() == []
        assert {row.id for row in store.sessions()} == set(ids) - set(plan.session_ids)
