"""A table whose one wide column takes what the others leave, and whose cursor stays on its row when rows change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.widgets import DataTable

GAP = 2
"""Cells of padding that a column adds to its width."""
SCROLLBAR = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Without a width it is the wide one; left and right move a table that is wider than the screen."""

    label: str
    width: int | None = None
    least: int = 12
    """Narrower than this the wide column does not get."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row under its key, one text a column."""

    key: str
    cells: tuple[str, ...]


class RowTable(DataTable[Text]):
    """Rows of plain text. What pages and people wrote is never read as markup."""

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._columns = columns
        self._rows: tuple[Row, ...] = ()
        self._drawn: tuple[int, tuple[Row, ...]] = (0, ())

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; nothing happens when they are there already."""
        self._rows = tuple(rows)
        self._draw()

    @property
    def current(self) -> str | None:
        """Key of the row under the cursor, None in an empty table."""
        return self._rows[self.cursor_row].key if 0 <= self.cursor_row < len(self._rows) else None

    def go_to(self, key: str) -> None:
        """Move the cursor to a row; nothing happens when there is none with this key."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self.move_cursor(row=index, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Give the wide column its new width."""
        self._draw()

    def _draw(self) -> None:
        wanted = (self.container_size.width, self._rows)
        if wanted == self._drawn or not self.container_size.width:
            return
        before, self._drawn = self._drawn[1], wanted
        key = before[self.cursor_row].key if 0 <= self.cursor_row < len(before) else None
        self.clear(columns=True)
        for column in self._columns:
            self.add_column(column.label, width=column.width or max(column.least, self._rest()))
        for row in self._rows:
            self.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row.cells), key=row.key)
        index = next((number for number, row in enumerate(self._rows) if row.key == key), 0)
        self.move_cursor(row=index, animate=False)

    def _rest(self) -> int:
        fixed = sum(column.width or 0 for column in self._columns) + GAP * len(self._columns) + SCROLLBAR
        return self.container_size.width - fixed
