"""What a running session tells whoever watches: one JSON object an event, the same for screen, script and log.

`agent.event_schema` says which fields each kind has; `docs/events.md` is written from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.redaction import Redactor

SCHEMA = 1
"""Version of the event format; grows when a field changes its meaning. New kinds and new fields may come at any time."""

Listener = Callable[[dict[str, Any]], None]


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """Make an event of a kind that `agent.event_schema` describes."""
    return {"schema": SCHEMA, "event": kind, **fields}


def redacted(listen: Listener, redactor: Redactor) -> Listener:
    """Return a listener that is told everything without the secrets in it."""
    return lambda told: listen(redactor.record(told))


def ignore(_: dict[str, Any]) -> None:
    """Listen to nothing."""
