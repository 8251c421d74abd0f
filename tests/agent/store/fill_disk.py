"""Writes steps until the disk refuses, and checks what is left.

`limit` forbids files to grow beyond 500 kB; `mount` fills a small tmpfs that only this process sees (Linux, root).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from agent.store import Store
from browser.actions import parse
from browser.errors import StorageError
from browser.types import Observation, StepResult


def write_until_refused(store: Store, session_id: str, step_no: int = 0) -> tuple[int, StorageError]:
    """Return the first step that was refused, and the refusal."""
    page = Observation("http://127.0.0.1:7101/", "Trip", ())
    while True:
        try:
            store.begin_step(session_id, step_no, page, parse("wait"))
            store.finish_step(session_id, step_no, StepResult(page), screenshot=os.urandom(20_000))
        except StorageError as error:
            return step_no, error
        step_no += 1


def check(store: Store, session_id: str, refused: int) -> None:
    steps = store.steps(session_id)
    assert [step.step_no for step in steps if step.ok] == list(range(refused)), "a finished step is missing"
    assert all(len(store.get_blob(step.screenshot_hash)) == 20_000 for step in steps if step.screenshot_hash)
    assert store.verify() == [], store.verify()


def main(how: str, directory: Path) -> None:
    if how == "mount":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)], check=True)
    path, reserve = directory / "apprentice.db", directory / "reserve"
    with Store.open(path) as store:
        reserve.write_bytes(bytes(400_000))
        session_id = store.begin_session("fill the disk", "http://127.0.0.1:7101", "")
        if how == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
        refused, error = write_until_refused(store, session_id)
        assert refused > 0 and str(path) in error.message and "MB are free" in error.message, error
        assert error.next_step
        check(store, session_id, refused)
        reserve.unlink()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        store.end_session(session_id, "interrupted")  # the same open store works again
    with Store.open(path) as store:
        check(store, session_id, refused)
        assert store.session(session_id).stop_reason == "interrupted"
    sys.stdout.write(f"refused {refused} {error.message}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
