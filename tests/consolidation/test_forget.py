"""Forgetting with its files: nothing is found afterwards, and what is learned again is what was never taught the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.lessons.text import demonstration_text
from agent.lock import instance_lock
from agent.paths import adapters_dir, data_dir
from agent.policy.embedded import file_sha256
from agent.store import Store
from browser.errors import AlreadyRunning, UsageError
from browser.types import Observation
from consolidation.forget import complete, forget, search
from consolidation.job import Request, night_folders, prepare, spawn
from consolidation.rehearsal.variants import Demonstration


def teach(demonstration: Demonstration, task: str) -> str:
    """Record a demonstration under a task of its own, and return its lesson's id."""
    with Store.open() as store:
        session_id = store.begin_session(task, "trip", "http://127.0.0.1/", kind="teach", policy="person")
        for number, step in enumerate(demonstration.steps):
            store.begin_step(session_id, number, _of(task, step.observation), step.action, actor="person")
            store.finish_step(session_id, number, replace(step.result, observation=_of(task, step.result.observation)))
        store.end_session(session_id, "done")
        text = demonstration_text(task, [step.action for step in demonstration.steps])
        return store.add_lesson("demonstration", "trip", task, text, source_session_id=session_id)


def _of(task: str, page: Observation) -> Observation:
    return replace(page, title=f"Page of {task}")


def learn(model: Path, *lesson_ids: str) -> str:
    """Let a small night run to its end, and return its adapter's id: the hash of its weights."""
    sha = file_sha256(model / "model.safetensors")
    asked = Request(str(model), sha, lesson_ids, with_manual=True, updates=2, variants=2, judged=False, threads=1)
    folder = prepare(asked)
    assert spawn(folder).wait(timeout=300) == 0, (folder / "log.txt").read_text()
    with Store.open() as store:
        return store.adapters()[0].id


@pytest.fixture
def another_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second machine's data, a copy of the first's at the time of `copytree`."""
    yield home.with_name("another")
    monkeypatch.undo()


@pytest.mark.slow
def test_the_adapter_made_after_forgetting_is_that_of_a_machine_that_was_never_taught(
    demonstration: Demonstration, tiny_model: Path, home: Path, another_home: Path
) -> None:
    first = teach(demonstration, "Chris paid Bea back 20")
    shutil.copytree(home, another_home)
    second = teach(demonstration, "Chris paid Bea quicksilver 20")
    both = learn(tiny_model, first, second)
    with Store.open() as store:
        session_id = store.lesson(second).source_session_id or ""
        done = forget(store, session_id)
        assert done.plan.lesson_ids == (second,) and done.nights == 1 and done.found == ()
        assert not Path(store.adapter(both).path).exists() and night_folders() == []
        assert store.verify() == []
    assert list(search(data_dir(), (b"quicksilver",))) == []
    again = learn(tiny_model, first)
    os.environ["APPRENTICE_HOME"] = str(another_home)
    assert learn(tiny_model, first) == again != both


def test_the_search_finds_what_is_there_across_its_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consolidation.forget.CHUNK", 7)
    (tmp_path / "nights").mkdir()
    (tmp_path / "nights" / "log.txt").write_bytes(b"something of the quicksilver kind")
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile" / "History").write_bytes(b"quicksilver")
    assert list(search(tmp_path, (b"not there", b"quicksilver"))) == ["nights/log.txt"]
    assert list(search(tmp_path, (b"quicksilvers",))) == list(search(tmp_path, ())) == []


def test_forgetting_killed_half_way_is_completed(demonstration: Demonstration) -> None:
    lesson_id = teach(demonstration, "Chris paid Bea quicksilver 20")
    folder = adapters_dir() / "a"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"quicksilver")
    night = prepare(Request("base", "0", (lesson_id,)))
    (night / "log.txt").write_text("quicksilver")
    with Store.open() as store:
        store.add_adapter("a", "0", str(folder), lesson_ids=[lesson_id])
        store.forget(store.plan_forgetting("trip"))
        folder.rename(folder.with_name(".forgotten-a"))  # killed here
        assert list(search(data_dir(), (b"quicksilver",)))
        assert complete(store) == 1
        assert complete(store) == 0 and store.unfinished_forgettings() == []
    assert list(search(data_dir(), (b"quicksilver",))) == []


def test_nothing_is_forgotten_while_a_session_writes(demonstration: Demonstration) -> None:
    teach(demonstration, "Chris paid Bea back 20")
    with Store.open() as store:
        with instance_lock("session"), pytest.raises(AlreadyRunning):
            forget(store, "trip")
        assert len(store.sessions()) == 1


def test_who_says_it_again_after_a_kill_completes_it(demonstration: Demonstration) -> None:
    lesson_id = teach(demonstration, "Chris paid Bea quicksilver 20")
    night = prepare(Request("base", "0", (lesson_id,)))
    (night / "log.txt").write_text("quicksilver")
    half_written = adapters_dir() / ".writing-4711"
    half_written.mkdir()
    (half_written / "manifest.json").write_text("a night over quicksilver that was killed")
    with Store.open() as store:
        store.forget(store.plan_forgetting("trip"))  # killed here
        with pytest.raises(UsageError):  # of its rows nothing is left
            forget(store, "trip")
        assert store.unfinished_forgettings() == []
    assert list(search(data_dir(), (b"quicksilver",))) == []
