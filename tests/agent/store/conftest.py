from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import Store
from browser.types import Line, Observation

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "apprentice.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


@pytest.fixture
def page() -> Observation:
    lines = (
        Line("heading", "Bills"),
        Line("textbox", "Amount", 7, value="12.50", states=("required",)),
        Line("button", "Save", 12),
    )
    return Observation("http://127.0.0.1:7101/trip/", "Trip", lines, focus=7, elements=40)


class Scripts:
    """Starts the scripts beside this file as real processes."""

    def start(self, name: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def run(self, name: str, *arguments: object) -> str:
        with self.start(name, *arguments) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        return out


@pytest.fixture
def scripts() -> Scripts:
    return Scripts()
