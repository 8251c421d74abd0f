"""The bench of kills, in small: what it asks holds, it notices what does not, and says what it needs."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.kills import chosen, main, spread
from browser.errors import SetupError

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own: it forks, and a process that runs tests has threads."""
    command = [sys.executable, *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def points(done: subprocess.CompletedProcess[str], file: Path) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())["points"]
    assert not any(point["corrupt"] or point["unequal"] for point in found)
    return found


def test_forty_kills_by_calls_of_python(tmp_path: Path) -> None:
    file = tmp_path / "kills.json"
    options = ("-m", "bench.kills", "--count", "calls", "--json", file)
    found = points(bench(*options, "--only", "log,promote,forget,migrate", "--points", 40), file)
    assert len(found) == 40 and all(point["killed"] for point in found)
    assert {point["case"].split(":")[0] for point in found} == {"log", "promote", "forget", "migrate"}


@pytest.mark.slow
def test_a_night_is_killed_too(tmp_path: Path) -> None:
    file = tmp_path / "kills.json"
    options = ("-m", "bench.kills", "--count", "calls", "--json", file)
    found = points(bench(*options, "--only", "train", "--points", 2), file)
    assert len(found) == 2 and all(point["killed"] for point in found)


def test_kills_by_system_calls(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not here: calls of Python are counted above")
    file = tmp_path / "kills.json"
    done = bench("-m", "bench.kills", "--only", "promote,migrate", "--points", 10, "--json", file)
    if "strace may not attach" in done.stderr:
        pytest.skip(done.stderr)
    found = points(done, file)
    assert len(found) == 10 and all(point["killed"] for point in found)


def test_careless_writing_is_caught(tmp_path: Path) -> None:
    done = bench(Path(__file__).with_name("careless.py"), tmp_path)
    assert done.returncode == 0, done.stderr
    corrupt, unequal, sound = json.loads(done.stdout)
    assert corrupt and unequal and sound


def test_without_strace_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main([]) == SetupError.exit_code
    said = capsys.readouterr().err
    assert "strace is not here" in said and "--count calls" in said


def test_points_are_spread_over_operations_and_moments() -> None:
    counts = {"log": 5, "forget: a": 100, "forget: b": 100, "migrate: 1": 2}
    assert spread(counts, 13) == {"log": 5, "forget: a": 3, "forget: b": 3, "migrate: 1": 2}
    assert spread(counts, 1000) == counts
    assert chosen(5, 5, random.Random(1)) == [0, 1, 2, 3, 4]
    assert all(10 * index <= number < 10 * index + 10 for index, number in enumerate(chosen(100, 10, random.Random(1))))
