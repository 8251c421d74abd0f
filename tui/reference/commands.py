"""The page of commands, from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from tui.reference.tables import table

_HEAD = """# Commands

`apprentice` alone opens the dashboard. Every command takes `--help`. Exit codes are those of [headless.md](headless.md), defaults of many
options can be configured ([configuration.md](configuration.md)).

This page is written from the command line itself (`python -m tui.reference docs`).
"""


def page() -> str:
    """Return the page."""
    from tui.commandline import app  # late: the command line imports every command

    root = get_command(app)
    return _HEAD + "".join(_section(name, command) for name, command in every_command(root))


def every_command(command: Any, path: str = "apprentice") -> Iterator[tuple[str, Any]]:
    """Go through a command and all below it, each with its whole name."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, f"{path} {name}")


def _section(name: str, command: Any) -> str:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option" and item.name != "help"]
    shown = " ".join([name, *map(_placeholder, arguments), *(["COMMAND"] if hasattr(command, "commands") else [])])
    text = f"\n## {name}\n\n```text\n{shown}\n```\n\n{(command.help or '').strip()}\n"
    rows = [(f"`{_placeholder(item)}`", item.help or "", "needed" if item.required else "") for item in arguments]
    context = command.make_context(name, [], resilient_parsing=True)
    rows += [(_names(item, context), item.help or "", _default(item)) for item in options]
    return text + (f"\n{table(('argument or option', 'meaning', 'default'), rows)}\n" if rows else "")


def _placeholder(argument: Any) -> str:
    shown = (argument.metavar or argument.name).upper() + ("..." if argument.nargs == -1 else "")
    return shown if argument.required else f"[{shown}]"


def _names(option: Any, context: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or _kind(option, context)}"
    return ", ".join(f"`{name}{value}`" for name in [*option.opts, *option.secondary_opts])


def _kind(option: Any, context: Any) -> str:
    """Return what stands for the option's value: TEXT, PATH, INT, FLOAT."""
    kind = str(option.display_type(context)).strip("<>").removeprefix("list[").removesuffix("]").removesuffix(" range")
    return "TEXT" if kind == "str" else kind.upper()


def _default(option: Any) -> str:
    if option.required:
        return "needed"
    if option.is_flag and option.default is not None:
        chosen = option.opts if option.default else option.secondary_opts
        return f"`{chosen[0]}`" if chosen else ""
    return "" if option.default in (None, "", False) else f"`{option.default}`"
