"""The results of a batch: a file with one JSON line a task, written as each task ends, read again by --resume."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from browser.errors import StorageError, UsageError

FINISHED = frozenset({"done", "failed", "loop"})
"""Ways to end that are the task's own. Whatever came from outside (a budget, an app that was away, a signal) is tried again."""
_BEGINS = b'{"schema"'
"""How each of our lines begins: an unended last line that begins otherwise is another program's."""


class Results:
    """An append-only file. What a kill left of its last line is dropped by the next `add`."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        """Read the file, if there is one. Raises UsageError when it holds an earlier run's results and `resume` is not given."""
        self.path = path
        data = self._read()
        torn = data[data.rfind(b"\n") + 1 :]
        self._torn = len(torn) if torn.startswith(_BEGINS) or _BEGINS.startswith(torn) else 0
        whole = data[: len(data) - self._torn]
        if whole and not resume:
            raise UsageError(
                f"{path} holds the results of an earlier run",
                "Go on with it by --resume, or name another file by --results",
            )
        self._latest = {record["id"]: record for record in self._records(whole)}

    def finished(self, task_id: str, key: str) -> dict[str, Any] | None:
        """Return the record of a task that an earlier run finished, as it is written now; None for any other."""
        record = self._latest.get(task_id)
        result = record.get("result") if record and record.get("key") == key else None
        return record if isinstance(result, dict) and result.get("stop_reason") in FINISHED else None

    def add(self, record: dict[str, Any]) -> None:
        """Append one line; it is on the disk when this returns. Raises StorageError when it cannot be."""
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        try:
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
                file.truncate(file.seek(0, os.SEEK_END) - self._torn)
                self._torn = 0
                file.seek(0, os.SEEK_END)
                file.write(line)
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be written: {error.strerror}", "Make room, or name another file by --results"
            ) from error

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise UsageError(
                f"{self.path} cannot be read: {error.strerror}", "Name another file by --results"
            ) from error

    def _records(self, data: bytes) -> list[dict[str, Any]]:
        records = []
        for number, line in enumerate(data.splitlines(), start=1):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict) or record.get("event") != "task_ended" or "id" not in record:
                raise UsageError(
                    f"{self.path}, line {number} is no result of a batch",
                    "Name another file by --results; nothing was changed",
                )
            records.append(record)
        return records
