"""The pages of the configuration's keys and of a batch's."""

from __future__ import annotations

import json

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tui.batch import BatchTask
from tui.config import PREFIX
from tui.settings import Settings

_CONFIGURATION = f"""# Configuration

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


def page() -> str:
    """Return the page of the configuration."""
    return _CONFIGURATION.replace("{keys}", _keys(Settings, "default"))


def _keys(model: type[BaseModel], last: str) -> str:
    rows = [f"| `{name}` | {field.description} | {_default(field)} |" for name, field in model.model_fields.items()]
    return "\n".join([f"| key | what it may be: what it means | {last} |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return f"`{json.dumps(field.default)}`" if field.default not in (None, "", []) else ""


def batch_page() -> str:
    """Return the page of a batch's tasks."""
    keys = _keys(BatchTask, "").replace("number | needed |", "number | |")
    return f"""# Keys of a batch's tasks

A batch is a TOML file with one `[[task]]` table a task, and `[defaults]` for what all share (any key but `id` and `task`); or JSON
Lines, one object a line. [headless.md](headless.md) says how batches run. Relative paths begin at the batch's folder.

{keys}

This page is written from `tui/batch.py` (`python -m tui.reference docs`).
"""
