"""Whether the store still holds what was put into it: the file, the references between rows, every hash."""

from __future__ import annotations

from collections.abc import Iterator

from agent.store.blobs import unpack
from agent.store.database import Database, Part
from browser.errors import StorageError

_LOST_REFERENCES = {
    "session {id} read a lesson that is not recorded: {name}": """
        SELECT sessions.id AS id, value AS name FROM sessions, json_each(lesson_ids) WHERE value NOT IN (SELECT id FROM lessons)""",
    "adapter {id} was made of a lesson that is not recorded: {name}": """
        SELECT adapters.id AS id, value AS name FROM adapters, json_each(lesson_ids) WHERE value NOT IN (SELECT id FROM lessons)""",
    "lesson {id} teaches on a page that is not stored: {name}": """
        SELECT lessons.id AS id, json_extract(value, '$[1]') AS name FROM lessons, json_each(steps)
        WHERE json_extract(value, '$[1]') IS NOT NULL AND json_extract(value, '$[1]') NOT IN (SELECT hash FROM blobs)""",
}
"""References that are written as JSON, where SQLite itself cannot check them."""


class Verify(Part):
    """The store's own check."""

    def verify(self, *, quick: bool = False) -> list[str]:
        """Return what is wrong, one line each; nothing is changed.

        `quick` leaves out what reads all the contents: the full integrity check, the hashes and the search index.
        """
        problems: list[str] = []
        try:
            problems.extend(_problems(self._db, quick))
        except StorageError as error:
            problems.append(error.message)
        return problems


def _problems(database: Database, quick: bool) -> Iterator[str]:
    for row in database.rows("PRAGMA quick_check" if quick else "PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"the file is damaged: {' '.join(str(row[0]).split())}"
    for row in database.rows("PRAGMA foreign_key_check"):
        yield f"row {row['rowid']} of {row['table']} refers to a row of {row['parent']} that does not exist"
    for problem, query in _LOST_REFERENCES.items():
        for row in database.rows(query):
            yield problem.format(id=row["id"], name=row["name"])
    if not quick:
        yield from _damaged_blobs(database)
        yield from _damaged_indexes(database)


def _damaged_blobs(database: Database) -> Iterator[str]:
    for row in database.rows("SELECT hash FROM blobs ORDER BY hash"):
        # One at a time: all of them together may not fit into memory.
        for blob in database.rows("SELECT hash, encoding, data FROM blobs WHERE hash = ?", [row["hash"]]):
            try:
                unpack(blob, database.path)
            except StorageError as error:
                yield error.message


def _damaged_indexes(database: Database) -> Iterator[str]:
    for index in ("sessions_fts", "lessons_fts"):
        try:
            database.rows(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
        except StorageError:
            yield f"the search index {index} does not match its table"
