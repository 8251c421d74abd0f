"""`apprentice secret`, as a person or a script meets it, and the standard input by which a front end turns the wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

VALUE = "correct horse battery"
ORIGIN = "https://bank.example"


@pytest.fixture
def secret(home: Path) -> object:
    def command(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "APPRENTICE_HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        return subprocess.run(
            [sys.executable, "-m", "tui.cli", *arguments],
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**environ, "COLUMNS": "300"},
        )

    return command


def test_a_secret_is_set_listed_and_removed_and_never_printed(secret: object, home: Path, tmp_path: Path) -> None:
    assert callable(secret)
    key = ["--key-file", str(tmp_path / "key")]
    refused = secret("secret", "set", "bank", "--origin", ORIGIN, said=f"{VALUE}\n")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "never written in plain text" in refused.stderr
    assert not any(path.is_file() for path in home.rglob("*"))
    done = secret("secret", "set", "bank", "--origin", ORIGIN, "--json", *key, said=f"{VALUE}\n")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["origins"] == [ORIGIN]
    listed = secret("secret", "list", *key)
    assert "<secret:bank>" in listed.stdout
    assert ORIGIN in listed.stdout
    locked = secret("secret", "list")
    assert (locked.returncode, "is locked" in locked.stderr) == (2, True)
    unknown = secret("run", "log in", "--url", ORIGIN, "--secret", "mail", "--headless")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    assert "is locked" in unknown.stderr
    removed = secret("secret", "remove", "bank", *key)
    assert removed.returncode == 0
    everything = [done, listed, locked, unknown, removed, refused]
    assert [one for one in everything if VALUE in one.stdout + one.stderr] == []
    assert [path for path in home.rglob("*") if path.is_file() and VALUE.encode() in path.read_bytes()] == []


WHEEL = """
import json
from agent.guard import Consequence, Verdict
from agent.takeover import Wheel
from browser.actions import parse
from browser.types import Line, Observation
from tui.output import print_json
from tui.person import OnPipe

wheel = Wheel(lambda: None)
person = OnPipe()
person.attend(wheel)
verdict = Verdict(allowed=False, consequence=Consequence.DELETE, reason="it may delete")
page = Observation("http://a.example/", "T", (Line("button", "Keep", 4),))
for _ in range(3):
    approved = person.approve(parse('click "Delete" [3]'), verdict)
    correction = wheel.correction(page)
    print_json({"approved": approved, "taken": wheel.taken, "correction": correction and correction.render()})
print_json({"answer": person.ask("Which?")})
"""


def test_a_front_end_turns_the_wheel_while_it_is_asked(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WHEEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        told = []
        for said in ({"approve": True}, {"take_over": True}, {"correct": 'click "Keep"'}):
            asked = json.loads(process.stdout.readline())
            assert (asked["event"], asked["action"], asked["consequence"]) == (
                "approval_needed",
                'click "Delete" [3]',
                "delete",
            )
            process.stdin.write(json.dumps(said) + "\n")
            told.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        told.append(json.loads(process.stdout.readline()))
        assert process.wait(30) == 0  # a thread that reads does not keep the process
    assert told == [
        {"approved": True, "taken": False, "correction": None},
        {"approved": None, "taken": True, "correction": None},
        {"approved": None, "taken": True, "correction": 'click "Keep" [4]'},
        {"answer": None},
    ]
