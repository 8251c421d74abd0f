"""What the dashboard costs on a store of years: first paint, search, every screen, memory; beside an empty store.

    python -m bench.dashboard [--store DATABASE] [--sessions N] [--steps N] [--runs N] [--json FILE]

Three parts: `starting`, at a real terminal, beside an empty Textual app (`bench.starting`); `big` and `empty`, the screens of both stores;
`live`, how far the Live screen lags behind sixty steps a second (`bench.live`).

Each run of the second part is a process of its own that opens the store and the real dashboard, without a terminal, at 120x36, and drives
it by keys. A time ends when the words that were waited for are in what the screen draws. `first_paint_s` begins with the process,
so it holds Python and all imports, those of this bench too; `paint_s` begins when these are done, and `first_paint_cpu_s` is the
processor's time until then, which other programs hardly change. `search_s` is from the paste of a whole task until it is found,
`typed_s` from a key in the search until its list is drawn. The best of the runs is told beside the median: other programs on the machine
only ever add to a time. The ratio to the empty store says what the size of the store costs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench.big_store import Size
from bench.starting import measure, with_stores
from bench.starting import report as starts

if TYPE_CHECKING:
    from textual.widgets import Input

    from agent.store import Store
    from tui.app import ApprenticeApp

SCREEN = (120, 36)
PATIENCE_S = 60.0
POLL_S = 0.01
"""To look costs time, too: the figures are this coarse."""
MEBIBYTE = 1 << 20
PAGE = 100
"""So many sessions are listed at once."""
TYPED = ("bill", "alex")
"""Words that many tasks of the store have."""
PLACES = (("sessions", "f3", "Search the tasks"), ("learning", "f4", "Gate"))
"""Every screen: its name, its key, and words that it shows."""
Figures = dict[str, float]


@dataclass(slots=True)
class Visit:
    """One run of the dashboard, and what was measured in it."""

    app: ApprenticeApp
    figures: Figures = field(default_factory=dict)

    def text(self) -> str:
        """Return what the screen draws; empty before there is one."""
        if not self.app.is_running or not self.app.screen_stack:
            return ""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def press(self, key: str) -> None:
        """Press a key, as the terminal's driver does."""
        from textual import events

        self.app.post_message(events.Key(key, key if len(key) == 1 else None))

    async def until(self, shown: Callable[[str], bool], begun: float) -> float:
        """Wait until the screen shows something, and return the seconds since `begun`."""
        while not shown(self.text()):
            if time.perf_counter() - begun > PATIENCE_S:
                raise TimeoutError(f"the screen does not show it:\n{self.text()}")
            await asyncio.sleep(POLL_S)
        return time.perf_counter() - begun

    async def pressed(self, name: str, key: str, shown: Callable[[str], bool]) -> None:
        """Press a key and measure until something is seen."""
        begun = time.perf_counter()
        self.press(key)
        self.figures[name] = await self.until(shown, begun)


async def visit(app: ApprenticeApp, store: Store, imports_s: float) -> Figures:
    """Run the dashboard on a store, go through its screens and searches, and return seconds and mebibytes."""
    run, begun = Visit(app), time.perf_counter()
    task = asyncio.create_task(app.run_async(headless=True, size=SCREEN))
    with app._context():  # what draws a screen asks for the app that it belongs to
        try:
            await _visit(run, store, begun)
        finally:
            app.exit()
            await task
    run.figures["first_paint_s"] = imports_s + run.figures["paint_s"]
    run.figures["memory_mib"] = psutil.Process().memory_info().rss / MEBIBYTE
    run.figures["most_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE
    return run.figures


async def _visit(run: Visit, store: Store, begun: float) -> None:
    run.figures["paint_s"] = await run.until(lambda text: "Address to begin at" in text, begun)
    run.figures["first_paint_cpu_s"] = time.process_time()
    for name, key, words in PLACES:
        await run.pressed(f"{name}_s", key, partial(_drawn, run, words))
    rows = store.sessions(limit=1)
    if rows:
        await _session(run, rows[0].task)
        await _search(run, store)
        await _type(run, store)


def _drawn(run: Visit, words: str, text: str) -> bool:
    """Whether a screen has read the store and shows its words."""
    from tui.screens.base import FollowingScreen

    screen = run.app.screen
    return words in text and isinstance(screen, FollowingScreen) and screen.drawn.is_set()


async def _session(run: Visit, task: str) -> None:
    """Open the latest session, and go back to the list."""
    run.press("f3")
    await run.until(lambda text: task in text, time.perf_counter())
    await run.pressed("open_session_s", "enter", lambda text: "Step 1 of" in text)
    await run.pressed("back_s", "escape", lambda text: "Search the tasks" in text)


async def _search(run: Visit, store: Store) -> None:
    """Search for sessions that are not in the list yet: by the store alone, and from the paste of the words until they are seen."""
    from textual import events
    from textual.widgets import Input

    sought = [row.task for row in store.sessions(limit=1 << 30)[1000::700][:12]]
    asked, seen, used = [], [], []
    for task in sought:
        begun = time.perf_counter()
        store.sessions(task, 200)
        asked.append(time.perf_counter() - begun)
        run.press("escape")
        run.press("ctrl+f")
        field = run.app.screen.query_one("#search", Input)
        await run.until(partial(_ready, field, task), time.perf_counter())
        await asyncio.sleep(0.05)  # the list is drawn; what still repaints must not be measured
        begun, cpu = time.perf_counter(), time.process_time()
        field.post_message(events.Paste(task))
        seen.append(await run.until(lambda text, task=task: text.count(task) > 1, begun))
        used.append(time.process_time() - cpu)
    run.figures |= {"store_search_s": statistics.median(asked), "search_s": statistics.median(seen)}
    run.figures |= {"slowest_search_s": max(seen), "search_cpu_s": statistics.median(used)}


async def _type(run: Visit, store: Store) -> None:
    """Type words letter by letter: every key finds as many sessions as a page has, which is the most that there is to draw."""
    from textual.widgets import Input

    took: list[float] = []
    for word in TYPED:
        run.press("escape")
        run.press("ctrl+f")
        field = run.app.screen.query_one("#search", Input)
        await run.until(lambda _, field=field: field.has_focus and not field.value, time.perf_counter())
        for count in range(1, len(word) + 1):
            rows = store.sessions(word[:count], PAGE)
            await asyncio.sleep(0.2)  # what still repaints must not be measured
            begun = time.perf_counter()
            run.press(word[count - 1])
            took.append(await run.until(partial(_lists, run, [row.id for row in rows], rows[0].task), begun))
    run.figures |= {"typed_s": statistics.median(took), "slowest_typed_s": max(took)}


def _lists(run: Visit, wanted: list[str], first: str, text: str) -> bool:
    """Whether the list holds these sessions and is drawn."""
    from tui.widgets.rows import RowTable

    table = run.app.screen.query_one(RowTable)
    return first in text and [str(key.value) for key in table.rows] == wanted


def _ready(field: Input, task: str, text: str) -> bool:
    return field.has_focus and not field.value and task not in text and "No task" not in text


def inside(path: Path) -> Figures:
    """Measure in this process, which was begun for it."""
    from agent.store import Store
    from tui.app import ApprenticeApp

    imported = time.perf_counter()
    imports_s = time.time() - psutil.Process().create_time()
    with Store.open(path) as store:
        app = ApprenticeApp(store)
        app.animation_level = "none"
        figures = asyncio.run(visit(app, store, imports_s))
    return figures | {"imports_s": imports_s, "all_s": time.perf_counter() - imported}


def outside(path: Path, runs: int) -> dict[str, dict[str, float]]:
    """Measure in fresh processes and return the best and the median of every figure."""
    command = [sys.executable, "-m", "bench.dashboard", "--inside", str(path)]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    found: list[Figures] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, env={**environ, "APPRENTICE_HOME": home}
            )
        found.append(json.loads(done.stdout))
    return {
        name: {"best": round(min(values), 4), "median": round(statistics.median(values), 4)}
        for name in found[0]
        for values in [[figures[name] for figures in found]]
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.dashboard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, help="a database; default: one that bench.big_store makes")
    parser.add_argument("--sessions", type=int, default=Size().sessions)
    parser.add_argument("--steps", type=int, default=Size().steps)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.inside:
        print(json.dumps(inside(args.inside)))  # noqa: T201 - the result
        return 0
    from bench.live import measure as measure_live

    load = {"before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        homes = with_stores(Path(folder), args.store, Size(args.sessions, args.steps))
        starting = starts(measure(homes, args.runs))
        big, empty = (outside(home / "apprentice.db", args.runs) for home in homes.values())
    ratios = {name: round(value["best"] / empty[name]["best"], 2) for name, value in big.items() if name in empty}
    live = asyncio.run(measure_live(60.0, 10.0))
    load["after"] = os.getloadavg()[0]
    report = {"load": load, "runs": args.runs, "starting": starting, "big": big, "empty": empty}
    report |= {"times_the_empty_one": ratios, "live": live}
    text = json.dumps(report, indent=1)
    print(text)  # noqa: T201 - the result
    if args.json:
        args.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
