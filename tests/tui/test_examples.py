"""The examples of docs/examples/, run: what a reader copies works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from browser.errors import ApprenticeError
from tui.batch import BatchTask, load_batch
from tui.commandline import app

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
HEADLESS = (ROOT / "docs" / "headless.md").read_text(encoding="utf-8")


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """A home with `apprentice` and `python` on its path, as an installation leaves them."""
    programs = tmp_path / ".local" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("apprentice", "-m tui.cli "), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} {arguments}"$@"\n')
        (programs / name).chmod(0o755)
    return {**os.environ, "HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_accepts_the_units(installed: dict[str, str], tmp_path: Path) -> None:
    def verify(*names: str) -> str:  # a user's manager looks up its runtime folder
        command = ["systemd-analyze", "--user", "verify", *(str(tmp_path / name) for name in names)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        assert "Failed to initialize" not in done.stderr, done.stderr
        return done.stderr

    env = {**installed, "XDG_RUNTIME_DIR": str(tmp_path)}
    names = [path.name for path in EXAMPLES.glob("apprentice-batch.*")]
    assert len(names) == 2
    for name in names:
        shutil.copy(EXAMPLES / name, tmp_path / name)
    assert verify(*names) == ""
    service = (tmp_path / "apprentice-batch.service").read_text()
    (tmp_path / "apprentice-batch.service").write_text(service.replace("Type=oneshot", "Typ=oneshot"))
    assert "Typ" in verify(*names), "it would be seen"


def test_the_service_s_command_is_one_of_ours(installed: dict[str, str], tmp_path: Path) -> None:
    lines = (EXAMPLES / "apprentice-batch.service").read_text().splitlines()
    commands = [line.partition("=")[2].replace("%h", str(tmp_path)) for line in lines if line.startswith("ExecStart")]
    folder = tmp_path / ".config" / "apprentice"
    folder.mkdir(parents=True)
    (folder / "morning.toml").write_text('[[task]]\ntask = "x"\nurl = "http://127.0.0.1:9/"\nsteps = "none.txt"\n')
    old = folder / "morning.results.jsonl"
    old.write_text("")
    os.utime(old, (0, 0))
    codes = [
        subprocess.run(command.split(), env=installed, capture_output=True, check=False).returncode
        for command in commands
    ]
    assert codes == [0, 2], "the batch names a file that is not there; the options are known"
    assert not old.exists()


@pytest.mark.browser
def test_the_workflow_runs(installed: dict[str, str], tmp_path: Path) -> None:
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    job = workflow["jobs"]["bills"]
    variables = {name: value.replace("${{ runner.temp }}", str(tmp_path)) for name, value in job["env"].items()}
    steps = [step for step in job["steps"] if "run" in step and step["name"] != "Install"]
    assert len(steps) == 3
    work = tmp_path / "work"
    work.mkdir()
    env = {**installed, **variables}
    try:
        for step in steps:  # as the runner does it
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=work,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (step["name"], done.stdout, done.stderr)
            if step["name"] == "A bill can be added":
                assert done.stdout == "1 bill\n"
    finally:
        subprocess.run(["bash", "-c", "kill $(cat app.pid) 2>/dev/null"], cwd=work, check=False)
    assert (work / "sessions.json").read_text().startswith("[{")


def test_the_batch_on_the_page_is_one(tmp_path: Path) -> None:
    text = HEADLESS.split("```toml\n")[1].split("```")[0]
    (tmp_path / "bills.toml").write_text(text)
    assert [task.id for task in load_batch(tmp_path / "bills.toml")] == ["lunch", "reminder"]
    assert tomllib.loads(text)["defaults"]["approve"] == ["send"]


@pytest.mark.parametrize("command", ["run", "batch"])
def test_the_page_names_every_option(command: str) -> None:
    options = [
        name for item in get_command(app).commands[command].params for name in item.opts if name.startswith("--")
    ]  # type: ignore[attr-defined]
    assert len(options) > 5
    assert [name for name in options if f"`{name}" not in HEADLESS and f" {name}" not in HEADLESS] == []


def test_the_page_names_every_exit_code() -> None:
    def codes(kind: type[ApprenticeError]) -> set[int]:
        return {kind.exit_code, *(code for child in kind.__subclasses__() for code in codes(child))}

    from agent.stop import StopReason

    rows = {line.split("|")[1].strip() for line in HEADLESS.splitlines() if line.startswith("| ") and line[2].isdigit()}
    assert {str(code) for code in codes(ApprenticeError) | {reason.exit_code for reason in StopReason}} <= rows
    assert set(BatchTask.model_fields) <= {
        line.split("`")[1] for line in (ROOT / "docs" / "batch.md").read_text().splitlines() if line.startswith("| `")
    }
