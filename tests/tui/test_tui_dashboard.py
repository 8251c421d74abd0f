"""`apprentice` without a command: one at a time, only at a terminal, without a model in its process."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from driving import PATIENCE_S, WIDE, Opened, go

from agent.lock import instance_lock
from agent.store import Store
from tui.app import MODES

HEAVY = ("torch", "transformers", "peft", "playwright", "accelerate")
DASHBOARD = [sys.executable, "-m", "tui.cli"]
IMPORTS = f"import sys, tui.app; print([name for name in {HEAVY} if name in sys.modules])"
LATER = (
    *HEAVY,
    "numpy",
    "textual_plot",
    "typer",
    "pydantic",
    "psutil",
    "ulid",
    "tomllib",
    "agent.guard",
    "agent.loop",
    "consolidation",
    "tui.screens.help",
    "tui.screens.confirm",
    *(module for module, _ in list(MODES.values())[1:]),
)
"""What the first screen can do without: each costs a person time before they see anything."""
FIRST = f"""
import asyncio, gc, io, sys
from tui import cli
import tui.opening
from textual.app import App

class Terminal(io.StringIO):
    def isatty(self):
        return True

async def first_screen(app):
    async with app.run_test() as pilot:
        await pilot.pause()
        shown = "\\n".join(strip.text for strip in app.screen._compositor.render_strips())
        print(["Address to begin at" in shown, gc.isenabled(), gc.get_freeze_count() > 10_000])
        print([name for name in {LATER} if name in sys.modules])

def run(app):
    asyncio.run(first_screen(app))

App.run, sys.stdin, sys.stderr = run, Terminal(), Terminal()
sys.exit(cli.main([]))
"""
VISITS = f"""
import asyncio, sys
from agent.store import Store
from tui.app import MODES
from tui.app import ApprenticeApp
from tui.example import fill

async def visit(store):
    async with ApprenticeApp(store).run_test() as pilot:
        for key in ("f3", "enter", "escape", "f4", "p", "escape", "r", "escape", "f2"):
            await pilot.press(key)
            await pilot.app.workers.wait_for_complete()

with Store.open() as store:
    fill(store)
    asyncio.run(visit(store))
print([name for name in {HEAVY} if name in sys.modules])
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=120)


def test_the_first_screen_loads_no_model_and_no_browser() -> None:
    done = run(sys.executable, "-c", IMPORTS)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_first_screen_is_drawn_without_what_it_does_not_show() -> None:
    assert [name for name in LATER if find_spec(name) is None] == [], "what is not there is never loaded"
    done = run(sys.executable, "-c", FIRST)
    assert (done.stdout.splitlines(), done.returncode) == (["[True, True, True]", "[]"], 0)


def test_no_screen_loads_a_model_or_a_browser() -> None:
    done = run(sys.executable, "-c", VISITS)
    assert (done.stdout.splitlines()[-1:], done.stderr) == (["[]"], "")


def test_a_second_dashboard_is_refused() -> None:
    with instance_lock("dashboard"):
        done = run(*DASHBOARD)
    assert done.returncode == 2
    assert f"a dashboard is already running in process {os.getpid()}" in done.stderr


def test_without_a_terminal_it_names_the_commands() -> None:
    done = run(*DASHBOARD)
    assert done.returncode == 2
    assert "the dashboard needs a terminal. Use a command instead" in done.stderr


def test_it_opens_at_a_real_terminal_and_ctrl_q_leaves(home: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        DASHBOARD, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    written = read_until(ours, b"Learning")
    os.write(ours, b"\x11")
    written += read_until(ours, None)
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0, written[-2000:]
    assert (home / "apprentice.db").exists()


def read_until(handle: int, wanted: bytes | None) -> bytes:
    """Read what a terminal shows until some bytes come, or until it is closed."""
    end, written = time.monotonic() + PATIENCE_S, b""
    while time.monotonic() < end and (wanted is None or wanted not in written):
        if select.select([handle], [], [], 1.0)[0]:
            try:
                chunk = os.read(handle, 65536)
            except OSError:  # the other end is closed
                return written
            if not chunk:
                return written
            written += chunk
    return written


async def test_no_color_is_respected_and_every_state_is_still_in_words(
    filled: Store, opened: Opened, monkeypatch
) -> None:
    import re

    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(WIDE) as pilot:
        await go(pilot, "f4")
        svg = pilot.app.export_screenshot(simplify=True)
    drawn = svg[svg.index("-matrix") :]
    colours = {match.lower() for match in re.findall(r"#[0-9a-fA-F]{6}", drawn)}
    window = {"#ff5f57", "#febc2e", "#28c840", "#c5c8c6"}  # the drawn window's own
    assert not [colour for colour in colours - window if len({colour[1:3], colour[3:5], colour[5:7]}) > 1]
    assert "champion" in svg
    assert "refused" in svg
