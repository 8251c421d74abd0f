"""The reference pages that are made from code. `python -m tui.reference docs` writes them; a test fails when they are stale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui.reference import actions, api, commands, configuration, events, gate, store

PAGES: dict[str, Callable[[], str]] = {
    "events.md": events.page,
    "events.schema.json": events.schema,
    "configuration.md": configuration.page,
    "batch.md": configuration.batch_page,
    "commands.md": commands.page,
    "actions.md": actions.page,
    "store.md": store.page,
    "gate.md": gate.page,
    "api.md": api.page,
}
"""Every generated file of `docs/`, and what makes it."""


def write(folder: Path) -> None:
    """Write all pages into the folder."""
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
