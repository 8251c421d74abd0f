"""Content-addressed bytes: pages and screenshots, stored once under `sha256:…` whoever refers to them.

The hash names its algorithm, so that another one can follow without rewriting what is there. It is taken over the
plain bytes and checked on every read: what the store returns is what was put in, or an error.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

from agent.store.database import Part, Transaction
from browser.errors import StorageError, UsageError
from browser.types import Observation

ALGORITHM = "sha256"
ZLIB_LEVEL = 6


def hash_of(data: bytes) -> str:
    """Return the name of these bytes."""
    return f"{ALGORITHM}:{hashlib.sha256(data).hexdigest()}"


def observation_bytes(observation: Observation) -> bytes:
    """Write an observation in its one canonical form, so that equal pages have equal hashes."""
    return json.dumps(observation.to_json(), sort_keys=True, separators=(",", ":")).encode("ascii")


def observation_from(data: bytes) -> Observation:
    """Invert `observation_bytes`."""
    return Observation.from_json(json.loads(data))


def json_text(value: Any) -> str:
    """Write a JSON column."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def put_page(transaction: Transaction, page: Observation) -> str:
    """Store what was seen within a transaction, without secrets, and return its hash."""
    return _put(transaction, "observation", observation_bytes(transaction.redactor.observation(page)))


def put(transaction: Transaction, kind: str, data: bytes) -> str:
    """Store bytes within a transaction, unless they are there, and return their hash. Text is stored without secrets."""
    return _put(transaction, kind, data if kind == "screenshot" else _clean(transaction, data))


def _clean(transaction: Transaction, data: bytes) -> bytes:
    try:
        text = data.decode()
    except UnicodeDecodeError:  # no text
        return data
    clean = transaction.redactor.storable(text)
    return data if clean == text else clean.encode()


def _put(transaction: Transaction, kind: str, data: bytes) -> str:
    name = hash_of(data)
    if not transaction.rows("SELECT 1 FROM blobs WHERE hash = ?", [name]):
        packed = zlib.compress(data, ZLIB_LEVEL)
        encoding, packed = ("zlib", packed) if len(packed) < len(data) else ("raw", data)
        transaction.execute(
            "INSERT INTO blobs (hash, kind, encoding, size, data) VALUES (?, ?, ?, ?, ?)",
            [name, kind, encoding, len(data), packed],
        )
    return name


def unpack(row: sqlite3.Row, path: Path) -> bytes:
    """Return the plain bytes of a row of `blobs`. Raises StorageError when they are not what the hash names."""
    damaged = StorageError(
        f"{row['hash']} in {path} is damaged", "Put a backup of the file in its place; other records are not affected"
    )
    try:
        data = zlib.decompress(row["data"]) if row["encoding"] == "zlib" else bytes(row["data"])
    except zlib.error as error:
        raise damaged from error
    if hash_of(data) != row["hash"]:
        raise damaged
    return data


class Blobs(Part):
    """Bytes by their hash."""

    def put_blob(self, kind: str, data: bytes) -> str:
        """Store bytes, unless they are there, and return their hash. The kind of who came first stays."""
        with self._db.write() as transaction:
            return put(transaction, kind, data)

    def get_blob(self, name: str) -> bytes:
        """Return the bytes with this hash. Raises UsageError for an unknown one, StorageError for a damaged one."""
        rows = self._db.rows("SELECT hash, encoding, data FROM blobs WHERE hash = ?", [name])
        if not rows:
            raise UsageError(f"nothing is stored as {name!r}", "A hash looks like sha256:… and is written in full")
        return unpack(rows[0], self._db.path)
