"""What the screens have in common: they read the store in thread workers and explain themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.message import Message
from textual.screen import Screen
from textual.worker import get_current_worker

from agent.store import Store
from browser.errors import ApprenticeError
from tui.messages import Failed, PictureRead

REFRESH_SECONDS = 2.0
"""How often the visible screen looks for what other processes wrote."""


class StoreScreen(Screen[None]):
    """A screen on the store."""

    ABOUT: ClassVar[str] = ""
    """What F1 says of this screen."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._turn = threading.Lock()

    def read(self, fetch: Callable[[Store], Message | None]) -> None:
        """Ask the store in a thread, and post what comes of it to this screen. A newer question replaces an older one."""
        self.run_worker(partial(self._fetch, fetch), group="read", exclusive=True, thread=True)

    def do(self, act: Callable[[Store], Message | None]) -> None:
        """Have something done with the store in a thread, one thing at a time, and post what comes of it.

        No later question takes its place.
        """
        self.run_worker(partial(self._in_turn, act), group="do", thread=True)

    def on_picture_read(self, message: PictureRead) -> None:
        """Show a picture over this screen."""
        from tui.screens.picture import PictureScreen

        self.app.push_screen(PictureScreen(message.data))

    def _in_turn(self, act: Callable[[Store], Message | None]) -> None:
        with self._turn:
            self._fetch(act)

    def _fetch(self, fetch: Callable[[Store], Message | None]) -> None:
        try:
            message = fetch(self._store)
        except ApprenticeError as error:
            message = Failed(error)
        if message is not None and not get_current_worker().is_cancelled:  # a thread goes on when it is replaced
            self.post_message(message)


class FollowingScreen(StoreScreen):
    """A screen that looks again every two seconds while it is the one that is seen."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.drawn = asyncio.Event()
        """Set once the screen shows what the store has: before that it cannot tell which actions make sense."""

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_interval(REFRESH_SECONDS, self._look_again)

    def on_screen_resume(self) -> None:
        """Look at once when the person comes back."""
        self.look()

    def look(self) -> None:
        """Read what this screen shows."""
        raise NotImplementedError

    def _look_again(self) -> None:
        if self.app.screen is self:
            self.look()
