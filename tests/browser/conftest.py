"""A web app of our own on loopback, and one browser for each test module."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from browser.actions import parse
from browser.environment import LiveEnvironment
from browser.types import Line, Observation, StepResult

PAGES = Path(__file__).parent / "pages"
LOCAL_ONLY = ("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",)


class App(SimpleHTTPRequestHandler):
    """Serves the pages, and what cannot be a file: slow answers, a download, a page of any size."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(PAGES))

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(path.query).items()}
        if path.path.startswith("/slow/"):
            self.server.stopping.wait(int(asked["ms"]) / 1000)  # type: ignore[attr-defined]
            self.answer(
                f"<title>Slow</title><p>{asked['words']}</p>"
                if "text/html" in self.headers["Accept"]
                else asked["words"]
            )
        elif path.path == "/held":
            self.server.releases.acquire(timeout=60)  # type: ignore[attr-defined]
            self.answer("released", "text/plain")
        elif path.path == "/release":
            self.server.releases.release()  # type: ignore[attr-defined]
            self.answer("", "text/plain")
        elif path.path == "/report":
            self.answer("a,b\n1,2\n", "text/csv", {"Content-Disposition": 'attachment; filename="../../.report?.csv"'})
        elif path.path == "/large":
            self.answer(large(int(asked["n"])))
        elif path.path == "/nothing":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def answer(self, body: str, kind: str = "text/html; charset=utf-8", headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        try:
            self.wfile.write(body.encode())
        except (BrokenPipeError, ConnectionResetError):  # the browser left before the slow answer
            return

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def large(elements: int) -> str:
    rows = "".join(
        f"<tr><td>Order {i}</td><td>{i * 7 % 1000}.00</td><td><button>Open</button></td></tr>"
        for i in range(elements // 5)
    )
    return f"<!doctype html><title>Large</title><h1>Orders</h1><table>{rows}</table>"


def serve(app: type[App] = App) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), app)
    server.daemon_threads = True
    server.block_on_close = False
    server.stopping = threading.Event()  # type: ignore[attr-defined]
    server.releases = threading.Semaphore(0)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stopping.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def app() -> Iterator[str]:
    """The address of the app."""
    yield from serve()


@pytest.fixture(scope="session")
def other() -> Iterator[str]:
    """The address of the same app from another origin."""
    yield from serve()


@dataclass
class Driver:
    """An environment and the app's address; actions are written without their refs."""

    environment: LiveEnvironment
    app: str

    def open(self, page: str) -> Observation:
        self.environment.url = f"{self.app}/{page}"
        return self.environment.reset()

    def at(self, page: str) -> Observation:
        """Open the page unless it is there, as earlier tests left it."""
        there = self.environment.is_open and self.environment.tabs.page.url == f"{self.app}/{page}"
        return self.environment.look() if there else self.open(page)

    def do(self, text: str) -> StepResult:
        action = parse(text)
        if action.name and action.ref is None:
            action = replace(action, ref=self.line(action.name).ref)
        return self.environment.step(action)

    def line(self, name: str, page: Observation | None = None) -> Line:
        """The one line with this name that can be acted on."""
        lines = (page or self.seen).lines
        found = [line for line in lines if line.name == name and line.ref is not None]
        assert len(found) == 1, f"{name!r} is {len(found)} of {[line.render() for line in lines]}"
        return found[0]

    def script(self, text: str) -> Any:
        """What the page itself answers, in its own world."""
        return self.environment.tabs.page.evaluate(text)

    @property
    def seen(self) -> Observation:
        assert self.environment._last is not None
        return self.environment._last


@pytest.fixture(scope="module")
def make_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LiveEnvironment]]:
    """Make environments that are closed with the module."""
    made: list[LiveEnvironment] = []

    def make(url: str, **options: Any) -> LiveEnvironment:
        made.append(LiveEnvironment(url, args=LOCAL_ONLY, **options))
        return made[-1]

    yield make
    for environment in made:
        environment.close()


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("staging")
    (folder / "receipt.txt").write_text("paid")
    return folder


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def driver(app: str, make_environment: Callable[..., LiveEnvironment], staging: Path, downloads: Path) -> Driver:
    """One browser for the module; each test opens its page anew."""
    return Driver(make_environment(app, staging=staging, downloads=downloads), app)


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether the condition comes true in time; for what happens in other processes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
