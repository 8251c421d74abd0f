"""The bench of kills, in small: what it asks holds, it notices what does not, and says what it needs."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from bench.code import ROOT as CODE
from bench.code import code_sha256
from bench.kills import KILLED, Point, chosen, main, spread, taken, verdict
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
    found = json.loads(done.stdout)
    assert all(of["killed"] and of["sound"] for of in found.values()), "between two careless moments nothing is wrong"
    in_place, early = found["in place"], found["too early"]
    for faults in (in_place["corrupt"], in_place["unequal"]):
        assert any("was changed after it was written: adapter_model" in fault for fault in faults)
        assert any("DatabaseError: database disk image is malformed" in fault for fault in faults)
        assert any("StorageError" in fault and "cannot be read" in fault for fault in faults)
    assert any("another end" in fault for fault in in_place["unequal"])
    assert early["corrupt"] == ["lost: began 0", "lost: finished 0"] and not early["unequal"]


def test_a_point_at_which_nobody_was_killed_is_not_sound() -> None:
    point = Point("log", 0, "write 1", True, (), (), 0.1)
    assert point.sound
    spared = replace(point, killed=False)
    assert not spared.sound and spared.faults == ("nobody was killed",)
    assert verdict([point]) == 0 and verdict([point, spared]) == verdict([replace(point, corrupt=("lost",))]) == 1
    assert verdict([]) == 1, "nothing was shown"


def test_points_of_other_code_another_seed_or_another_count_are_not_taken(tmp_path: Path) -> None:
    told: list[str] = []
    said = {"count": "calls", "seed": 1, "code": code_sha256(*KILLED)}
    file, point = tmp_path / "kills.json", Point("log", 0, "write 1", True, (), (), 0.1)
    assert taken(None, said, told.append) == taken(file, said, told.append) == []
    file.write_text(json.dumps({"said": said, "points": [{**asdict(point), "corrupt": [], "unequal": []}]}))
    (known,) = taken(file, said, told.append)
    assert (known.case, known.number, known.sound) == ("log", 0, True) and not told
    for other in ({"code": code_sha256(*KILLED[1:])}, {"seed": 2}, {"count": "system"}):
        assert taken(file, {**said, **other}, told.append) == []
    assert len(told) == 3 and all("begun anew" in text for text in told)


def test_what_is_killed_and_what_looks_at_it_is_among_the_code() -> None:
    files = {path.relative_to(CODE).as_posix() for pattern in KILLED for path in CODE.glob(pattern)}
    assert {"agent/store/migrations.py", "consolidation/kept.py", "bench/kill/state.py", "bench/kills.py"} <= files
    assert all(list(CODE.glob(pattern)) for pattern in KILLED)


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
