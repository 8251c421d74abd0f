"""The page of the store: its tables, as an empty database has them."""

from __future__ import annotations

import sqlite3

from agent.store import migrations
from tui.reference.tables import table

_HEAD = """# The store

One SQLite file, `apprentice.db`, in the folder of data (each profile has its own). Every step is committed before the next
begins. It can be read with any SQLite tool while Apprentice works; the views whose names begin with `v_` are made for that:

```sh
sqlite3 -readonly ~/.local/share/apprentice/apprentice.db 'select task, stop_reason, outcome from v_sessions limit 5'
```

Ids are ULIDs, times UTC in ISO-8601. Pages and pictures are in `blobs`, each once, under the hash of its content.
The schema is only ever added to; a database of a newer version is refused and not touched. Programs had better use
[the Python API](python.md) or [exports](interop.md).

This page is written from an empty database (`python -m tui.reference docs`).
"""


def page() -> str:
    """Return the page."""
    connection = sqlite3.connect(":memory:")
    try:
        migrations.apply(connection)
        return _HEAD + "".join(_section(connection, *row) for row in _relations(connection))
    finally:
        connection.close()


def _relations(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return kind and name of what can be read, without what SQLite keeps for full-text search."""
    rows = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        " AND name NOT LIKE '%\\_fts%' ESCAPE '\\' ORDER BY type = 'table', rowid"
    )
    return rows.fetchall()


def _section(connection: sqlite3.Connection, kind: str, name: str) -> str:
    references = {
        row[3]: f"{row[2]}.{row[4]}" for row in connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
    }
    rows = [
        (f"`{column}`", kept.lower(), _about(bool(needed), key, references.get(column, "")))
        for _, column, kept, needed, _, key in connection.execute(f"PRAGMA table_info({name})").fetchall()
    ]
    return f"\n## {kind.capitalize()} {name}\n\n{table(('column', 'type', ''), rows)}\n"


def _about(needed: bool, key: int, refers_to: str) -> str:
    parts = ["key" if key else "", "never null" if needed and not key else "", f"of `{refers_to}`" if refers_to else ""]
    return ", ".join(filter(None, parts))
