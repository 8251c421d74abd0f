"""`apprentice mcp`: other agents use what was learned here."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.guard import APPROVABLE
from browser.errors import SetupError


def mcp(
    model: Annotated[str | None, typer.Option(help="Base model: a folder, or the address of a server.")] = None,
    adapter: Annotated[str, typer.Option(help="champion, none, or an adapter's id.")] = "champion",
    approve: Annotated[str, typer.Option(help=f"Consequences allowed without asking: {','.join(APPROVABLE)}.")] = "",
    allow: Annotated[list[str] | None, typer.Option(help="Another origin that tasks may use; can be repeated.")] = None,
    max_steps: Annotated[int, typer.Option(min=1, help="Step budget of a task.")] = 40,
    max_seconds: Annotated[float, typer.Option(min=1, help="Time budget of a task.")] = 1800,
    teaching: Annotated[bool, typer.Option(help="The caller speaks for you: it may teach, too.")] = False,
) -> None:
    """Serve MCP on standard input and output: run, sessions, outcome, and teach with --teaching."""
    try:
        from tui.mcp import make_server
    except ImportError as error:
        raise SetupError(
            "the MCP server needs the package mcp", "Install it: pip install 'apprentice[interop]'"
        ) from error
    options = ["--adapter", adapter, "--max-steps", str(max_steps), "--max-seconds", str(max_seconds)]
    options += ["--model", model] if model else []
    options += ["--approve", approve] if approve else []
    options += [part for origin in allow or [] for part in ("--allow", origin)]
    make_server(options, teaching=teaching).run("stdio")
