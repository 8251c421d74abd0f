from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from agent.store import Store
from agent.store.database import Database, journal_mode_for, now
from browser.actions import parse
from browser.errors import ApprenticeError, StorageError, UsageError
from browser.types import Observation, StepResult

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 6, 23), "truncate"),
        ((3, 7, 0), "truncate"),
        ((3, 40, 1), "truncate"),
        ((3, 44, 5), "truncate"),
        ((3, 44, 6), "wal"),
        ((3, 45, 0), "truncate"),
        ((3, 50, 6), "truncate"),
        ((3, 50, 7), "wal"),
        ((3, 51, 0), "truncate"),
        ((3, 51, 2), "truncate"),
        ((3, 51, 3), "wal"),
        ((3, 53, 0), "wal"),
        ((4, 0, 0), "wal"),
    ],
)
def test_wal_only_where_it_cannot_lose_commits(version: tuple[int, ...], mode: str) -> None:
    assert journal_mode_for(version) == mode


def test_pragmas_of_the_open_store(path: Path) -> None:
    with closing(Database(path)) as database:
        settings = {
            name: database.rows(f"PRAGMA {name}")[0][0]
            for name in ("foreign_keys", "synchronous", "secure_delete", "busy_timeout", "journal_mode")
        }
    assert settings == {
        "foreign_keys": 1,
        "synchronous": 2,
        "secure_delete": 1,
        "busy_timeout": 5000,
        "journal_mode": journal_mode_for(sqlite3.sqlite_version_info),
    }


def test_a_wal_database_gets_the_mode_that_this_version_may_use(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
    with Store.open(path) as store:
        assert store.journal_mode == journal_mode_for(sqlite3.sqlite_version_info)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_the_file_is_its_owner_s_only(path: Path, store: Store) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    with closing(Database(path)) as database:
        with pytest.raises(UsageError, match="refuses this row"), database.write() as transaction:
            transaction.execute("INSERT INTO aliases VALUES ('a', NULL, ?)", [now()])
            transaction.execute("INSERT INTO aliases VALUES ('a', NULL, ?)", [now()])
        with pytest.raises(ZeroDivisionError), database.write() as transaction:
            transaction.execute("INSERT INTO aliases VALUES ('b', NULL, ?)", [now()])
            _ = 1 / 0
        assert database.rows("SELECT * FROM aliases") == []


def test_promotions_cannot_be_rewritten(path: Path) -> None:
    with Store.open(path) as store:
        store.add_adapter("sha256:aa", "base", "aa")
        store.promote("sha256:aa", "it learned")
    with closing(Database(path)) as database:
        for statement in ("DELETE FROM promotions", "UPDATE promotions SET reason = 'another'"):
            with pytest.raises(ApprenticeError, match="only ever added"), database.write() as transaction:
                transaction.execute(statement)


def test_several_threads_share_a_store(path: Path, store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda number: store.begin_session(f"task {number}", "a", "u"), range(20)))
    assert sorted(row.id for row in store.sessions()) == sorted(ids)


def test_two_processes_open_a_blank_store_and_write_at_once(path: Path, scripts) -> None:
    with scripts.start("write_steps.py", path, 20) as one, scripts.start("write_steps.py", path, 20) as two:
        errors = [process.communicate()[1] for process in (one, two)]
    assert errors == ["", ""]
    assert (one.returncode, two.returncode) == (0, 0)
    with Store.open(path) as store:
        assert [session.steps for session in store.sessions()] == [20, 20]
        assert store.verify() == []


def test_a_lock_that_stays_is_a_storage_error(path: Path, store: Store) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"another process has kept .* locked"):
            store.begin_session("task", "a", "u")
        other.execute("ROLLBACK")
    store.begin_session("task", "a", "u")


@pytest.mark.parametrize(
    "content",
    [
        b"not a database, but some text that is longer than a header" * 40,
        b"SQLite format 3\x00" + bytes(range(256)) * 20,
    ],
)
def test_an_unreadable_file_is_a_storage_error_and_stays(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"cannot be read.*do not delete it"):
        Store.open(path)
    assert path.read_bytes() == content


def test_a_directory_or_a_missing_place_is_a_storage_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere" / "apprentice.db"):
        with pytest.raises(StorageError, match="cannot open the database"):
            Store.open(place)


def problems_of(path: Path) -> list[str]:
    try:
        with Store.open(path) as store:
            return store.verify()
    except StorageError as error:
        return [error.message]


def test_every_page_that_is_overwritten_is_noticed(path: Path, store: Store, page: Observation) -> None:
    session_id = store.begin_session("task", "http://h", "http://h/")
    store.begin_step(session_id, 0, page, parse("wait"))
    store.finish_step(session_id, 0, StepResult(page), screenshot=os.urandom(9000))
    store.close()
    whole = path.read_bytes()
    assert problems_of(path) == []
    for start in range(0, len(whole), 4096):
        path.write_bytes(whole[:start] + b"\xff" * 64 + whole[start + 64 :])
        problems = problems_of(path)
        assert problems, f"page {start // 4096}"
        assert all("\n" not in problem for problem in problems)


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits")
def test_when_files_may_not_grow_nothing_recorded_is_lost(tmp_path: Path, scripts) -> None:
    assert scripts.run("fill_disk.py", "limit", tmp_path).startswith("refused")


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"),
    reason="needs root for a small file system",
)
def test_when_the_disk_is_full_nothing_recorded_is_lost(tmp_path: Path) -> None:
    # In a mount namespace of its own: whatever happens, no mount is left behind.
    if subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=False, capture_output=True
    ).returncode:
        pytest.skip("mounting is not allowed here")
    command = [
        "unshare",
        "--mount",
        sys.executable,
        str(Path(__file__).with_name("fill_disk.py")),
        "mount",
        str(tmp_path),
    ]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    assert "the disk is full" in done.stdout


def test_the_store_opens_without_heavy_libraries(path: Path) -> None:
    program = (
        "import sys, pathlib; from agent.store import Store; import agent.doctor\n"
        "Store.open(pathlib.Path(sys.argv[1])).close()\n"
        "late = {'torch', 'transformers', 'peft', 'playwright', 'textual', 'numpy', 'sqlite_utils'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & late))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"
