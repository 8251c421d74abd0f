"""A terminal of a fixed size that a script types into and reads: tmux, in a server of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from browser.errors import ApprenticeError, SetupError

COLUMNS, ROWS = 80, 24
POLL_SECONDS = 0.1
"""How often the screen is read while something is waited for."""
PATIENCE = 120.0
"""Seconds that one wait may last."""


_THEN_SAY = '"$@"; echo $? > "$0"'
"""The shell writes down how the program ended: tmux may miss the signal that tells it so (3.3a, where SIGCHLD was blocked before it)."""


class NeverShown(ApprenticeError):
    """The screen did not come to show what was expected."""

    exit_code = 3


@dataclass(slots=True)
class Terminal:
    """A program in a terminal nobody sees. Use as a context manager; what is there is ended with it."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    """For tmux's socket: a short path, for a socket's is at most some hundred characters long."""
    record: Path | None = None
    """Where `keep` writes screens to."""
    kept: list[str] = field(default_factory=list)
    """The names of the screens that were kept."""

    def __enter__(self) -> Self:
        if shutil.which("tmux") is None:
            raise SetupError("there is no tmux here", "Install it: apt-get install tmux")
        if self.record is not None:
            self.record.mkdir(parents=True, exist_ok=True)
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        options = ("set", "-g", "remain-on-exit", "on", ";", "set", "-g", "status", "off", ";")
        command = ("sh", "-c", _THEN_SAY, str(self._ended), *self.command)
        self._tmux(*options, "new-session", "-d", *size, "--", *command, environment=self.environment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server", check=False)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: F5, Enter, Tab, C-q, or a character."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def screen(self) -> str:
        """Return what the terminal shows: 24 lines, each without the blanks at its end."""
        return "\n".join(line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines())

    def row(self) -> int:
        """Return the line that the cursor is in: the field that is typed into."""
        return int(self._tmux("display-message", "-p", "#{cursor_y}"))

    def wait(self, shown: Callable[[str], object], what: str, patience: float = PATIENCE) -> str:
        """Wait until the screen shows something; return the screen. Raises NeverShown, with the screen, after `patience` seconds."""
        end = time.monotonic() + patience
        while not shown(screen := self.screen()):
            if self.exit_code() is not None or time.monotonic() > end:
                self.keep("failed")
                raise NeverShown(f"the screen never showed {what}; it shows\n{screen}", "Look at the recorded screens")
            time.sleep(POLL_SECONDS)  # a terminal tells nobody when it changes
        return screen

    def shows(self, *words: str, patience: float = PATIENCE) -> str:
        """Wait until the screen shows all of these, wherever its lines are broken."""
        return self.wait(
            lambda screen: all(word in " ".join(screen.split()) for word in words), " and ".join(words), patience
        )

    def keep(self, name: str) -> None:
        """Write the screen into the record."""
        self.kept.append(name)
        if self.record is not None:
            (self.record / f"{len(self.kept):02}-{name}.txt").write_text(self.screen() + "\n")

    def exit_code(self) -> int | None:
        """Return what the program ended with, as a shell says it; None while it runs."""
        told = self._ended.read_text() if self._ended.exists() else ""
        return int(told) if told.endswith("\n") else None

    @property
    def _ended(self) -> Path:
        return self.folder / "ended"

    def _tmux(self, *arguments: str, environment: Mapping[str, str] | None = None, check: bool = True) -> str:
        command = ["tmux", "-S", str(self.folder / "tmux"), "-f", "/dev/null", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise SetupError(f"tmux {arguments[0]} failed: {done.stderr.strip()}", "See man tmux")
        return done.stdout
