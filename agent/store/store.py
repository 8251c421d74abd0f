"""The store as the rest of Apprentice sees it: the parts, on one open database."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from agent import paths
from agent.redaction import Redactor
from agent.store.adapters import Adapters
from agent.store.blobs import Blobs
from agent.store.database import Database
from agent.store.forgetting import Forgetting
from agent.store.jobs import Jobs
from agent.store.lessons import Lessons
from agent.store.sessions import Sessions
from agent.store.steps import Steps
from agent.store.verify import Verify


class Store(Sessions, Steps, Lessons, Adapters, Jobs, Blobs, Forgetting, Verify):
    """Everything that is remembered. Each base class is one part; this one only opens and closes.

    One store may serve several threads. Every method that writes has committed when it returns.
    """

    @classmethod
    def open(cls, path: Path | None = None, redactor: Redactor | None = None) -> Self:
        """Open the store, the person's own without a path; a new file gets the schema, an older one is brought up to date.

        Whatever is written passes through `redactor`; without one, what is secret by where it stands is still painted over.
        Raises StoreTooNew for a newer version's file, StorageError for one that cannot be read; neither is touched.
        """
        return cls(Database(path if path is not None else paths.database_path(), redactor))

    def close(self) -> None:
        """Give the file back. Safe to call twice."""
        self._db.close()

    @property
    def path(self) -> Path:
        """The database file."""
        return self._db.path

    @property
    def journal_mode(self) -> str:
        """How SQLite keeps a transaction whole in this file."""
        return self._db.journal_mode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
