"""Batches through the real command: several at a time, one on an origin, stopped and taken up again."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bills_site import Site, serving
from test_headless import ADD, Run, process

from agent.event_schema import validated
from agent.store import Store
from tui.batch import BatchTask
from tui.crew import startable

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[Site, Site]]:
    with serving() as first, serving() as second:
        yield first, second


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "add.txt").write_text(ADD)
    (tmp_path / "wait.txt").write_text('click "Wait"\n' * 2)
    (tmp_path / "look.txt").write_text("done\n")
    return tmp_path


def batch(folder: Path, tasks: list[dict[str, Any]], *options: str) -> Run:
    file = folder / "tasks.jsonl"
    file.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    child = process(folder / "home", "batch", str(file), "--json", *options)
    out, err = child.communicate(timeout=300)
    return Run(child.returncode, out, err)


def test_tasks_run_beside_each_other_but_never_two_on_one_origin(folder: Path, sites: tuple[Site, Site]) -> None:
    first, second = sites
    tasks = [
        {"id": "a1", "task": "Add", "url": first.url, "steps": "add.txt", "expect": ["text~Lunch"]},
        {"id": "a2", "task": "--json", "url": first.url, "steps": "add.txt", "expect": ["text~Dinner"]},
        {"id": "b1", "task": "Look", "url": second.url, "steps": "add.txt"},
        {"id": "b2", "task": "Delete", "url": second.url, "steps": "missing-control.txt"},
    ]
    (folder / "missing-control.txt").write_text('click "Delete all"\n')
    run = batch(folder, tasks, "--jobs", "4")
    assert run.code == 4, "the worst: nobody approves what deletes"
    assert {event["id"]: event["exit_code"] for event in run.events} == {"a1": 0, "a2": 3, "b1": 0, "b2": 4}
    for event in run.events:
        validated(event)
    kept = [json.loads(line) for line in (folder / "tasks.results.jsonl").read_text().splitlines()]
    assert kept == run.events
    with Store.open(folder / "home" / "apprentice.db") as store:
        rows = sorted(store.sessions(), key=lambda row: row.started_at)
    spans = {
        app: [(row.started_at, row.ended_at) for row in rows if row.app == app] for app in {row.app for row in rows}
    }
    for own in spans.values():
        assert len(own) == 2 and own[0][1] is not None and own[0][1] <= own[1][0], "one after the other"
    one, other = spans.values()
    assert one[0][0] < str(other[0][1]) and other[0][0] < str(one[0][1]), "two at the same time"


def test_a_batch_told_to_stop_is_taken_up_where_it_stood(folder: Path, sites: tuple[Site, Site]) -> None:
    site, _ = sites
    tasks = [
        {"id": "first", "task": "Look", "url": site.url, "steps": "look.txt"},
        {"id": "slow", "task": "Wait", "url": f"{site.url}waits", "steps": "wait.txt"},
        {"id": "last", "task": "Look", "url": site.url, "steps": "look.txt"},
    ]
    file = folder / "tasks.jsonl"
    file.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    site.requests.clear()
    child = process(folder / "home", "batch", str(file), "--json")
    assert child.stdout is not None
    assert json.loads(child.stdout.readline())["id"] == "first"
    while "/never" not in site.requests:
        assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 143 and "Traceback" not in err, err
    results = folder / "tasks.results.jsonl"
    kept = [json.loads(line) for line in results.read_text().splitlines()]
    assert [record["id"] for record in kept] == ["first", "slow"] and kept[1]["exit_code"] == 143
    with Store.open(folder / "home" / "apprentice.db") as store:
        assert [row.stop_reason for row in store.sessions()] == ["interrupted", "done"]

    with results.open("a") as torn:
        torn.write('{"schema": 1, "event": "task_en')  # as a kill leaves it
    tasks[1] |= {"url": site.url, "steps": "look.txt"}
    run = batch(folder, tasks, "--resume")
    assert run.code == 0, run.err
    assert [(event["id"], event["skipped"]) for event in run.events] == [
        ("first", True),
        ("slow", False),
        ("last", False),
    ]
    assert [json.loads(line)["id"] for line in results.read_text().splitlines()] == ["first", "slow", "slow", "last"]
    tasks[0]["task"] = "Look again"
    changed = batch(folder, tasks, "--resume")
    assert [event["skipped"] for event in changed.events if event["id"] == "first"] == [False], "it is another task now"
    refused = batch(folder, tasks)
    assert refused.code == 2 and "--resume" in refused.last["next_step"]


def test_every_task_begins_with_a_copy_of_the_person_s_logins(folder: Path, sites: tuple[Site, Site]) -> None:
    site, _ = sites
    address, look = f"{site.url}visits", str(folder / "look.txt")
    own = process(folder / "home", "run", "Visit", "--url", address, "--headless", "--json", "--steps", look)
    assert json.loads(own.communicate(timeout=120)[0].splitlines()[1])["lines"][1] == 'text "storage null, cookie none"'
    seen = ["text~storage yes, cookie member=yes"]
    task = {"task": "Visit", "url": address, "steps": "look.txt", "expect": seen}
    assert batch(folder, [task]).code == 0
    (folder / "tasks.results.jsonl").unlink()
    assert batch(folder, [task], "--no-logins").code == 3, "without them the app knows nobody"


def test_tasks_wait_for_their_origin_in_order() -> None:
    def task(name: str, *origins: str) -> BatchTask:
        return BatchTask(id=name, task=name, url=origins[0], allow=list(origins[1:]))

    a, b, both, b2 = (
        task("a", "http://a"),
        task("b", "http://b"),
        task("both", "http://a", "http://b"),
        task("b2", "http://b"),
    )
    assert startable([a, b, both], [], 3) == [a, b]
    assert startable([both, b2], [a], 3) == [], "b2 may not overtake"
    assert startable([a, b], [], 1) == [a]
