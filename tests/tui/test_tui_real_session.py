"""The dashboard with the real command: a model (tiny, random weights), a browser, and a page on loopback."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from driving import WIDE, go, shows, start, text, until

from agent.store import Store
from tui.app import ApprenticeApp
from tui.screens.live import LiveScreen

PAGE = "<title>Bills</title><h1>Bills</h1><label>What <input></label><button>Save</button>"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(PAGE)
    handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.browser
@pytest.mark.slow
async def test_a_real_session_is_watched_and_stopped(
    store: Store, address: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPRENTICE_MODEL", str(tiny_model))
    monkeypatch.delenv("DISPLAY", raising=False)
    app = ApprenticeApp(store)
    app.animation_level = "none"
    async with app.run_test(size=WIDE) as pilot:
        await start(pilot, "Add a bill", address)
        await shows(pilot, "Bills  http://127.0.0.1", 'button "Save"')
        await until(pilot, lambda: len(store.sessions()) == 1 and store.sessions()[0].steps > 0)
        await pilot.press("f8")
        live = app.screen
        assert isinstance(live, LiveScreen)
        await until(pilot, lambda: not live.running)
        assert "ended:" in text(pilot)
        await go(pilot, "f3")
        assert "Add a bill" in text(pilot)
    (row,) = store.sessions()
    assert row.ended_at is not None
    assert row.steps >= 1
    assert store.steps(row.id)[0].observation.title == "Bills"
