"""The page of the Python API: every public name, its signature, and the docstring that its code has."""

from __future__ import annotations

import inspect
import re
from enum import EnumMeta
from typing import Any

import apprentice

_HEAD = """# Names of the Python API

What `from apprentice import …` gives. [python.md](python.md) shows each at work.

This page is written from the package itself (`python -m tui.reference docs`).
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(_section(name, getattr(apprentice, name)) for name in apprentice.__all__)


def _section(name: str, thing: Any) -> str:
    if isinstance(thing, EnumMeta):
        shown = "\n".join(f"{name}.{member.name}" for member in thing)  # type: ignore[var-annotated]
    elif getattr(thing, "_is_protocol", False) or _is_error(thing):
        shown = f"class {name}"
    else:
        shown = f"{name}{_signature(thing)}"
    return f"\n## {name}\n\n```python\n{shown}\n```\n\n{inspect.getdoc(thing) or ''}\n{_methods(thing)}"


def _is_error(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Exception)


def _signature(thing: Any) -> str:
    """Write a signature, types without the modules they come from."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(thing)))
    text = re.sub(r"<factory>|<function .+? at 0x[0-9a-f]+>", "...", text)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", text)


def _methods(thing: Any) -> str:
    """List a class's own public methods, each with the first line of its docstring."""
    if not isinstance(thing, type) or _is_error(thing):
        return ""
    rows = [
        f"- `{name}{_signature(member)}`: {(inspect.getdoc(member) or '').splitlines()[0]}"
        for name, member in inspect.getmembers(thing, inspect.isfunction)
        if not name.startswith("_") and inspect.getdoc(member)
    ]
    return "\n" + "\n".join(rows) + "\n" if rows else ""
