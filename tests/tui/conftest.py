from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driving import Opened
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import SVGImageSnapshotExtension
from textual.pilot import Pilot

from agent.store import Store
from tui.app import ApprenticeApp
from tui.example import fill

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """Give every test its own data, one time zone, a display and colours, whatever the machine has."""
    folder = tmp_path / "home"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (
            ("APPRENTICE_HOME", str(folder)),
            ("PYTHONPATH", str(ROOT)),
            ("TZ", "UTC"),
            ("DISPLAY", ":0"),
        ):
            environment.setenv(name, value)
        environment.delenv("NO_COLOR", raising=False)
        time.tzset()
        yield folder
    time.tzset()


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open() as opened:
        yield opened


@pytest.fixture
def filled(store: Store) -> Store:
    """A store after a few days of work, with a night that runs."""
    fill(store)
    return store


@pytest.fixture
def opened(store: Store) -> Opened:
    """Open the dashboard on the test's store, with sessions and nights that need no model."""

    @asynccontextmanager
    async def run(size: tuple[int, int] = (120, 36), **commands: list[str]) -> AsyncIterator[Pilot[None]]:
        commands.setdefault("session_command", [sys.executable, str(HERE / "child.py")])
        commands.setdefault("teach_command", [sys.executable, str(HERE / "child.py"), "--taught"])
        commands.setdefault("night_command", [sys.executable, str(HERE / "night.py")])
        app = ApprenticeApp(store, **commands)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            yield pilot

    return run


@pytest.fixture
def same(snapshot: SnapshotAssertion) -> Callable[[Pilot[None]], bool]:
    """Compare a running app's screen with the committed picture."""
    svg = snapshot.use_extension(SVGImageSnapshotExtension)

    def compare(pilot: Pilot[None]) -> bool:
        return pilot.app.export_screenshot(simplify=True) == svg

    return compare
