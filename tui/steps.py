"""A file of actions, one a line: what `teach --steps` and `run --steps` perform."""

from __future__ import annotations

from pathlib import Path

from browser.actions import Action, parse
from browser.errors import UsageError


def parse_steps(path: Path) -> list[Action]:
    """Read a lesson file. Raises UsageError that names the line."""
    actions = []
    for number, line in enumerate(read_steps(path), start=1):
        try:
            actions.append(parse(line))
        except ValueError as error:
            raise UsageError(
                f"{path}, step {number}: {error}", 'Write one action a line, like: click "Save"'
            ) from error
    if not actions:
        raise UsageError(f"{path} has no steps", 'Write one action a line, like: click "Save"')
    return actions


def read_steps(path: Path) -> list[str]:
    """Read a file of actions, one a line; empty lines and lines beginning with # are left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "Give a text file with one action a line") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
