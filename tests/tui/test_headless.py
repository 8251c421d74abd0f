"""The headless contract: real runs of the real command, each exit code, each event, and what is left in the store."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from bills_site import Site, serving
from pydantic import ValidationError

from agent.event_schema import KINDS, kind_of, validated
from agent.lock import origin_locks
from agent.store import Store
from browser.driver import DRIVER
from browser.errors import AlreadyRunning
from tui.cli import main
from tui.stopping import Stopped

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.browser

ADD = 'type "What" "Lunch"\nclick "Save"\ndone "{\\"total\\": 3}"\n'
SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}
LUNCH = "http GET {url}api/bills 200 $.bills[?@.what == 'Lunch']"


@dataclass
class Run:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events: every line of the output is one."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


@dataclass(frozen=True)
class Case:
    """One run: what the steps file says, further arguments, and how it must end."""

    code: int
    steps: str | None
    options: tuple[str, ...] = ()
    stop_reason: str = "done"
    answers: str = ""
    page: str = ""


CASES = {
    "done": Case(0, ADD, ("--output-schema", "{schema}", "--expect", "text~Lunch", "--expect", "url~/$", "--expect", LUNCH)),
    "check failed": Case(3, ADD, ("--expect", "text~Lunch", "--expect", "text~Dinner"), "done"),
    "no such bill in the API": Case(3, "done", ("--expect", LUNCH.replace("Lunch", "Dinner")), "done"),
    "not the status": Case(3, "done", ("--expect", "http GET {url}api/bills 404"), "done"),
    "answer does not fit": Case(3, 'done "three"', ("--output-schema", "{schema}"), "done"),
    "gave up": Case(3, 'click "Nothing like it"', (), "failed"),
    "nobody approves": Case(4, 'click "Delete all"', (), "denied"),
    "approved by flag": Case(0, 'click "Delete all"', ("--approve", "delete")),
    "approved by policy": Case(0, 'click "Delete all"', ("--policy", "{policy}")),
    "approved by a front end": Case(0, 'click "Delete all"', ("--answers-on-stdin",), answers='{"approve": true}\n'),
    "refused by a front end": Case(
        4, 'click "Delete all"\nclick "Delete all"', ("--answers-on-stdin",), "denied", '{"approve": false}\n' * 2
    ),
    "nobody answers": Case(4, 'ask "How much?"', (), "asked"),
    "answered by a front end": Case(0, 'ask "How much?"\ndone', ("--answers-on-stdin",), answers='{"answer": "3"}\n'),
    "steps spent": Case(6, ADD, ("--max-steps", "2"), "budget"),
    "seconds spent": Case(6, 'click "Wait"\nclick "Wait"', ("--max-seconds", "1"), "budget", page="waits"),
    "a dialog": Case(0, 'click "Tidy"\ndone'),
    "a login in the way": Case(5, "done", (), "blocked", page="login"),
    "loop": Case(3, 'press "Tab"\n' * 5, (), "loop"),
}  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    (folder / "policy.toml").write_text('approve = ["delete"]\n')
    (folder / "add.txt").write_text(ADD)
    return {
        "schema": folder / "schema.json",
        "policy": folder / "policy.toml",
        "add": folder / "add.txt",
        "home": folder / "home",
    }


@pytest.fixture(scope="module")
def runs(site: Site, files: dict[str, Path]) -> dict[str, Run]:
    """Every case, run once, in one home, by the command itself in this process."""
    DRIVER.acquire()  # one driver for all of them
    try:
        return {name: in_process(case, site, files) for name, case in CASES.items()}
    finally:
        DRIVER.release()


def in_process(case: Case, site: Site, files: dict[str, Path]) -> Run:
    steps = files["add"].with_name("steps.txt")
    if case.steps:
        steps.write_text(case.steps)
    options = [option.format(url=site.url, schema=files["schema"], policy=files["policy"]) for option in case.options]
    arguments = ["run", "Add a bill", "--url", site.url + case.page, "--headless", "--json", "--isolated"]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("APPRENTICE_HOME", str(files["home"]))
        patch.setattr(sys, "stdin", io.StringIO(case.answers))
        code = main([*arguments, *(("--steps", str(steps)) if case.steps else ()), *options])
    return Run(code, out.getvalue(), err.getvalue())


def process(home: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start the real command."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    env = {**os.environ, "APPRENTICE_HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "300"}
    return subprocess.Popen([sys.executable, "-m", "tui.cli", *arguments], text=True, env=env, **{**pipes, **options})


@pytest.mark.parametrize("name", CASES)
def test_each_run_ends_with_its_code_and_says_so(runs: dict[str, Run], files: dict[str, Path], name: str) -> None:
    run, case = runs[name], CASES[name]
    assert run.code == case.code, run.err or run.out
    assert run.kinds[0] == "session_started" and run.kinds[-2:] == ["session_ended", "result"]
    assert (run.last["exit_code"], run.last["stop_reason"]) == (case.code, case.stop_reason)
    assert "error:" not in run.err and "Traceback" not in run.err
    with Store.open(files["home"] / "apprentice.db") as store:
        row = store.session(run.last["session"])
        assert (row.stop_reason, row.steps, row.answer) == (case.stop_reason, run.last["steps"], run.last["answer"])


@pytest.mark.parametrize("name", CASES)
def test_every_event_is_as_documented(runs: dict[str, Run], name: str) -> None:
    for event in runs[name].events:
        validated(event)


def test_the_schema_can_refuse(runs: dict[str, Run]) -> None:
    first = runs["done"].events[0]
    for broken in ({**first, "more": 1}, {**first, "schema": 2}, {**first, "event": "begun"}, {**first, "task": 1}):
        with pytest.raises(ValidationError):
            validated(broken)


def test_a_check_is_an_outcome_that_the_store_keeps(runs: dict[str, Run], files: dict[str, Path]) -> None:
    assert [check["passed"] for check in runs["done"].last["checks"]] == [True, True, True]
    assert [check["passed"] for check in runs["check failed"].last["checks"]] == [True, False]
    assert "Lunch" in runs["check failed"].last["checks"][1]["found"]
    with Store.open(files["home"] / "apprentice.db") as store:
        for name, achieved in (("done", True), ("check failed", False), ("no such bill in the API", False)):
            (word,) = store.outcomes(runs[name].last["session"])
            assert (word.source, word.succeeded) == ("check", achieved)
        assert "text~Dinner: failed" in store.outcomes(runs["check failed"].last["session"])[0].note
        assert store.outcomes(runs["gave up"].last["session"]) == [], "nothing was asserted"


def test_a_structured_answer(runs: dict[str, Run]) -> None:
    assert runs["done"].last["output"] == {"total": 3}
    refused = runs["answer does not fit"].last
    assert refused["output"] is None and "no JSON" in refused["problem"]


def test_what_nobody_could_decide_is_said(runs: dict[str, Run], site: Site) -> None:
    decided = next(event for event in runs["nobody approves"].events if event["event"] == "decided")
    assert decided["verdict"]["by"] == "nobody" and not decided["verdict"]["allowed"]
    approved = next(event for event in runs["approved by policy"].events if event["event"] == "decided")
    assert approved["verdict"]["by"] == "policy"
    assert "question" in runs["nobody answers"].kinds
    assert runs["approved by a front end"].kinds.count("approval_needed") == 1


def test_the_real_process_reads_the_task_from_a_pipe_and_keeps_its_output_clean(
    site: Site, files: dict[str, Path], tmp_path: Path
) -> None:
    arguments = ("run", "-", "--url", site.url, "--headless", "--json", "--steps", str(files["add"]))
    out, err = process(tmp_path, *arguments).communicate("Add a bill\nfor lunch\n", timeout=120)
    run = Run(0, out, err)
    assert run.last["exit_code"] == 0 and run.events[0]["task"] == "Add a bill\nfor lunch"
    assert not any(line.startswith("{") for line in err.splitlines())
    assert (tmp_path / "profile" / "Default").exists(), "without --isolated it is the person's own browser"


def test_sigterm_ends_in_good_order(site: Site, tmp_path: Path) -> None:
    steps = tmp_path / "steps.txt"
    steps.write_text('click "Wait"\n' * 3)
    arguments = (
        "run",
        "Wait",
        "--url",
        f"{site.url}waits",
        "--headless",
        "--json",
        "--isolated",
        "--steps",
        str(steps),
    )
    child = process(tmp_path, *arguments)
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if '"decided"' in line:
            break
    browsers = psutil.Process(child.pid).children(recursive=True)
    assert browsers, "something to be left behind"
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    run = Run(child.returncode, "".join(lines) + out, err)
    assert run.code == Stopped(signal.SIGTERM).exit_code == 143
    assert run.last["event"] == "session_ended" and run.last["stop_reason"] == "interrupted"
    assert "Traceback" not in err
    with Store.open(tmp_path / "apprentice.db") as store:
        assert store.sessions()[0].stop_reason == "interrupted" and store.verify() == []
    assert psutil.wait_procs(browsers, timeout=10)[1] == []


def test_a_reader_that_leaves_ends_the_run_quietly(site: Site, files: dict[str, Path], tmp_path: Path) -> None:
    arguments = ("run", "Add", "--url", site.url, "--headless", "--json", "--isolated", "--steps", str(files["add"]))
    with process(tmp_path, *arguments) as child:
        assert child.stdout is not None and child.stderr is not None
        assert json.loads(child.stdout.readline())["event"] == "session_started"
        child.stdout.close()
        err = child.stderr.read()
        assert child.wait(60) == 141
    assert "Traceback" not in err and "BrokenPipe" not in err and "Exception" not in err
    with Store.open(tmp_path / "apprentice.db") as store:
        assert store.sessions()[0].stop_reason == "interrupted"


def test_one_session_an_origin(site: Site, files: dict[str, Path]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APPRENTICE_HOME", str(files["home"]))
        with origin_locks([site.url.rstrip("/")]):
            run = in_process(CASES["steps spent"], site, files)
    assert (run.code, run.kinds) == (AlreadyRunning.exit_code, ["error"])
    assert site.url.rstrip("/") in run.last["error"] and str(os.getpid()) in run.last["error"]
    validated(run.last)


def test_tokens_are_a_budget(files: dict[str, Path], tiny_model: Path) -> None:
    answers = '{"answer": "3", "approve": true}\n'
    options = ("--max-tokens", "1", "--answers-on-stdin", "--model", str(tiny_model))
    with serving() as untouched:  # what random weights do depends on every line of the page
        run = in_process(Case(6, None, options, answers=answers), untouched, files)
    assert run.code == 6, run.out + run.err
    assert run.last["stop_reason"] == "budget" and run.last["tokens"] > 1 and run.last["steps"] == 1
    for event in run.events:
        validated(event)


def test_an_app_that_is_away_and_a_place_that_cannot_be_written(
    files: dict[str, Path], site: Site, tmp_path: Path
) -> None:
    away = in_process(CASES["done"], Away(), files)  # type: ignore[arg-type]
    assert away.code == 3 and away.kinds == ["session_started", "session_ended", "error"]
    assert away.events[1]["stop_reason"] == "unreachable"
    (tmp_path / "file").write_text("")
    full = in_process(CASES["done"], site, {**files, "home": tmp_path / "file"})
    assert full.code == 7 and full.kinds == ["error"]
    for event in (*away.events, *full.events):
        validated(event)


class Away:
    """A site at the port of `discard`: nothing answers there."""

    url = "http://127.0.0.1:9/"


def test_every_kind_of_event_came_from_a_run(runs: dict[str, Run]) -> None:
    """`task_ended` comes from a batch: tests/tui/test_headless_batch.py."""
    seen = {kind for run in runs.values() for kind in run.kinds}
    assert {kind_of(model) for model in KINDS} - seen == {
        *("error", "task_ended", "take_over", "handed_back", "step_wanted"),
    }
