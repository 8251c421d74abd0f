"""What a person fills in to start a session, checked before a process is started for it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Start:
    """A task, the address it begins at, and the app's name, which may be empty."""

    task: str
    url: str
    app: str = ""

    def options(self) -> list[str]:
        """Return the arguments of `apprentice run` for this start; the task comes last, whatever it begins with."""
        named = ["--app", self.app] if self.app else []
        hidden = [] if has_display() else ["--headless"]
        return ["--url", self.url, "--json", "--answers-on-stdin", *named, *hidden, "--", self.task]

    @property
    def note(self) -> str:
        """What the person should know of how the session will run."""
        return "" if has_display() else "there is no display, so the browser works without a window"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, in one sentence."""

    field: str
    words: str


def problem_with(start: Start) -> Problem | None:
    """Return what must be mended first, None when the session can start."""
    if not start.task:
        return Problem("task", "The task is empty: say what to do.")
    if not start.url.startswith(("http://", "https://")):
        return Problem("url", "The address begins with http:// or https://.")
    from agent.guard import origin_of  # with all rules of the guard: not for the first screen

    try:
        origin_of(start.url)
    except ValueError as error:
        return Problem("url", f"{str(error).capitalize()}: it needs a host, like http://127.0.0.1:8000/.")
    return None


def problem_with_action(text: str) -> str:
    """Return what is wrong with an action that a person typed; empty when it can be done."""
    from browser.actions import parse  # with the whole language: not for the first screen

    try:
        parse(text)
    except ValueError as error:
        return f"{error}"
    return ""


def has_display() -> bool:
    """Whether a browser window can be seen: on Linux that takes an X or Wayland display."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
