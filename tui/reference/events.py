"""The page of events, and their JSON Schema."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agent import event_schema
from agent.events import SCHEMA

_HEAD = f"""# Events

`apprentice run … --json` prints one of these a line on standard output, and nothing else there; notes go to standard error.
`apprentice batch … --json` prints `task_ended` only. Every event has `schema` ({SCHEMA}) and `event`, its kind.
[events.schema.json](events.schema.json) is the same as JSON Schema. Within a version, fields keep their meaning; new kinds and
new fields may come, so a reader should pass over what it does not know. A run that could begin ends with `result`, any
other with `error`; both carry the exit code ([headless.md](headless.md)).

This page is written from `agent/event_schema.py` (`python -m tui.reference docs`).
"""


def schema() -> str:
    """Return the JSON Schema of all events."""
    return json.dumps(event_schema.json_schema(), indent=1, ensure_ascii=False) + "\n"


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(map(_event, event_schema.KINDS)) + _parts()


def _event(model: type[Any]) -> str:
    rows = [
        f"| `{field.alias or name}` | {_type(field)} | {field.description} |"
        for name, field in model.model_fields.items()
        if name not in ("schema_", "event")
    ]
    table = "\n".join(["| field | type | meaning |", "|---|---|---|", *rows])
    return f"\n## {event_schema.kind_of(model)}\n\n{model.__doc__}\n\n{table}\n"


def _parts() -> str:
    text = ""
    for part in (event_schema.Verdict, event_schema.Check):
        rows = [f"| `{name}` | {_type(field)} | {field.description} |" for name, field in part.model_fields.items()]
        table = "\n".join(["| field | type | meaning |", "|---|---|---|", *rows])
        text += f"\n## {part.__name__}\n\n{part.__doc__}\n\n{table}\n"
    return text


def _type(field: FieldInfo) -> str:
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    text = (
        getattr(kind, "__name__", str(kind)) if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    )
    for old, new in (
        ("typing.", ""),
        ("agent.event_schema.", ""),
        (" | None", " or null"),
        ("dict[str, Any]", "object"),
    ):
        text = text.replace(old, new)
    if text.startswith("Literal["):
        text = "one of " + text.removeprefix("Literal[").removesuffix("]").replace("'", "")
    return text.replace("|", "\\|")
