"""What must hold in a home, whenever the operation in it was killed, and what it holds, written so that it can be compared."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agent.paths import adapters_dir, data_dir
from agent.store import Store
from bench.kill.moments import Say
from browser.errors import ApprenticeError
from consolidation.adapters import verify_adapter

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_TIMES = re.compile(r"_at$")
_OF_RUNS = ("jobs", "job_events", "_migrations")
"""Tables that say how often something was begun, and when."""
_OF_FORMAT = ("sqlite_", "sessions_fts", "lessons_fts")
UNREADABLE = (sqlite3.Error, ApprenticeError, OSError, ValueError, LookupError)
"""What reading a damaged home ends with: SQLite's error, the store's own, those of files cut short or of rows that are not there."""


class Case(Protocol):
    """One operation."""

    name: str
    spoils: bool
    """Whether an adapter that does not verify is what it is about."""

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home in which it is run."""
        ...

    def act(self, say: Say) -> None:
        """Do it in the current home, or do the rest of it, and acknowledge each thing that is done."""
        ...

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill, beyond what is asked of every case."""
        ...

    def state(self, home: Path) -> Any:
        """Describe what is there, without ids and times."""
        ...


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Let a home be the current one while the block runs."""
    before = os.environ.get("APPRENTICE_HOME")
    os.environ["APPRENTICE_HOME"] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ["APPRENTICE_HOME"]
        else:
            os.environ["APPRENTICE_HOME"] = before


def damage(home: Path, case: Case, said: Sequence[str]) -> list[str]:
    """Name all that is wrong in a home right after a kill; what cannot be read is wrong, too."""
    with at_home(home):
        adapters = iter(()) if case.spoils else _damaged_adapters()
        asked = (_damaged_store(), _store_problems(), adapters, case.problems(home, said))
        return [problem for found in asked for problem in _as_far_as_it_reads(found)]


def state_of(home: Path, case: Case) -> Any:
    """Describe what is in a home, or why it cannot be read: as good as any other end that was not meant."""
    with at_home(home):
        try:
            return case.state(home)
        except UNREADABLE as error:
            return _unreadable(error)


def _as_far_as_it_reads(problems: Iterator[str]) -> Iterator[str]:
    try:
        yield from problems
    except UNREADABLE as error:
        yield _unreadable(error)


def _unreadable(error: Exception) -> str:
    return f"it cannot be read: {type(error).__name__}: {error}"


def _damaged_store() -> Iterator[str]:
    path = data_dir() / "apprentice.db"
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as raw:
        for row in raw.execute("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield f"the database is damaged: {row[0]}"


def _store_problems() -> Iterator[str]:
    if (data_dir() / "apprentice.db").exists():
        with Store.open() as store:
            yield from store.verify()


def _damaged_adapters() -> Iterator[str]:
    for folder in adapters_dir().glob("[!.]*"):
        try:
            verify_adapter(folder)
        except ApprenticeError as error:
            yield error.message


def rows_of(path: Path, without: Sequence[str] = _OF_RUNS) -> dict[str, list[Any]]:
    """Return all rows of all tables, ids by the order in which they come, without times and process ids."""
    names: dict[str, str] = {}

    def plain(value: object) -> object:
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        if not isinstance(value, str):
            return value
        value = value.replace(str(path.parent), "~")
        return _ULID.sub(lambda match: names.setdefault(match[0], f"#{len(names)}"), value)

    found: dict[str, list[Any]] = {}
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for table in tables:
            if table in without or table.startswith(_OF_FORMAT):
                continue
            rows = raw.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
            found[table] = [
                {
                    key: (row[key] is not None if _TIMES.search(key) else plain(row[key]))
                    for key in row.keys()  # noqa: SIM118 - a row iterates over its values
                    if key != "pid"
                }
                for row in rows
            ]
    return found


def files_of(home: Path) -> list[str]:
    """Name the files of a home, but for locks and journals, which say nothing, and logs, which say how often."""
    passing = (".lock", "-journal", "log.txt")
    return sorted(
        str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and not path.name.endswith(passing)
    )


@dataclass(slots=True)
class Plain:
    """What cases have in common."""

    name: str
    spoils: bool = False

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill."""
        yield from ()

    def state(self, home: Path) -> Any:
        """Describe what is there."""
        return rows_of(home / "apprentice.db"), files_of(home)
