from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.store import Store
from agent.store.blobs import hash_of, observation_bytes, observation_from
from browser.errors import StorageError, UsageError
from browser.types import Line, Observation


def test_the_hash_of_these_bytes_never_changes() -> None:
    assert hash_of(b"apprentice") == "sha256:042b8f64044ee7990f5272525e9c63a93559a5bf2078bc2bcda05f2b148ecc91"


def test_the_hash_of_a_page_never_changes(page: Observation) -> None:
    assert hash_of(observation_bytes(page)) == "sha256:6c99a3290f9e6bc5696f029081eaf17e6b0f61ddcd3c7c6980c80e9462c16234"
    slower = Observation.from_json({**page.to_json(), "took_ms": 99.0})
    assert observation_bytes(slower) == observation_bytes(page)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(), st.none() | st.integers(0))))
def test_a_page_comes_back_from_its_bytes(lines: list[tuple[str, str, int | None]]) -> None:
    page = Observation("http://h/", "t", tuple(Line(role, name, ref) for role, name, ref in lines))
    assert observation_from(observation_bytes(page)) == page


@pytest.mark.parametrize("data", [b"", b"a", b"a" * 10_000, bytes(range(256)), zlib.compress(bytes(range(256)) * 9)])
def test_bytes_come_back_whatever_their_encoding(store: Store, data: bytes) -> None:
    assert store.get_blob(store.put_blob("screenshot", data)) == data


def test_the_same_bytes_are_stored_once(path: Path, store: Store) -> None:
    assert store.put_blob("screenshot", b"x" * 100) == store.put_blob("screenshot", b"x" * 100)
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT encoding, size, length(data) < 100 FROM blobs").fetchall() == [("zlib", 100, 1)]


def test_unknown_bytes_are_a_usage_error(store: Store) -> None:
    with pytest.raises(UsageError, match="nothing is stored"):
        store.get_blob("sha256:00")


@pytest.mark.parametrize("damage", [b"not zlib", zlib.compress(b"other words")])
def test_damaged_bytes_are_never_returned_and_verify_names_them(path: Path, store: Store, damage: bytes) -> None:
    name = store.put_blob("observation", b"words " * 50)
    whole = store.put_blob("observation", b"other things " * 50)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE blobs SET data = ? WHERE hash = ?", [damage, name])
    with pytest.raises(StorageError, match="damaged"):
        store.get_blob(name)
    assert store.get_blob(whole)
    (problem,) = store.verify()
    assert name in problem
    assert store.verify(quick=True) == []
