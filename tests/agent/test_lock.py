from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.lock import LOCK_NAMES, file_lock, holder, instance_lock, origin_locks
from browser.errors import AlreadyRunning

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys; from agent.lock import instance_lock\nwith instance_lock('session'):\n    print('held', flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path))
    return tmp_path


def hold() -> subprocess.Popen[str]:
    """Start a process that holds the session lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_whom_to_end() -> None:
    with hold() as process:
        assert holder("session") == process.pid
        with pytest.raises(AlreadyRunning, match=f"process {process.pid}.*try again"), instance_lock("session"):
            pass
        with instance_lock("consolidation"):
            assert holder("consolidation") == os.getpid()
        process.communicate("")
    with instance_lock("session"):
        pass


def test_a_kill_lets_go() -> None:
    with hold() as process:
        process.kill()
        process.communicate()
    assert holder("session") is None
    with instance_lock("session"):
        assert holder("session") == os.getpid()


def test_a_stale_pid_of_a_living_process_holds_nothing(home: Path) -> None:
    (home / "session.lock").write_text(str(os.getpid()))
    assert holder("session") is None


def test_the_same_process_cannot_take_a_lock_twice() -> None:
    with instance_lock("dashboard"), pytest.raises(AlreadyRunning, match=str(os.getpid())), instance_lock("dashboard"):
        pass
    with instance_lock("dashboard"):
        pass


def test_an_error_inside_lets_go() -> None:
    with pytest.raises(ZeroDivisionError), instance_lock("session"):
        _ = 1 / 0
    assert [name for name in LOCK_NAMES if holder(name) is not None] == []


def test_an_origin_is_one_session_s_at_a_time() -> None:
    with origin_locks(["http://a.example", "http://b.example:8000"]):
        with origin_locks(["http://c.example"]):
            pass
        for taken in ("http://a.example", "http://b.example:8000"):
            with pytest.raises(AlreadyRunning, match=taken), origin_locks(["http://c.example", taken]):
                pass
        with origin_locks(["http://c.example"]):
            pass  # what was refused half-way let go of what it had
    with origin_locks(["http://a.example"]):
        pass


def test_a_file_is_one_process_s_at_a_time(tmp_path: Path) -> None:
    def again() -> None:
        with file_lock(tmp_path / "x" / ".." / "results"):
            pass

    other, refused = file_lock(tmp_path / "others"), pytest.raises(AlreadyRunning, match="results is in use")
    with file_lock(tmp_path / "results"), other, refused:
        again()
    again()
