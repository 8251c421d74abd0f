"""Writes the reference pages that are made from code: `python -m tui.reference docs`. A test fails when they are stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agent import event_schema
from agent.events import SCHEMA
from tui.batch import BatchTask
from tui.config import PREFIX
from tui.settings import Settings

EVENTS = f"""# Events

`apprentice run … --json` prints one of these a line on standard output, and nothing else there; notes go to standard error.
`apprentice batch … --json` prints `task_ended` only. Every event has `schema` ({SCHEMA}) and `event`, its kind.
[events.schema.json](events.schema.json) is the same as JSON Schema. Within a version, fields keep their meaning; new kinds and
new fields may come, so a reader should pass over what it does not know. A run that could begin ends with `result`, any
other with `error`; both carry the exit code ([headless.md](headless.md)).

This page is written from `agent/event_schema.py` (`python -m tui.reference docs`).
"""
CONFIGURATION = f"""# Configuration

One TOML file. `apprentice config path` says where it is (`config.toml` in the system's folder for configuration, for example
`~/.config/apprentice/`), `apprentice config check` whether it is sound, `apprentice config show` what is in force and where each value
comes from. Every error names the file, the key, and what is allowed there. The file need not exist.

What counts, the strongest first: the command line · the environment (`{PREFIX}MAX_STEPS=20`; lists with commas) · the profile's
table in the file · the rest of the file · the default.

## Keys

{{keys}}

## Profiles

A profile has a store, a browser with its logins, downloads and adapters of its own; models and the file are shared. It exists once
the file has its table, which may be empty:

```toml
max_steps = 30              # for everybody

[profiles.work]
max_steps = 60
allow = ["https://wiki.example"]
```

`apprentice --profile work run …` (or `{PREFIX}PROFILE=work`) works in it. Without one, everything is as if profiles did not exist.

## Places

| variable | what it moves | without it |
|---|---|---|
| `{PREFIX}HOME` | data and configuration into this folder, the cache into its `cache` | the folders of the system (XDG on Linux) |
| `{PREFIX}CONFIG` | the configuration file; it must exist then | `config.toml` there |
| `{PREFIX}PROFILE` | names the profile | no profile |
| `{PREFIX}NO_SANDBOX` | `1` starts Chromium without its sandbox | with it, but for root |

This page is written from `tui/settings.py` (`python -m tui.reference docs`).
"""


def pages() -> dict[str, str]:
    """Return every generated file of `docs/` by its name."""
    schema = json.dumps(event_schema.json_schema(), indent=1, ensure_ascii=False)
    return {
        "events.md": EVENTS + "".join(map(_event, event_schema.KINDS)) + _parts(),
        "events.schema.json": schema + "\n",
        "configuration.md": CONFIGURATION.replace("{keys}", _keys(Settings, "default")),
        "batch.md": _batch(),
    }


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


def _keys(model: type[BaseModel], last: str) -> str:
    rows = [f"| `{name}` | {field.description} | {_default(field)} |" for name, field in model.model_fields.items()]
    return "\n".join([f"| key | what it may be: what it means | {last} |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return f"`{json.dumps(field.default)}`" if field.default not in (None, "", []) else ""


def _batch() -> str:
    keys = _keys(BatchTask, "").replace("number | needed |", "number | |")
    return f"""# Keys of a batch's tasks

A batch is a TOML file with one `[[task]]` table a task, and `[defaults]` for what all share (any key but `id` and `task`); or JSON
Lines, one object a line. [headless.md](headless.md) says how batches run. Relative paths begin at the batch's folder.

{keys}

This page is written from `tui/batch.py` (`python -m tui.reference docs`).
"""


def main(argv: Sequence[str]) -> int:
    """Write all pages into the folder given."""
    (folder,) = argv
    for name, text in pages().items():
        (Path(folder) / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
