from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent import paths
from agent.doctor import Finding, examine
from agent.lock import instance_lock
from agent.store import Store
from agent.store.migrations import MIGRATIONS
from browser.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def findings(browser: Path | str | None = "/usr/bin/chromium") -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(lambda: browser)}


def test_a_fresh_machine(home: Path) -> None:
    found = findings()
    assert list(found) == [
        "python",
        "sqlite",
        "data directory",
        "disk space",
        "store",
        "base model",
        "browser",
        "torch",
        "running",
    ]
    assert found["python"].ok
    assert sqlite3.sqlite_version in found["sqlite"].detail
    assert found["data directory"] == Finding("data directory", True, str(home))
    assert (found["store"].ok, found["base model"].ok) == (None, False)
    assert found["browser"] == Finding("browser", True, "/usr/bin/chromium")
    assert found["running"].detail == "nothing"
    assert not paths.database_path().exists(), "the doctor makes no store"


def test_every_trouble_has_a_next_step_and_one_line() -> None:
    for finding in findings(browser=None).values():
        assert finding.next_step or finding.ok is not False
        assert "\n" not in finding.detail + finding.next_step


def test_a_sound_store_and_a_base() -> None:
    Store.open().close()
    (paths.models_dir() / "smollm2").mkdir()
    assert findings()["base model"].ok is False, "an empty folder is no model"
    (paths.models_dir() / "smollm2" / "config.json").write_text("{}")
    found = findings()
    assert found["store"].ok
    assert f"schema {MIGRATIONS[-1].__name__}" in found["store"].detail
    assert found["base model"].ok


def test_a_broken_store_does_not_hide_the_rest() -> None:
    paths.database_path().write_bytes(b"these are not the bytes of a database" * 99)
    found = findings()
    assert found["store"].ok is False
    assert found["store"].next_step
    assert found["browser"].ok


def test_a_damaged_reference_is_reported() -> None:
    with Store.open() as store:
        store.add_adapter("sha256:aa", "base", "aa", lesson_ids=["01GONE"])
    store_finding = findings()["store"]
    assert store_finding.ok is False
    assert "01GONE" in store_finding.detail


def test_a_finder_that_raises_is_a_finding() -> None:
    def find() -> str:
        raise SetupError("no browser is installed", "Install Chromium")

    found = {finding.name: finding for finding in examine(find)}
    assert found["browser"] == Finding("browser", False, "no browser is installed", "Install Chromium")


def test_who_runs_is_named() -> None:
    with instance_lock("consolidation"):
        assert findings()["running"].detail == f"consolidation in process {os.getpid()}"


def test_the_doctor_does_not_load_torch() -> None:
    program = "import sys; from agent.doctor import examine; examine(lambda: None); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"
