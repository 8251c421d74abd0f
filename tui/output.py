"""What commands print: words for people, JSON for scripts, errors in one line. rich is imported for the words alone."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from agent.events import event
from agent.redaction import Redactor
from browser.errors import ApprenticeError

if TYPE_CHECKING:
    from rich.console import Console

_redactor = Redactor()


@cache
def out() -> Console:
    """Return the console of what was asked for."""
    from rich.console import Console

    return Console(highlight=False)


@cache
def err() -> Console:
    """Return the console of what is said beside it."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def keep_out(redactor: Redactor) -> None:
    """Paint over secrets in all that this process prints from now on."""
    global _redactor
    _redactor = redactor


def say(text: str) -> None:
    """Print a line for people."""
    out().print(_redactor.text(text), markup=False, soft_wrap=True)  # what a script reads, a path, stays in one piece


def note(text: str) -> None:
    """Print a line about the work itself, beside the output."""
    err().print(_redactor.text(text), style="dim", markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    sys.stdout.write(_redactor.storable(json.dumps(value, ensure_ascii=False, default=_plain)) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table without boxes, so that a screen reader and a pipe can read it."""
    from rich.table import Table

    table = Table(*columns, title=title or None, box=None, title_justify="left", header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else _redactor.text(str(cell)) for cell in row))
    out().print(table)


def print_error(error: ApprenticeError, *, as_json: bool) -> None:
    """Print what went wrong and what to do next, on one line: an event among the others, or words on standard error."""
    if as_json:
        print_json(event("error", error=error.message, next_step=error.next_step, exit_code=error.exit_code))
    else:
        err().print(_redactor.text(f"error: {' '.join(str(error).split())}"), markup=False, soft_wrap=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "to_json"):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)
