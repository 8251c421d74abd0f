"""Every error a person can meet, drawn as a tree. Each says what happened, what to do next, and its exit code.

ApprenticeError                 7  internal, also the root
├── UsageError (ValueError)     2  a bad argument, file or id
├── SetupError (RuntimeError)   2  something must be installed or set up first
├── AppUnreachable (OSError)    3  the web app does not answer
├── StorageError (OSError)      7  disk full, database unreadable
├── StoreTooNew (StorageError)  2  the database was written by a newer version
├── AlreadyRunning              2  another instance works on the same data
└── AdapterCorrupt (ValueError) 7  an adapter does not match its manifest
"""

from __future__ import annotations

from typing import ClassVar


class ApprenticeError(Exception):
    """The root. `message` is one line, `next_step` one sentence that says what to do."""

    exit_code: ClassVar[int] = 7

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)  # both, so that the error survives pickling
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}. {self.next_step}" if self.next_step else self.message


class UsageError(ApprenticeError, ValueError):
    """A bad argument, file or id."""

    exit_code = 2


class SetupError(ApprenticeError, RuntimeError):
    """Something must be installed or set up first."""

    exit_code = 2


class AppUnreachable(ApprenticeError, OSError):
    """The web app does not answer."""

    exit_code = 3


class StorageError(ApprenticeError, OSError):
    """The disk is full, or a file of ours cannot be read or written."""


class StoreTooNew(StorageError):
    """The database was written by a newer version of Apprentice."""

    exit_code = 2


class AlreadyRunning(ApprenticeError, RuntimeError):
    """Another instance works on the same data."""

    exit_code = 2


class AdapterCorrupt(ApprenticeError, ValueError):
    """An adapter's files do not match its manifest."""
