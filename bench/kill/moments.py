"""The moments at which an operation can be killed, counted, and the operation killed at each.

Two ways to count. `SystemCalls` lists every system call that changes a file, as strace sees it, and kills at the entry of the
n-th: no state that the disk can be left in by SIGKILL between two calls is missed. `Calls` needs nothing but Python: it counts
calls of the functions that change files or execute SQL, and kills before the n-th; what happens within one call it does not see.

Operations run in children forked from a process that has imported everything: starting is then a matter of milliseconds.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from browser.errors import SetupError

Say = Callable[[str], None]
"""Acknowledges something: whatever was said must be there after a kill."""
Act = Callable[[Say], None]

PATIENCE_S = 300.0
_CHANGING = (
    "write writev pwrite64 pwritev pwritev2 ?copy_file_range ?sendfile fsync fdatasync ?sync_file_range ftruncate truncate fallocate"
    " ?rename renameat ?renameat2 ?unlink unlinkat ?rmdir ?mkdir mkdirat ?link linkat ?symlink symlinkat ?chmod fchmod fchmodat"
).replace(" ", ",")
_LINE = re.compile(r"^(?P<thread>\d+)\s+(?P<call>\w+)\((?P<rest>.*)")
_FUNCTIONS = frozenset(
    {"execute", "executescript", "write", "writelines", "flush", "fsync", "truncate", "ftruncate"}
    | {"rename", "replace", "unlink", "remove", "rmdir", "mkdir", "link", "symlink"}
    | {"write_record", "write_end_of_file", "serialize_file"}
)
"""Names of functions that change files, or execute SQL; a few others have the same names, and count for nothing worse."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Before the `nth` call of its name in a run (from 1), which changes a file."""

    call: str
    nth: int
    what: str
    """What the call is about, for people."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a child."""

    killed: bool
    said: tuple[str, ...]
    exit_code: int
    """0 for an operation that came to its end."""
    errors: str = ""


class Counting(Protocol):
    """A way to find and to meet moments."""

    name: str

    def moments(self, act: Act, home: Path) -> list[Moment]:
        """Let the operation run to its end, and list the moments of it."""
        ...

    def kill_at(self, moment: Moment, act: Act, home: Path) -> Ended:
        """Let the operation run, and kill it at that moment. One that never comes leaves it to its end."""
        ...


class Child:
    """A forked child that works in a home of its own, from when it is let go."""

    def __init__(self, act: Act, home: Path, first: Callable[[], None] = lambda: None) -> None:
        self._said, said = os.pipe()
        waiting, self._go = os.pipe()
        sys.stdout.flush()
        self._errors = home.with_name(home.name + ".errors")
        self.pid = os.fork()
        if not self.pid:
            os.close(self._said)
            os.close(self._go)
            _be_child(act, home, first, waiting, said, self._errors)
        os.close(said)
        os.close(waiting)

    def go(self) -> None:
        """Let it begin."""
        os.write(self._go, b"!")
        os.close(self._go)

    def ended(self) -> Ended:
        """Wait for its end. One that takes far too long is killed, and counts as having failed."""
        deadline, heard = time.monotonic() + PATIENCE_S, b""
        while select.select([self._said], [], [], max(0.0, deadline - time.monotonic()))[0]:
            piece = os.read(self._said, 65536)
            if not piece:
                break
            heard += piece
        else:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self._said)
        _, status = os.waitpid(self.pid, 0)
        late = time.monotonic() >= deadline
        code = os.waitstatus_to_exitcode(status)
        lines = heard.decode().splitlines(keepends=True)
        said = tuple(line.strip() for line in lines if line.endswith("\n"))
        errors = self._errors.read_text()
        self._errors.unlink()
        return Ended(code == -signal.SIGKILL and not late, said, code, "it hung\n" * late + errors)


def run(act: Act, home: Path) -> Ended:
    """Let an operation run to its end in a child."""
    child = Child(act, home)
    child.go()
    return child.ended()


class SystemCalls:
    """Counts system calls with strace."""

    name = "system calls"

    def __init__(self) -> None:
        found = shutil.which("strace")
        if found is None:
            raise SetupError("strace is not here", "Install strace, or count calls of Python: --count calls")
        self._strace = found

    def moments(self, act: Act, home: Path) -> list[Moment]:
        """List the calls that change a file below the home."""
        trace = home.with_name(home.name + ".trace")
        ended = self._traced(act, home, ["-f", "-y", "-s", "0", "-e", f"trace={_CHANGING}", "-o", str(trace)])
        if ended.exit_code:
            raise SetupError(f"the operation failed undisturbed: {ended.errors}", "Mend it first")
        lines = [match for line in trace.read_text().splitlines() if (match := _LINE.match(line))]
        trace.unlink()
        first, counts, found = lines[0]["thread"] if lines else "", Counter[str](), []
        for match in lines:
            here = f"{home}/" in match["rest"] or f"{home}>" in match["rest"]
            if match["thread"] != first:
                if here:
                    raise SetupError("another thread changes a file here", "Count calls of Python: --count calls")
                continue
            counts[match["call"]] += 1
            if here:
                what = " ".join(re.findall(rf"{re.escape(str(home))}/?([^>\"]*)", match["rest"]))
                found.append(Moment(match["call"], counts[match["call"]], what))
        return found

    def kill_at(self, moment: Moment, act: Act, home: Path) -> Ended:
        """Kill at the entry of the call: it does not happen any more."""
        inject = f"inject={moment.call}:signal=KILL:when={moment.nth}"
        return self._traced(act, home, ["-e", f"trace={moment.call}", "-e", inject, "-o", os.devnull])

    def _traced(self, act: Act, home: Path, options: Sequence[str]) -> Ended:
        child = Child(act, home)
        command = [self._strace, "-p", str(child.pid), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            attached = strace.stderr.readline()
            child.go()
            ended = child.ended()
            complaint = attached + strace.stderr.read()
        if "attached" not in attached:
            raise SetupError(
                f"strace may not attach to a process here: {complaint.strip()}",
                "Allow ptrace (docker run --cap-add=SYS_PTRACE), or count calls of Python: --count calls",
            )
        return ended


class Calls:
    """Counts calls of Python, with its own profiling hook."""

    name = "calls"

    def moments(self, act: Act, home: Path) -> list[Moment]:
        """List the calls of functions that change files or execute SQL."""
        listed = home.with_name(home.name + ".calls")

        def counted(say: Say) -> None:
            made: list[str] = []
            _count(made.append)
            act(say)
            sys.setprofile(None)
            listed.write_text("\n".join(made))

        ended = run(counted, home)
        if ended.exit_code:
            raise SetupError(f"the operation failed undisturbed: {ended.errors}", "Mend it first")
        made = listed.read_text().splitlines()
        listed.unlink()
        return [Moment("any", number, name) for number, name in enumerate(made, 1)]

    def kill_at(self, moment: Moment, act: Act, home: Path) -> Ended:
        """Kill before the call."""
        left = moment.nth

        def count(_: str) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        child = Child(act, home, lambda: _count(count))
        child.go()
        return child.ended()


def _count(note: Callable[[str], None]) -> None:
    """Tell of every call that changes files, before it is made, from now on."""

    def hook(_frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and function.__name__ in _FUNCTIONS:
            note(function.__qualname__)

    sys.setprofile(hook)


def _be_child(act: Act, home: Path, first: Callable[[], None], waiting: int, said: int, errors: Path) -> None:
    code = 1
    try:
        os.setsid()
        handle = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.environ["APPRENTICE_HOME"] = str(home)
        os.read(waiting, 1)
        first()
        act(lambda line: _tell(said, line))
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was: the parent reads of it, and no child goes on as a second parent
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _tell(said: int, line: str) -> None:
    os.write(said, f"{line}\n".encode())
