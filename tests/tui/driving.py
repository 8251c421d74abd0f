"""How the tests drive the dashboard: keys in, text out, and waiting for conditions instead of sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from textual.pilot import Pilot
from textual.widgets._toast import Toast

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
"""Opens the dashboard on the test's store: `async with opened(NARROW) as pilot`."""
NARROW, WIDE = (80, 24), (120, 36)
PATIENCE_S = 60.0
"""How long a condition may take before a test fails; far beyond what it takes on a busy machine."""


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait until something holds, as long as the app needs to get there."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"still waiting; the screen says: {text(pilot)}"
        await pilot.pause(0.02)
    await pilot.pause()


def text(pilot: Pilot[None]) -> str:
    """Return what the screen shows, as plain lines."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def told(pilot: Pilot[None], *words: str) -> None:
    """Wait until notifications say all of these."""

    def said() -> str:
        return " ".join(toast.render().plain for toast in pilot.app.screen.query(Toast))

    await until(pilot, lambda: all(word in said() for word in words))


async def go(pilot: Pilot[None], key: str) -> None:
    """Change the mode and wait until its screen has read the store."""
    await pilot.press(key)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def type_in(pilot: Pilot[None], words: str) -> None:
    """Type words, a key at a time."""
    names = {" ": "space", ".": "full_stop", ":": "colon", "/": "slash"}
    for char in words:
        await pilot.press(names.get(char, char))


async def start(pilot: Pilot[None], task: str, url: str = "http://127.0.0.1:8000/") -> None:
    """Fill in the fields and start."""
    await type_in(pilot, task)
    await pilot.press("enter")
    await type_in(pilot, url)
    await pilot.press("f5")


async def becomes(condition: Callable[[], object]) -> None:
    """Wait until something holds that no screen shows any more."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "still waiting"
        await asyncio.sleep(0.02)


async def shows(pilot: Pilot[None], *words: str) -> None:
    """Wait until the screen shows all of these."""
    await until(pilot, lambda: all(word in text(pilot) for word in words))
