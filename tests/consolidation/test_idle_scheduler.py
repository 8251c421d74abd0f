"""The scheduler: it learns while the person is away, is gone two seconds after they are back, and loses nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from agent.lock import instance_lock
from agent.policy.embedded import file_sha256
from agent.store import Store
from bench.small import teach
from consolidation.idle.rules import Readings
from consolidation.idle.scheduler import Scheduler, due
from consolidation.job import Request, night_folders, prepare, teachable
from consolidation.rehearsal.variants import Demonstration

AWAY, BACK = Readings(away=600.0, on_mains=True, others=0.0), Readings(away=0.1, on_mains=True, others=0.0)
RETURN_S = 2.0
PATIENCE_S = 300.0
LOOK_S = 0.05


class Watched:
    """A machine whose person comes and goes as the test says."""

    def __init__(self) -> None:
        self.now = AWAY

    def __call__(self) -> Readings:
        return self.now


@pytest.fixture
def asked(tiny_model: Path) -> Request:
    sha = file_sha256(tiny_model / "model.safetensors")
    return Request(str(tiny_model), sha, (), with_manual=True, updates=3, variants=2, judged=False, threads=1)


@pytest.fixture
def taught(demonstration: Demonstration) -> str:
    with Store.open() as store:
        return teach(store, demonstration)


@pytest.fixture
def scheduler(asked: Request) -> Iterator[tuple[Scheduler, Watched, list[str]]]:
    watched, said = Watched(), list[str]()
    made = Scheduler(asked, tell=said.append, read=watched)
    yield made, watched, said
    made.give_back("the test is over")


def until(scheduler: Scheduler, holds: Callable[[], object]) -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        scheduler.poll()
        time.sleep(LOOK_S)


@pytest.mark.slow
def test_a_night_gives_way_and_ends_as_if_nobody_had_come(
    taught: str, asked: Request, scheduler: tuple[Scheduler, Watched, list[str]]
) -> None:
    watcher, person, said = scheduler
    until(watcher, lambda: watcher.night is not None)
    (folder,) = night_folders()
    until(watcher, (folder / "examples.pt").exists)
    assert watcher.night is not None
    family = [psutil.Process(watcher.night.pid), *psutil.Process(watcher.night.pid).children(recursive=True)]
    person.now = BACK
    came = time.monotonic()
    watcher.poll()
    assert watcher.night is None and not any(process.is_running() for process in family)
    assert time.monotonic() - came < RETURN_S
    assert not (folder / "finished.json").exists()
    with Store.open() as store:
        assert [job.state for job in store.jobs()] == ["interrupted"] and store.verify(quick=True) == []
    watcher.poll()
    assert watcher.night is None and "somebody was here" in said[-1]
    person.now = AWAY
    until(watcher, (folder / "finished.json").exists)
    resumed = json.loads((folder / "finished.json").read_text())["adapter"]
    until(watcher, lambda: watcher.night is None)
    for path in folder.iterdir():
        if path.name not in ("request.json", "log.txt"):
            path.unlink()
    until(watcher, (folder / "finished.json").exists)
    assert json.loads((folder / "finished.json").read_text())["adapter"] == resumed


def test_nothing_begins_without_a_lesson_or_beside_another_night(
    scheduler: tuple[Scheduler, Watched, list[str]], request: pytest.FixtureRequest
) -> None:
    watcher, _, said = scheduler
    watcher.poll()
    assert watcher.night is None and said == ["nothing waits to be learned"]
    request.getfixturevalue("taught")
    with instance_lock("consolidation"):
        watcher.poll()
    assert watcher.night is None and "somebody else" in said[-1] and night_folders() == []


def test_what_waits_is_what_the_champion_does_not_carry(taught: str, asked: Request) -> None:
    with Store.open() as store:
        waiting = due(store, asked)
        assert waiting is not None and waiting.lesson_ids == (taught,)
        store.add_adapter("a" * 16, asked.base_sha256, "adapters/a", lesson_ids=[taught])
        store.promote("a" * 16, "passed the gate")
        assert due(store, asked) is None
        store.roll_back("by hand")
        assert due(store, asked) == waiting


def test_a_champion_that_carries_what_is_no_longer_taught_is_built_anew(taught: str, asked: Request) -> None:
    with Store.open() as store:
        session_id = store.lesson(taught).source_session_id or ""
        wrong = store.add_lesson("demonstration", "trip", "done wrongly", "Lesson", source_session_id=session_id)
        store.add_adapter("a" * 16, asked.base_sha256, "adapters/a", lesson_ids=[taught, wrong])
        store.promote("a" * 16, "passed the gate")
        assert due(store, asked) is None
        store.retire_lesson(wrong)
        again = due(store, asked)
        assert again is not None and again.lesson_ids == (taught,)
        store.add_outcome(session_id, False, "person", "months later")
        assert teachable(store) == [] and due(store, asked) is None


def test_a_night_that_ended_is_not_held_again(taught: str, asked: Request) -> None:
    with Store.open() as store:
        waiting = due(store, asked)
        assert waiting is not None
        (prepare(waiting) / "finished.json").write_text("{}")
        assert due(store, asked) is None
        assert due(store, replace(asked, seed=2)) is not None


def ended(asked: Request, adapter: str, acting: str) -> None:
    finished = {"adapter": adapter, "state": "done", "acting": acting}
    (prepare(asked) / "finished.json").write_text(json.dumps(finished))


def test_a_champion_that_was_found_damaged_is_made_again_and_one_that_was_taken_back_is_not(
    taught: str, asked: Request
) -> None:
    with Store.open() as store:
        waiting = due(store, asked)
        assert waiting is not None
        store.add_adapter("a" * 16, asked.base_sha256, "adapters/a", lesson_ids=[taught])
        store.promote("a" * 16, "passed the gate")
        ended(waiting, "a" * 16, "a" * 16)
        assert due(store, asked) is None
        store.roll_back("by hand")
        assert due(store, asked) is None, "the same night would make it again"
        store.judge_adapter("a" * 16, "corrupt")
        assert due(store, asked) == waiting


def test_what_the_newest_lesson_brought_is_taken_out_again(
    taught: str, asked: Request, demonstration: Demonstration
) -> None:
    with Store.open() as store:
        alone = due(store, asked)
        assert alone is not None
        store.add_adapter("a" * 16, asked.base_sha256, "adapters/a", lesson_ids=[taught])
        store.promote("a" * 16, "passed the gate")
        ended(alone, "a" * 16, "a" * 16)
        newest = teach(store, demonstration)
        store.add_adapter("b" * 16, asked.base_sha256, "adapters/b", lesson_ids=[taught, newest], parent_id="a" * 16)
        store.promote("b" * 16, "passed the gate")
        assert due(store, asked) is None
        store.retire_lesson(newest)
        assert due(store, asked) == alone, "the night of the first lesson is held again: what acts carries more"


def test_a_champion_of_another_base_carries_nothing_of_this_one(taught: str, asked: Request) -> None:
    with Store.open() as store:
        waiting = due(store, asked)
        store.add_adapter("a" * 16, "another base", "adapters/a", lesson_ids=[taught])
        store.promote("a" * 16, "passed the gate")
        assert waiting is not None and due(store, asked) == waiting


@pytest.mark.slow
def test_a_night_that_fails_is_not_begun_again(taught: str, scheduler: tuple[Scheduler, Watched, list[str]]) -> None:
    watcher, _, said = scheduler
    watcher.asked = replace(watcher.asked, base=str(night_folders))
    until(watcher, lambda: watcher.night is not None)
    until(watcher, lambda: watcher.failed)
    assert any("failed" in line for line in said)
    watcher.poll()
    assert watcher.night is None
