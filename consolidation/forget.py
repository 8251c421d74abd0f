"""Forgetting a session or a site: out of use at once, its bytes deleted, the files searched afterwards.

What an adapter learned cannot be taken out of its weights, so every adapter that was shaped by a forgotten lesson is deleted, with
all that grew from it. The next night goes on from one that was never shaped by it, or from the base, and ends with the adapter
that any machine makes which holds the same one and is taught what is left (`tests/consolidation/test_forget.py`: equal hashes).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.lock import instance_lock
from agent.paths import adapters_dir, data_dir
from agent.store import Store
from agent.store.forgetting import ForgetPlan
from consolidation.job import jobs_dir, night_folders, read_request
from consolidation.storage import WRITING, sync

ASIDE = ".forgotten-"
CHUNK = 1 << 22
"""Bytes that are searched at once."""
NOT_OURS = ("profile", "downloads", "cache")
"""Folders that are not searched: the browser's own profile, the person's files, and models."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted."""

    plan: ForgetPlan
    nights: int
    """Folders of nights that had learned from it."""
    found: tuple[str, ...]
    """Files that still hold some of it; empty when all is well."""


def forget(store: Store, what: str) -> Forgotten:
    """Forget a session or a site for good. Raises UsageError for an unknown one, AlreadyRunning while a session or night runs.

    What was half forgotten before is completed first: somebody who says it again after a kill is not told that it is unknown
    while files of it are left.
    """
    with instance_lock("session"), instance_lock("consolidation"):
        complete(store)
        plan = store.plan_forgetting(what)
        store.forget(plan)
        nights = complete(store)
        return Forgotten(plan, nights, tuple(search(data_dir(), plan.traces)))


def complete(store: Store) -> int:
    """Delete the files of every forgetting that was begun; return how many nights went. A second time changes nothing."""
    nights = 0
    for intent in store.unfinished_forgettings():
        learned = [
            folder
            for folder in night_folders()
            if (request := read_request(folder)) and set(request.lesson_ids) & set(intent.lesson_ids)
        ]
        for folder in (*map(Path, intent.adapter_paths), *learned):
            _put_aside(folder)
        half_written = adapters_dir().glob(f"{WRITING}*")  # by a night that was killed, perhaps over what is forgotten
        for stray in (*adapters_dir().glob(f"{ASIDE}*"), *jobs_dir().glob(f"{ASIDE}*"), *half_written):
            shutil.rmtree(stray)
        store.scrub()
        store.end_forgetting(intent.id)
        nights += len(learned)
    return nights


def search(root: Path, traces: tuple[bytes, ...]) -> Iterator[str]:
    """Name the files below a folder that hold one of the traces."""
    overlap = max(map(len, traces), default=1) - 1
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if inside[0] not in NOT_OURS and path.is_file() and _holds(path, traces, overlap):
            yield str(Path(*inside))


def _holds(path: Path, traces: tuple[bytes, ...], overlap: int) -> bool:
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(CHUNK):
            window = tail + chunk
            if any(trace in window for trace in traces):
                return True
            tail = window[-overlap:] if overlap else b""
    return False


def _put_aside(folder: Path) -> None:
    """Rename a folder that will be deleted: what is half deleted is not taken for an adapter or a night."""
    if folder.exists():
        folder.rename(folder.with_name(ASIDE + folder.name))
        sync(folder.parent)
