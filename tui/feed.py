"""A command of ours as a child process: JSON objects from its output, notes from its error output, answers to its input.

Whatever needs a model runs in such a process, so torch never enters the screen's.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from browser.errors import ApprenticeError, SetupError

CLI = (sys.executable, "-m", "tui.cli")
"""The command line, for what must load a model or verify an adapter: that happens in a process of its own."""


class CommandError(ApprenticeError):
    """A command that the dashboard started ended with an error of its own."""


@dataclass(slots=True)
class Child:
    """One process. `on_record` and `on_note` are called in its threads, so they may only post messages."""

    command: Sequence[str]
    on_record: Callable[[dict[str, Any]], object]
    on_note: Callable[[str], object]
    _process: subprocess.Popen[str] | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> int:
        """Start the process and read it to its end; return its exit code. Raises SetupError when it cannot be started.

        Whatever interrupts us meanwhile ends the process before it goes on.
        """
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(
                self.command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8", errors="replace"
            )
        except OSError as error:
            raise SetupError(
                f"{self.command[0]} cannot be started: {error.strerror}", "Install Apprentice again"
            ) from error
        with process:
            self._process = process
            if self._stopped.is_set():
                process.terminate()
            assert process.stdout is not None and process.stderr is not None
            notes = threading.Thread(target=self._read_notes, args=(process.stderr,), daemon=True)
            notes.start()
            try:
                for line in process.stdout:
                    self._read_record(line)
            except BaseException:  # we are told to stop: so is the process, which may have something left to say
                self.stop()
                for _ in process.stdout:
                    pass
                raise
            code = process.wait()
            notes.join()
        return code

    def answer(self, record: dict[str, Any]) -> None:
        """Write one JSON object to the process. One that has ended meanwhile reads nothing: its end is told by `follow`."""
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError, ValueError):  # ValueError: the pipe is closed already
            self._process.stdin.write(json.dumps(record, ensure_ascii=False) + "\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """Ask the process to end (SIGTERM): a session records `interrupted` and gives its browser back. Safe at any time."""
        self._stopped.set()
        if self._process is not None:
            self._process.terminate()

    def _read_record(self, line: str) -> None:
        record = as_record(line)
        if record is not None:
            self.on_record(record)
        elif line.strip():
            self.on_note(line.strip())

    def _read_notes(self, stream: IO[str]) -> None:
        for line in stream:
            if line.strip():
                self.on_note(line.strip())


def as_record(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line holds, None for any other line."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def error_of(record: dict[str, Any]) -> CommandError | None:
    """Return the error that a record reports, None for any other record."""
    message = record.get("error")
    return CommandError(str(message), str(record.get("next_step", ""))) if isinstance(message, str) else None


@dataclass(slots=True)
class Errand:
    """A command that is run to its end for what it does."""

    command: Sequence[str]
    on_note: Callable[[str], object] = lambda _: None
    _records: list[dict[str, Any]] = field(default_factory=list)
    _last_note: str = "it said nothing"
    _child: Child = field(init=False)

    def __post_init__(self) -> None:
        self._child = Child(self.command, self._records.append, self._note)

    @property
    def records(self) -> Sequence[dict[str, Any]]:
        """What it printed, the last line last."""
        return self._records

    def run(self) -> None:
        """Wait until it is done. Raises CommandError with the command's own error, or with its last words."""
        code = self._child.follow()
        for record in self._records:
            error = error_of(record)
            if error is not None:
                raise error
        if code != 0 and not self._records:
            raise CommandError(
                f"{' '.join(self.command[1:])} ended with {code}: {self._last_note}", "Run it in a terminal to see more"
            )

    def stop(self) -> None:
        """Ask the command to end."""
        self._child.stop()

    def _note(self, text: str) -> None:
        self._last_note = text
        self.on_note(text)
