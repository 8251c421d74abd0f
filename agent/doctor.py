"""What is in order on this machine and what is not. Data only: the caller prints it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile

from agent import lock, paths
from agent.store import Store
from agent.store.database import journal_mode_for
from agent.store.migrations import MIGRATIONS
from browser.errors import ApprenticeError

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1_000_000_000
"""Below this a night's work (adapters, checkpoints, recordings) may not fit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool | None
    """None when it is neither good nor bad: worth knowing only."""
    detail: str
    next_step: str = ""


def examine(find_browser: Callable[[], Path | str | None]) -> list[Finding]:
    """Look at everything that a session or a consolidation needs. Nothing is started, loaded or downloaded.

    `find_browser` returns where the browser is, or None, or raises an ApprenticeError.
    """
    return [
        _python(),
        _sqlite(sqlite3.sqlite_version_info),
        _guarded("data directory", _data_directory),
        _guarded("disk space", _disk_space),
        _guarded("store", _store),
        _guarded("base model", _base_model),
        _guarded("browser", lambda: _browser(find_browser)),
        _torch(),
        _guarded("running", _running),
    ]


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    """Turn what a person could meet as an error into a finding, so that one trouble does not hide the others."""
    try:
        return look()
    except ApprenticeError as error:
        return Finding(name, False, error.message, error.next_step)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    wanted = ".".join(str(part) for part in OLDEST_PYTHON)
    ok = sys.version_info >= OLDEST_PYTHON
    return Finding("python", ok, version, "" if ok else f"Install Python {wanted} or newer")


def _sqlite(version: tuple[int, ...]) -> Finding:
    name = ".".join(str(part) for part in version[:3])
    mode = journal_mode_for(version)
    if mode == "wal":
        return Finding("sqlite", True, f"{name}, journal mode {mode}")
    return Finding(
        "sqlite",
        True,
        f"{name}, journal mode {mode}: this version can lose commits in WAL mode",
        "For WAL mode use a Python with SQLite 3.51.3 or newer",
    )


def _data_directory() -> Finding:
    directory = paths.data_dir()
    try:
        with TemporaryFile(dir=directory) as probe:
            probe.write(b"written by the doctor")
    except OSError as error:
        return Finding(
            "data directory",
            False,
            f"cannot write into {directory}: {error.strerror}",
            f"Make it writable, or name another place in ${paths.HOME_VARIABLE}",
        )
    return Finding("data directory", True, str(directory))


def _disk_space() -> Finding:
    free = shutil.disk_usage(paths.data_dir()).free
    ok = free >= LEAST_FREE_BYTES
    return Finding(
        "disk space", ok, f"{free / 1e9:.1f} GB free", "" if ok else f"Free at least {LEAST_FREE_BYTES / 1e9:.0f} GB"
    )


def _store() -> Finding:
    path = paths.database_path()
    if not path.exists():
        return Finding("store", None, "not there yet; the first session makes it")
    with Store.open(path) as store:
        problems = store.verify(quick=True)
        mode = store.journal_mode
        begun = store.unfinished_forgettings()
    if begun:
        return Finding(
            "store", False, f"{len(begun)} forgettings were killed half-way", "Run apprentice forget to complete them"
        )
    if problems:
        return Finding(
            "store",
            False,
            f"{len(problems)} problems in {path}, the first: {problems[0]}",
            "Move the file aside (do not delete it) and put a backup in its place",
        )
    return Finding("store", True, f"{path}, schema {MIGRATIONS[-1].__name__}, journal mode {mode}, nothing wrong")


def _base_model() -> Finding:
    directory = paths.models_dir()
    found = sorted(entry.name for entry in directory.iterdir() if entry.is_dir() and any(entry.iterdir()))
    if found:
        return Finding("base model", True, f"{', '.join(found)} in {directory}")
    return Finding("base model", False, f"none in {directory}", "Set up the embedded base, or name a model by its path")


def _browser(find_browser: Callable[[], Path | str | None]) -> Finding:
    found = find_browser()
    if found is None:
        return Finding("browser", False, "no Chromium was found", "Install Chromium or Chrome")
    return Finding("browser", True, str(found))


def _torch() -> Finding:
    # Looked up without importing: that takes seconds, and the doctor must answer even when torch is broken.
    if find_spec("torch") is None:
        return Finding(
            "torch",
            False,
            "not installed",
            "Install torch to run and train the embedded model; a served model needs none",
        )
    return Finding("torch", True, "installed")


def _running() -> Finding:
    held = [f"{name} in process {pid}" for name in lock.LOCK_NAMES if (pid := lock.holder(name)) is not None]
    return Finding("running", None, ", ".join(held) or "nothing")
