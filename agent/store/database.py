"""One connection to the database file: its pragmas, its transactions, and errors that say what to do.

A `Database` may be used from several threads: one lock serialises them. Several processes may open the same file:
a write takes SQLite's write lock at its beginning, so it waits for the other one instead of failing half-way.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from agent.redaction import Redactor
from agent.store import migrations
from browser.errors import ApprenticeError, StorageError, UsageError

BUSY_MS = 5000
"""How long a transaction waits for another process's."""
Parameters = Sequence[object] | Mapping[str, object]


def journal_mode_for(version: tuple[int, ...]) -> Literal["wal", "truncate"]:
    """Return the journal mode that is safe with this SQLite version.

    From 3.7.0 to 3.51.2 two connections in WAL mode can lose or corrupt commits (3.44.6 and 3.50.7 carry the fix).
    `truncate` and not `delete`: with synchronous=FULL it also syncs the end of the journal, so a commit survives
    power loss, which `delete` promises only with synchronous=EXTRA.
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "wal" if fixed else "truncate"


def now() -> str:
    """Return the time as the store writes it: UTC, ISO-8601, milliseconds, so that text order is time order."""
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    """Write a moment as the store does. One without a time zone is read as local time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def new_id() -> str:
    """Make the id of a new record: a ULID, so that ids sort by when they were made."""
    from ulid import ULID  # slow to import, and whoever only reads needs none

    return str(ULID())


class Transaction:
    """A write in progress: everything executed in it is committed together, or not at all.

    Every text that is written passes through `redactor`: what is secret never reaches the file, its journal or its index.
    """

    def __init__(self, connection: sqlite3.Connection, redactor: Redactor) -> None:
        self._connection = connection
        self.redactor = redactor

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Execute one statement and return how many rows it changed."""
        return self._connection.execute(sql, _storable(parameters, self.redactor.storable)).rowcount

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Read inside the transaction."""
        return self._connection.execute(sql, _storable(parameters)).fetchall()


class Database:
    """The open file."""

    def __init__(self, path: Path, redactor: Redactor | None = None) -> None:
        self.path = path
        self.redactor = redactor or Redactor()
        self._lock = threading.RLock()
        with self._explained(), ExitStack() as on_failure:
            self._connection = self._connect()
            on_failure.callback(self._connection.close)
            self._prepare()
            on_failure.pop_all()

    def close(self) -> None:
        """Give the file back. Safe to call twice."""
        with self._lock:
            self._connection.close()

    @property
    def journal_mode(self) -> str:
        """The journal mode in use."""
        return str(self.rows("PRAGMA journal_mode")[0][0])

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Read with one statement."""
        with self._lock, self._explained():
            return self._connection.execute(sql, _storable(parameters)).fetchall()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Run a block as one transaction; it is on the disk when the block has ended without an error."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._connection, self.redactor)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StorageError(
                f"cannot open the database {self.path}: {error.strerror}", "Make the file and its directory writable"
            ) from error
        connection = sqlite3.connect(self.path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        return connection

    def _prepare(self) -> None:
        # First of all, and reading only: a database that is not ours or newer than this code stays byte for byte.
        migrations.check(self._connection, self.path)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute(f"PRAGMA journal_mode = {journal_mode_for(sqlite3.sqlite_version_info)}")
        if migrations.pending(self._connection):
            with self.write():
                migrations.apply(self._connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # ours: a closed connection or a wrong statement, nothing that a person can mend
        except sqlite3.IntegrityError as error:
            raise UsageError(
                f"the store refuses this row: {error}",
                "Check its ids and kinds: what it refers to must be recorded first",
            ) from error
        except sqlite3.DatabaseError as error:
            raise explain(error, self.path) from error


def explain(error: sqlite3.DatabaseError, path: Path) -> ApprenticeError:
    """Say what went wrong with the database file, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        free = shutil.disk_usage(path.parent).free if path.parent.exists() else 0
        what = "the disk is full" if code == sqlite3.SQLITE_FULL else f"the disk refuses ({error})"
        return StorageError(
            f"cannot write to {path}: {what}, {free / 1e6:.1f} MB are free",
            "Free some space and try again; what was recorded before is kept",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageError(
            f"another process has kept {path} locked for {BUSY_MS // 1000} s",
            "Wait until it is done, or end it, and try again",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StorageError(
            f"the database {path} cannot be read: {error}",
            "Move the file aside (do not delete it) and put a backup in its place",
        )
    return StorageError(
        f"the database {path} does not answer: {error}",
        "Check that the file and its directory are readable and writable",
    )


class Part:
    """A part of the store: some tables and the methods that know them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def _resolve(self, table: Literal["sessions", "lessons", "adapters", "jobs"], prefix: str) -> str:
        """Return the one id that begins with the prefix, in any case; of a hash, the name of its algorithm may be left out."""
        if self._db.rows(f"SELECT 1 FROM {table} WHERE id = ?", [prefix]):  # by its index, not by a look at every row
            return prefix
        found = self._db.rows(
            f"SELECT id FROM {table} WHERE upper(substr(id, 1, length(:p))) = upper(:p)"
            " OR upper(substr(id, instr(id, ':') + 1, length(:p))) = upper(:p)"
            " LIMIT 2",
            {"p": prefix},
        )
        kind = table.removesuffix("s")
        if not prefix or not found:
            raise UsageError(f"no {kind} has an id that begins with {prefix!r}", f"List the {table} to see their ids")
        if len(found) > 1:
            raise UsageError(f"more than one {kind} has an id that begins with {prefix!r}", "Give more of the id")
        return str(found[0]["id"])


def _storable(parameters: Parameters, clean: Callable[[str], str] = str) -> Parameters:
    def kept(value: object) -> object:
        return clean(_whole(value)) if isinstance(value, str) else value

    if isinstance(parameters, Mapping):
        return {name: kept(value) for name, value in parameters.items()}
    return [kept(value) for value in parameters]


def _whole(text: str) -> str:
    """Replace half surrogate pairs, which pages do contain, by U+FFFD: UTF-8, hence SQLite, cannot hold them."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
