"""`apprentice setup`: get the embedded base ready. Doing it again costs nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.paths import models_dir
from tui.output import note, print_json, say


def setup(
    source: Annotated[
        str | None, typer.Option(help="A local copy: a model folder or a .gguf file. Default: search and download.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find, check, convert and cache the embedded model, and check the browser."""
    from agent.policy.embedded import set_up
    from browser.launch import find_browser

    browser = find_browser()
    path = set_up(models_dir(), note, source)
    if as_json:
        print_json({"model": str(path), "browser": str(browser.path)})
    else:
        say(f"model    {path}")
        say(f"browser  {browser.path}")
