"""The schema, as a list of small steps that is only ever added to.

Each migration is a function named `mNNN_what`. All that are missing run in one transaction, so a database has the old
schema or the new one, never a mixture. What was applied is recorded in `_migrations`; a name there that this code does
not know means a newer version wrote the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent.store.views import m007_views, say_overruled
from browser.errors import StorageError, StoreTooNew

Migration = Callable[[sqlite3.Connection], None]


def m001_blobs(connection: sqlite3.Connection) -> None:
    """Add what is stored once under its content's hash: pages and screenshots."""
    connection.execute("""
        CREATE TABLE blobs (
            hash TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL,
            encoding TEXT NOT NULL CHECK (encoding IN ('zlib', 'raw')),
            size INTEGER NOT NULL, data BLOB NOT NULL
        )""")


def m002_adapters(connection: sqlite3.Connection) -> None:
    """Add adapters, the alias that names the champion, and its moves, which nothing may rewrite."""
    connection.execute("""
        CREATE TABLE adapters (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base_id TEXT NOT NULL, parent_id TEXT REFERENCES adapters (id),
            path TEXT NOT NULL, created_at TEXT NOT NULL, lesson_ids TEXT NOT NULL, receipt TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('challenger', 'refused', 'promoted', 'corrupt'))
        )""")
    connection.execute(
        "CREATE TABLE aliases (name TEXT PRIMARY KEY NOT NULL, adapter_id TEXT REFERENCES adapters (id), changed_at TEXT NOT NULL)"
    )
    connection.execute("""
        CREATE TABLE promotions (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, alias TEXT NOT NULL REFERENCES aliases (name),
            move TEXT NOT NULL CHECK (move IN ('promote', 'roll_back')),
            adapter_id TEXT REFERENCES adapters (id), previous_id TEXT REFERENCES adapters (id),
            reason TEXT NOT NULL, created_at TEXT NOT NULL
        )""")
    for event in ("UPDATE", "DELETE"):
        connection.execute(f"""
            CREATE TRIGGER promotions_no_{event.lower()} BEFORE {event} ON promotions
            BEGIN SELECT RAISE(ABORT, 'promotions are only ever added'); END""")


def m003_sessions(connection: sqlite3.Connection) -> None:
    """Add sessions, their steps, and the outcomes that may come months later."""
    connection.execute("""
        CREATE TABLE sessions (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, task TEXT NOT NULL, app TEXT NOT NULL, url TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('run', 'teach', 'replay')),
            started_at TEXT NOT NULL, ended_at TEXT, stop_reason TEXT, answer TEXT NOT NULL DEFAULT '', policy TEXT NOT NULL,
            adapter_id TEXT REFERENCES adapters (id), lesson_ids TEXT NOT NULL, parent_id TEXT REFERENCES sessions (id)
        )""")
    connection.execute("""
        CREATE TABLE steps (
            session_id TEXT NOT NULL REFERENCES sessions (id), step_no INTEGER NOT NULL CHECK (step_no >= 0),
            observation_hash TEXT NOT NULL REFERENCES blobs (hash), url TEXT NOT NULL, title TEXT NOT NULL,
            action TEXT NOT NULL, actor TEXT NOT NULL CHECK (actor IN ('agent', 'person')), guard TEXT,
            ok INTEGER CHECK (ok IN (0, 1)), note TEXT NOT NULL DEFAULT '',
            result_hash TEXT REFERENCES blobs (hash), screenshot_hash TEXT REFERENCES blobs (hash),
            decided_ms REAL NOT NULL, acted_ms REAL, prompt_tokens INTEGER NOT NULL, new_tokens INTEGER NOT NULL,
            created_at TEXT NOT NULL, finished_at TEXT,
            PRIMARY KEY (session_id, step_no)
        )""")
    connection.execute("""
        CREATE TABLE outcomes (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL REFERENCES sessions (id),
            succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1)), source TEXT NOT NULL CHECK (source IN ('check', 'person', 'agent')),
            note TEXT NOT NULL, created_at TEXT NOT NULL
        )""")
    connection.execute("CREATE INDEX outcomes_of_session ON outcomes (session_id)")


def m004_lessons(connection: sqlite3.Connection) -> None:
    """Add lessons."""
    connection.execute("""
        CREATE TABLE lessons (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL CHECK (kind IN ('demonstration', 'words', 'correction', 'preference')),
            app TEXT NOT NULL, task TEXT NOT NULL, text TEXT NOT NULL, steps TEXT NOT NULL,
            source_session_id TEXT REFERENCES sessions (id), source_step_no INTEGER,
            created_at TEXT NOT NULL, retired_at TEXT, in_weights_adapter_id TEXT REFERENCES adapters (id), expires_at TEXT,
            FOREIGN KEY (source_session_id, source_step_no) REFERENCES steps (session_id, step_no)
        )""")
    connection.execute("CREATE INDEX lessons_of_app ON lessons (app)")


def m005_search(connection: sqlite3.Connection) -> None:
    """Add full-text search over tasks and lessons; triggers keep the index true to the tables."""
    for table, columns in (("sessions", ("task",)), ("lessons", ("app", "task", "text"))):
        names, new, old = (", ".join(prefix + column for column in columns) for prefix in ("", "new.", "old."))
        index = f"{table}_fts"
        add = f"INSERT INTO {index} (rowid, {names}) VALUES (new.seq, {new});"
        remove = f"INSERT INTO {index} ({index}, rowid, {names}) VALUES ('delete', old.seq, {old});"
        connection.execute(
            f"CREATE VIRTUAL TABLE {index} USING fts5 ({names}, content = '{table}', content_rowid = 'seq',"
            " tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        connection.execute(f"CREATE TRIGGER {table}_fts_insert AFTER INSERT ON {table} BEGIN {add} END")
        connection.execute(f"CREATE TRIGGER {table}_fts_delete AFTER DELETE ON {table} BEGIN {remove} END")
        connection.execute(
            f"CREATE TRIGGER {table}_fts_update AFTER UPDATE OF {names} ON {table} BEGIN {remove} {add} END"
        )


def m006_jobs(connection: sqlite3.Connection) -> None:
    """Add jobs and what they report."""
    connection.execute("""
        CREATE TABLE jobs (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'refused', 'interrupted')),
            pid INTEGER NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, progress TEXT NOT NULL, error TEXT NOT NULL DEFAULT ''
        )""")
    connection.execute("""
        CREATE TABLE job_events (
            job_id TEXT NOT NULL REFERENCES jobs (id), seq INTEGER NOT NULL, created_at TEXT NOT NULL, payload TEXT NOT NULL,
            PRIMARY KEY (job_id, seq)
        )""")


def m008_forgetting(connection: sqlite3.Connection) -> None:
    """Add what remains of forgetting: when it was, and which files had to go."""
    connection.execute("ALTER TABLE adapters ADD COLUMN forgotten_at TEXT")
    connection.execute("""
        CREATE TABLE forgettings (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, asked_at TEXT NOT NULL, done_at TEXT,
            adapter_paths TEXT NOT NULL, lesson_ids TEXT NOT NULL
        )""")


def m009_review(connection: sqlite3.Connection) -> None:
    """Add when a person approved a lesson, and what finds the sessions of an adapter and those that continue another."""
    connection.execute("ALTER TABLE lessons ADD COLUMN approved_at TEXT")
    connection.execute("CREATE INDEX sessions_of_adapter ON sessions (adapter_id) WHERE adapter_id IS NOT NULL")
    connection.execute("CREATE INDEX sessions_of_parent ON sessions (parent_id) WHERE parent_id IS NOT NULL")


def m010_overruling(connection: sqlite3.Connection) -> None:
    """Add which lesson another one overrules; index rows that older versions had left out of the search."""
    connection.execute("ALTER TABLE lessons ADD COLUMN overrules TEXT")
    connection.execute("CREATE INDEX lessons_overruling ON lessons (overrules) WHERE overrules IS NOT NULL")
    for index in ("sessions_fts", "lessons_fts"):
        connection.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
    say_overruled(connection)


MIGRATIONS: tuple[Migration, ...] = (
    m001_blobs,
    m002_adapters,
    m003_sessions,
    m004_lessons,
    m005_search,
    m006_jobs,
    m007_views,
    m008_forgetting,
    m009_review,
    m010_overruling,
)


def check(connection: sqlite3.Connection, path: Path, known: Sequence[Migration] = MIGRATIONS) -> None:
    """Read whether this code may work on the database. Raises StoreTooNew, or StorageError for another program's file."""
    names = {migration.__name__ for migration in known}
    unknown = [name for name in applied(connection) if name not in names]
    if unknown:
        raise StoreTooNew(
            f"the database {path} was written by a newer version (it has {unknown[-1]})",
            "Upgrade Apprentice; nothing was changed",
        )
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    if tables and "_migrations" not in tables:
        raise StorageError(
            f"{path} is a database of another program (it has the table {tables[0]})",
            "Name another file; nothing was changed",
        )


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that the database has had, in order."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_migrations'").fetchone():
        return []
    return [row[0] for row in connection.execute("SELECT name FROM _migrations ORDER BY seq")]


def pending(connection: sqlite3.Connection, known: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """Return the migrations that the database still needs, in order."""
    had = set(applied(connection))
    return [migration for migration in known if migration.__name__ not in had]


def apply(connection: sqlite3.Connection, known: Sequence[Migration] = MIGRATIONS) -> None:
    """Apply what is missing. The caller holds a write transaction, so two processes cannot both do it."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS _migrations (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, applied_at TEXT NOT NULL)"
    )
    for migration in pending(connection, known):
        migration(connection)
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        connection.execute("INSERT INTO _migrations (name, applied_at) VALUES (?, ?)", (migration.__name__, moment))
