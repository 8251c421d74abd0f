"""Bad input, as a person or a script meets it: the real command, one line that says what to do next, a fixed exit code, nothing lost."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest
from typer.main import get_command

from agent.guard import NEEDS_APPROVAL
from agent.lock import instance_lock
from agent.paths import adapters_dir, database_path
from agent.store import Store
from browser.actions import parse
from browser.types import Observation, StepResult
from tui.cli import as_ours
from tui.commandline import app

NOBODY = "http://127.0.0.1:9/"
"""The port of `discard`: nothing answers there."""


class Run(Protocol):
    """Runs `apprentice` with these arguments, in a process of its own."""

    def __call__(
        self, *arguments: str, limit: Callable[[], None] | None = None, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run(home: Path) -> Run:
    """Run the command on the test's own home."""

    def command(
        *arguments: str, limit: Callable[[], None] | None = None, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tui.cli", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "APPRENTICE_HOME": str(home), "COLUMNS": "300", **(environ or {})},
            preexec_fn=limit,
        )

    return command


@pytest.fixture
def lived(home: Path) -> None:
    """A home with something to lose: a session of two steps, and a lesson."""
    with Store.open() as store:
        session_id = store.begin_session("buy tea", "http://a.example", "http://a.example/")
        page = Observation("http://a.example/", "Shop", ())
        for step_no in range(2):
            store.begin_step(session_id, step_no, page, parse("wait"))
            store.finish_step(session_id, step_no, StepResult(page))
        store.end_session(session_id, "done")
        store.add_lesson("words", "http://a.example", "", "always green tea")


def kept() -> list[object]:
    """What may not change: everything recorded of the session that was there before, and the lesson."""
    with Store.open() as store:
        assert store.verify() == []
        first = next(row for row in store.sessions() if row.task == "buy tea")
        return [first, *store.steps(first.id), *store.lessons()]


def refused(done: subprocess.CompletedProcess[str], code: int, message: str, advice: str) -> None:
    """Check that a command ended as every error does."""
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    assert message in lines[0] and advice in lines[0], lines[0]
    assert done.stderr.splitlines()[-1] == lines[0], "nothing comes after it"


@pytest.mark.parametrize(
    ("arguments", "code", "message", "advice"),
    [
        (("run", " ", "--url", NOBODY), 2, "the task is empty", "Say what to do"),
        (("run", "x", "--url", "ftp://a.example/"), 2, "ftp://a.example/", "Addresses begin with http"),
        (("sessions", "--only", "fast"), 2, "fast", "The parts are achieved"),
        (("run", "x", "--url", NOBODY, "--approve", "fly"), 2, "fly", "consequences are change, send, pay"),
        (
            ("run", "x", "--url", NOBODY, "--headless", "--model", "/nowhere"),
            2,
            "no model in /nowhere",
            "Give a folder",
        ),
        (("teach", "", "--url", NOBODY), 2, "needs a task and an address", "For example"),
        (("teach", "--words", "green tea"), 2, "which app", "Add --url ADDRESS or --app NAME"),
        (
            ("teach", "x", "--url", NOBODY, "--steps", "/nowhere.txt"),
            2,
            "/nowhere.txt cannot be read",
            "one action a line",
        ),
        (("consolidate", "--arm", "luck"), 2, "unknown arm 'luck'", "The arms are opsd"),
        (("replay", "nothing"), 2, "begins with 'nothing'", "List the sessions to see their ids"),
        (("outcome", "nothing", "--succeeded"), 2, "begins with 'nothing'", "List the sessions to see their ids"),
        (("adapters", "--show", "nothing"), 2, "begins with 'nothing'", "List the adapters to see their ids"),
        (("promote", "nothing"), 2, "begins with 'nothing'", "List the adapters to see their ids"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
@pytest.mark.usefixtures("lived")
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, arguments: tuple[str, ...], code: int, message: str, advice: str
) -> None:
    before = kept()
    refused(run(*arguments), code, message, advice)
    assert kept() == before


def test_a_script_gets_the_same_as_json(run: Run) -> None:
    done = run("run", "", "--url", NOBODY, "--json")
    assert done.returncode == 2
    record = json.loads(done.stdout)
    assert record["error"] == "the task is empty" and record["exit_code"] == 2 and record["next_step"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ('click "Add"\nclick Save', ", step 2"),
        ('click "Add"\npress everything', ", step 2"),
        ('"Save"', ", step 1"),
        ("", " has no steps"),
        ("# nothing but a comment", " has no steps"),
    ],
)
@pytest.mark.usefixtures("lived")
def test_a_malformed_lesson_file_names_its_line(run: Run, tmp_path: Path, steps: str, message: str) -> None:
    before, path = kept(), tmp_path / "steps.txt"
    path.write_text(steps)
    done = run("teach", "x", "--url", NOBODY, "--steps", str(path))
    refused(done, 2, f"{path}{message}", "Write one action a line")
    assert kept() == before


@pytest.mark.usefixtures("lived")
def test_there_is_nothing_to_consolidate(run: Run, tiny_model: Path) -> None:
    before = kept()
    refused(run("consolidate", "--model", str(tiny_model)), 2, "no demonstration to consolidate", "Teach something")
    assert kept() == before


@pytest.mark.parametrize(
    ("variables", "code", "message", "advice"),
    [
        ({}, 3, "http://127.0.0.1:9/ does not answer", "Check that the app runs"),
        ({"APPRENTICE_BROWSER": "/nowhere"}, 2, "no browser at /nowhere", "Correct the path"),
    ],
    ids=["no app", "no browser"],
)
@pytest.mark.usefixtures("lived")
def test_a_session_that_cannot_begin_is_recorded_as_ended(
    run: Run, tiny_model: Path, variables: dict[str, str], code: int, message: str, advice: str
) -> None:
    before = kept()
    done = run("run", "buy milk", "--url", NOBODY, "--headless", "--model", str(tiny_model), environ=variables)
    refused(done, code, message, advice)
    assert kept() == before
    with Store.open() as store:
        assert next(row for row in store.sessions() if row.task == "buy milk").stop_reason


@pytest.mark.usefixtures("lived")
def test_a_second_instance(run: Run, tiny_model: Path) -> None:
    before = kept()
    with instance_lock("session"):
        done = run("run", "buy milk", "--url", NOBODY, "--headless", "--model", str(tiny_model))
    refused(done, 2, str(os.getpid()), "Wait until it has ended")
    assert kept() == before


@pytest.mark.parametrize("command", [("run", "buy milk", "--url", NOBODY, "--headless", "--adapter"), ("promote",)])
@pytest.mark.usefixtures("lived")
def test_a_corrupted_adapter(run: Run, tiny_model: Path, command: tuple[str, ...]) -> None:
    from agent.policy.local import load_model
    from consolidation.adapters import write_adapter
    from consolidation.lora import attach_lora
    from tui.wiring import find_base

    before, base = kept(), find_base(str(tiny_model))
    manifest = {"base_sha256": base.sha256, "lessons": []}
    adapter_id, folder = write_adapter(adapters_dir(), attach_lora(load_model(tiny_model), 4, 8, seed=1), manifest)
    with Store.open() as store:
        store.add_adapter(adapter_id, base.sha256, str(folder))
    weights = bytearray((folder / "adapter_model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "adapter_model.safetensors").write_bytes(weights)
    model = ("--model", str(tiny_model)) if command[0] == "run" else ()
    refused(run(*command, adapter_id, *model), 7, f"adapter {adapter_id} was changed", "consolidate")
    assert kept() == before
    with Store.open() as store:
        assert store.champion() is None


@pytest.mark.usefixtures("lived")
def test_a_database_of_a_newer_version(run: Run) -> None:
    with closing(sqlite3.connect(database_path(), isolation_level=None)) as connection:
        connection.execute("INSERT INTO _migrations (name, applied_at) VALUES ('m999_future', '2031-01-01')")
    before = database_path().read_bytes()
    refused(run("sessions"), 2, "newer version (it has m999_future)", "Upgrade Apprentice")
    assert database_path().read_bytes() == before


def test_what_nobody_foresaw_is_one_line_too_and_its_details_are_kept(home: Path) -> None:
    try:
        _ = {}["missing\nkey"]
    except KeyError as error:
        shown = as_ours(error)
    assert shown.exit_code == 7 and "KeyError" in shown.message
    (log,) = (home / "logs").iterdir()
    assert str(log) in shown.next_step
    assert "Traceback" in log.read_text() and log.stat().st_mode & 0o77 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits")
@pytest.mark.usefixtures("lived")
def test_a_disk_that_is_full(run: Run) -> None:
    before = kept()
    size = database_path().stat().st_size
    words = " ".join(f"word{number}" for number in range(100_000))
    done = run("teach", "--words", words[:100_000], "--app", "a", limit=lambda: cap(size + 8192))
    refused(done, 7, "full", "Free")
    assert kept() == before


def cap(size: int) -> None:
    """Forbid a process to let a file grow beyond `size` bytes: what a full disk does to it."""
    import resource  # POSIX

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_every_help_names_all_that_can_be_approved() -> None:
    options = [
        (name, option)
        for name, command in get_command(app).commands.items()  # type: ignore[attr-defined]
        for option in command.params
        if "--approve" in option.opts
    ]
    helps = {name: option.help for name, option in options if option.help.startswith("Consequences")}
    assert {"run", "rerun", "mcp"} <= helps.keys()
    assert {name for name, words in helps.items() if not all(kind in words for kind in NEEDS_APPROVAL)} == set()
