"""Opening the dashboard on the person's own store. Textual is imported once there is a terminal to draw on."""

from __future__ import annotations

import gc
import os
import sys
from itertools import chain

from agent.lock import instance_lock
from agent.store import Store
from browser.errors import UsageError


def open_dashboard(profile: str = "") -> int:
    """Open the dashboard until the person leaves it; return the exit code.

    Raises AlreadyRunning when one is open, UsageError without a terminal or for an unknown profile, and what `Store.open` raises.
    """
    use_profile(profile)
    with instance_lock("dashboard"), Store.open() as store:
        if not _can_draw():
            raise UsageError("the dashboard needs a terminal", "Use a command instead: apprentice --help lists them")
        from tui.app import MODES, ApprenticeApp, screen_of
        from tui.look import dress

        gc.freeze()  # what is loaded stays: no collection has to go through it, now or while the screen is used
        gc.enable()
        app = ApprenticeApp(store)
        dress(app, chain([ApprenticeApp], map(screen_of, MODES)))
        app.run()
        return app.return_code or 0


def _can_draw() -> bool:
    """Whether there is a terminal, or a server of Textual's that stands for one (`textual serve`)."""
    return (sys.stdin.isatty() and sys.stderr.isatty()) or "TEXTUAL_DRIVER" in os.environ


def open_prompt() -> None:
    """Say in plain lines what the dashboard shows, and do what is typed, until the input ends. Raises what `Store.open` raises."""
    from tui.prompt import Prompt

    with Store.open() as store:
        Prompt(store).converse()


def use_profile(name: str) -> None:
    """Work in this profile from here on, in none when it is empty. Raises UsageError for one that nobody has made."""
    if name:
        from tui.config import choose_profile

        choose_profile(name)
