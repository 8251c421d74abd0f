"""What a person waits for: the dashboard's first paint at a terminal, and commands to their end; beside what the machine itself takes.

    python -m bench.starting [--store DATABASE] [--sessions N] [--steps N] [--runs N] [--json FILE]

The dashboard is started as a person starts it, in a process of its own at a terminal of 120x36; a time ends when the words of its first
screen have come out of the terminal. Three things are measured in the same rounds, so that the machine's share can be told from ours:
Python alone, importing Textual, and an empty Textual app's first paint. `cpu_s` is the processor's time until then, which other programs
change less than the clock. Byte code is written before, as an installation does; every figure is the best and the median of the runs.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.big_store import Size, make_big_store

ROWS, COLUMNS = 36, 120
PATIENCE_S = 60.0
WORDS = "Address to begin at"
CTRL_Q = b"\x11"
EMPTY_APP = f"""
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static({WORDS!r})
Empty().run()
"""
CLI = (sys.executable, "-m", "tui.cli")
WITH_A_STORE = {"sessions": (*CLI, "sessions"), "sessions_json": (*CLI, "sessions", "--json")}
WITHOUT = {
    "python": (sys.executable, "-c", "pass"),
    "import_textual": (sys.executable, "-c", "import textual.app"),
    "import_typer": (sys.executable, "-c", "import typer"),
    "help": (*CLI, "--help"),
    "run_help": (*CLI, "run", "--help"),
}


class Took(NamedTuple):
    """Seconds: by the clock, and of the processor."""

    clock_s: float
    cpu_s: float


def at_terminal(command: Sequence[str], environ: Mapping[str, str]) -> Took:
    """Start a program at a terminal, and measure until its words are written there. Then Ctrl+Q is pressed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    try:
        _read(ours, WORDS.encode(), begun)
        took = Took(time.perf_counter() - begun, _cpu(process.pid))
        os.write(ours, CTRL_Q)
        _read(ours, None, time.perf_counter())
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        os.close(ours)
    return took


def _read(terminal: int, wanted: bytes | None, begun: float) -> None:
    """Read what is written until some bytes come, or to the end. Raises TimeoutError."""
    written = b""
    while wanted is None or wanted not in written:
        if time.perf_counter() - begun > PATIENCE_S:
            raise TimeoutError(f"{wanted!r} was not written:\n{written[-2000:].decode(errors='replace')}")
        if select.select([terminal], [], [], 1.0)[0]:
            try:
                written += os.read(terminal, 65536)
            except OSError as error:  # the other end is closed
                if wanted is None:
                    return
                raise TimeoutError(f"it ended before:\n{written[-2000:].decode(errors='replace')}") from error


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def to_the_end(command: Sequence[str], environ: Mapping[str, str]) -> Took:
    """Run a command to its end. Raises CalledProcessError when it fails."""
    quiet, begun = subprocess.DEVNULL, time.perf_counter()
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, env=environ)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Took(time.perf_counter() - begun, used.ru_utime + used.ru_stime)


def with_stores(folder: Path, store: Path | None, size: Size) -> dict[str, Path]:
    """Make a home with a big store (a copy of `store` when there is one) and one with none."""
    homes = {name: folder / name for name in ("big", "new")}
    for home in homes.values():
        home.mkdir()
    if store:
        shutil.copy(store, homes["big"] / "apprentice.db")
    else:
        make_big_store(homes["big"] / "apprentice.db", size)
    return homes


def measure(homes: Mapping[str, Path], runs: int) -> dict[str, list[Took]]:
    """Start everything once unmeasured, then `runs` times in turns; return what each took, by name. A home is one store's."""
    found: dict[str, list[Took]] = {}
    for turn in range(runs + 1):
        for name, took in _turn(homes).items():
            found.setdefault(name, []).extend([took] if turn else [])
    return found


def _turn(homes: Mapping[str, Path]) -> dict[str, Took]:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ["TERM"] = "xterm-256color"
    took = {"empty_textual_app": at_terminal((sys.executable, "-c", EMPTY_APP), environ)}
    took |= {name: to_the_end(command, environ) for name, command in WITHOUT.items()}
    for store, home in homes.items():
        there = environ | {"APPRENTICE_HOME": str(home)}
        took[f"dashboard_{store}"] = at_terminal(CLI, there)
        took |= {f"{name}_{store}": to_the_end(command, there) for name, command in WITH_A_STORE.items()}
    return took


def report(found: Mapping[str, Sequence[Took]]) -> dict[str, object]:
    """Return best and median of everything, and how often an empty Textual app's time the dashboard takes."""
    figures = {
        name: {
            "clock_s": _best_and_median([took.clock_s for took in runs]),
            "cpu_s": _best_and_median([took.cpu_s for took in runs]),
        }
        for name, runs in found.items()
    }
    empty = figures["empty_textual_app"]
    shares = {
        name: {kind: round(each[kind]["median"] / empty[kind]["median"], 2) for kind in ("clock_s", "cpu_s")}
        for name, each in figures.items()
        if name.startswith("dashboard")
    }
    return {"figures": figures, "times_an_empty_textual_app": shares}


def _best_and_median(values: Sequence[float]) -> dict[str, float]:
    return {"best": round(min(values), 3), "median": round(statistics.median(values), 3)}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.starting", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, help="a database; default: one that bench.big_store makes")
    parser.add_argument("--sessions", type=int, default=Size().sessions)
    parser.add_argument("--steps", type=int, default=Size().steps)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        homes = with_stores(Path(folder), args.store, Size(args.sessions, args.steps))
        found = measure(homes, args.runs)
    load = {"before": round(before, 2), "after": round(os.getloadavg()[0], 2)}
    text = json.dumps({"load": load, "runs": args.runs} | report(found), indent=1)
    print(text)  # noqa: T201 - the result
    if args.json:
        args.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
