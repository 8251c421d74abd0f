from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.store import Store, migrations
from agent.store.migrations import MIGRATIONS
from browser.errors import StorageError, StoreTooNew


def blank(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


@pytest.mark.parametrize("count", range(1, len(MIGRATIONS) + 1))
def test_each_migration_follows_the_ones_before_and_an_old_database_is_brought_up_to_date(
    path: Path, count: int
) -> None:
    with closing(blank(path)) as connection:
        connection.execute("BEGIN")
        migrations.apply(connection, MIGRATIONS[:count])
        connection.execute("COMMIT")
        assert migrations.applied(connection) == [migration.__name__ for migration in MIGRATIONS[:count]]
        assert migrations.pending(connection) == list(MIGRATIONS[count:])
    with Store.open(path) as store:
        assert store.verify() == []
    with closing(blank(path)) as connection:
        assert migrations.pending(connection) == []


def test_applying_again_changes_nothing(path: Path) -> None:
    Store.open(path).close()
    before = path.read_bytes()
    with Store.open(path), closing(blank(path)) as connection:
        migrations.apply(connection)
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    def m999_fails(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a)")
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with closing(blank(path)) as connection:
        connection.execute("BEGIN")
        with pytest.raises(sqlite3.OperationalError):
            migrations.apply(connection, (*MIGRATIONS, m999_fails))
        connection.execute("ROLLBACK")
        assert schema(connection) == []


def test_names_are_numbered_in_order() -> None:
    names = [migration.__name__ for migration in MIGRATIONS]
    assert [name[:4] for name in names] == [f"m{number:03}" for number in range(1, len(names) + 1)]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_newer_database_is_refused_and_stays_byte_for_byte(path: Path, mode: str) -> None:
    Store.open(path).close()
    with closing(blank(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute(
            "INSERT INTO _migrations (name, applied_at) VALUES ('m999_future', '2031-01-01T00:00:00.000+00:00')"
        )
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match=r"newer version.*m999_future.*Upgrade"):
        Store.open(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_another_program_s_database_is_refused_and_stays_byte_for_byte(path: Path) -> None:
    with closing(blank(path)) as connection:
        connection.execute("CREATE TABLE moz_places (id)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"another program.*moz_places"):
        Store.open(path)
    assert path.read_bytes() == before


def test_rows_that_are_older_than_the_search_are_found_by_it(path: Path) -> None:
    with closing(blank(path)) as connection:
        connection.execute("BEGIN")
        migrations.apply(connection, MIGRATIONS[:4])
        connection.execute(
            "INSERT INTO sessions (id, task, app, url, kind, started_at, policy, lesson_ids)"
            " VALUES ('s', 'pay the rent', 'bank', 'u', 'run', '2026', 'p', '[]')"
        )
        connection.execute("COMMIT")
    with Store.open(path) as store:
        assert [session.id for session in store.sessions("rent")] == ["s"] and store.verify() == []
