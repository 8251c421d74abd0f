"""What a running session tells whoever watches: one JSON object an event, the same for screen, script and log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SCHEMA = 1
"""Version of the event format; grows when a field changes its meaning."""

Listener = Callable[[dict[str, Any]], None]


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """Make an event. Kinds: session_started, wall, observed, decided, dialog, approval_needed, question, stepped, session_ended."""
    return {"schema": SCHEMA, "event": kind, **fields}


def ignore(_: dict[str, Any]) -> None:
    """Listen to nothing."""
