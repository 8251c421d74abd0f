"""One session in the person's browser, one session an origin, one consolidation, one dashboard at a time: file locks.

The system lets them go when a process dies.

The lock is held on an open file, not by the file's existence, so nothing is left to clean up after a kill. The pid in
the file only names the holder; whether it is held is always asked of the system.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, get_args

from agent import paths
from browser.errors import AlreadyRunning, StorageError

LockName = Literal["session", "consolidation", "dashboard", "idle"]
LOCK_NAMES: tuple[LockName, ...] = get_args(LockName)

if sys.platform == "win32":
    import msvcrt

    _BEYOND_THE_PID = 1 << 20

    def _try_lock(handle: int) -> bool:
        # Windows forbids reading a locked byte, so a byte far behind the pid is locked.
        os.lseek(handle, _BEYOND_THE_PID, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def instance_lock(name: LockName) -> Iterator[None]:
    """Hold the lock of this name while the block runs.

    Raises AlreadyRunning, naming the holder's pid, when another process (or another block in this one) holds it.
    """
    with _held(_path(name), f"a {name} is already running"):
        yield


@contextmanager
def origin_locks(origins: Iterable[str]) -> Iterator[None]:
    """Let no other session work on these origins while the block runs, whichever browser it uses.

    Raises AlreadyRunning, naming the origin and the holder's pid, when another one does.
    """
    with ExitStack() as held:
        for origin in sorted(origins):
            path = paths.locks_dir() / (re.sub(r"[^\w.-]+", "_", origin) + ".lock")
            held.enter_context(_held(path, f"a session is already working on {origin}"))
        yield


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Let no other process of ours work with this file while the block runs. Raises AlreadyRunning when one does."""
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    with _held(paths.locks_dir() / f"file-{name}.lock", f"{path} is in use"):
        yield


@contextmanager
def _held(path: Path, trouble: str) -> Iterator[None]:
    handle = _open(path)
    try:
        if not _try_lock(handle):
            raise _already_running(trouble, _read_pid(path))
        _write_pid(handle, path, str(os.getpid()))
        try:
            yield
        finally:
            _write_pid(handle, path, "")
    finally:
        os.close(handle)


def holder(name: LockName) -> int | None:
    """Return the pid of the process that holds the lock, None when nobody does."""
    import psutil  # slow to import, and who takes a lock needs it not

    path = _path(name)
    pid = _read_pid(path)
    # A probe takes the lock for a moment. It is made only when the pid still lives, so that it cannot refuse a start.
    if pid is None or not psutil.pid_exists(pid):
        return None
    handle = _open(path)
    try:
        return None if _try_lock(handle) else pid
    finally:
        os.close(handle)


def _path(name: LockName) -> Path:
    return paths.data_dir() / f"{name}.lock"


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"cannot open the lock {path}: {error.strerror}", "Make its directory writable") from error


def _read_pid(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdecimal() else None


def _write_pid(handle: int, path: Path, pid: str) -> None:
    try:
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, pid.encode("ascii"))
    except OSError as error:
        raise StorageError(
            f"cannot write the lock {path}: {error.strerror}", "Free some space and try again"
        ) from error


def _already_running(trouble: str, pid: int | None) -> AlreadyRunning:
    who = f"process {pid}" if pid is not None else "another process"
    return AlreadyRunning(f"{trouble} in {who}", "Wait until it has ended, or end that process, and try again")
