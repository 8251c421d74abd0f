"""The watchdog: first the pages, then the browser, and nothing once the wait is over."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from browser import watchdog
from browser.watchdog import Watchdog


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Something that would go on for ever, and has no page to end."""
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as running:
        yield running
        running.kill()


def test_a_browser_that_no_page_frees_ends(process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "GRACE", 0.05)
    dog = Watchdog(process.pid, 0.05)
    with dog.watching():
        assert process.wait(timeout=30) != 0
    assert dog.bit


def test_one_that_answers_in_time_is_left_alone(process: subprocess.Popen[bytes]) -> None:
    dog = Watchdog(process.pid, 60.0)
    with dog.watching(), dog.paused():
        pass
    assert not dog.bit
    assert process.poll() is None
