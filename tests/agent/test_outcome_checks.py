"""Outcome checks: what holds, what does not, and that they wait for a slow app, but not for ever."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent.outcome_checks import PATIENCE, End, note_of, parse_expectation
from browser.errors import UsageError
from browser.types import Line, Observation

BILLS = {"bills": [{"what": "Lunch", "amount": 12.5}]}
PAGE = Observation(
    "http://a.example/bills?page=2", "Bills", (Line("heading", "Bills"), Line("textbox", "What", 1, value="Lunch"))
)


class Api(BaseHTTPRequestHandler):
    """Answers 503 twice, then with the bills."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        ready = self.path != "/slow" or type(self).asked > 2
        self.send_response({"/gone": 404, "/moved": 302}.get(self.path, 200 if ready else 503))
        self.send_header("Location", "/bills")
        self.end_headers()
        self.wfile.write(b"no json" if self.path == "/text" else json.dumps(BILLS).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def holds(written: str, answer: str = "", patience: float = 0.0) -> bool:
    return parse_expectation(written).check(End(lambda: PAGE, answer), patience).passed


@pytest.mark.parametrize(
    ("written", "passed"),
    [
        ("url~bills", True), ("url~^http://a", True), ("url~dinner", False), ("url~BILLS", False), ("text~What Lunch", True),
        ("text~^Bills$", True), ("text~Dinner", False), ("answer~12", True), ("answer~^$", False),
        ("answer~a~b", False), ("text~(?i)LUNCH", True),
    ],
)  # fmt: skip
def test_what_is_read_from_the_session(written: str, passed: bool) -> None:
    assert holds(written, answer="12 bills") is passed


@pytest.mark.parametrize(
    ("written", "passed"),
    [
        ("http GET {}/bills 200", True), ("http get {}/bills 200", True), ("http GET {}/bills 404", False), ("http GET {}/gone 404", True),
        ("http GET {}/moved 302", True), ("http GET {}/bills 200 $.bills[?@.what == 'Lunch']", True), ("http GET {}/text 200 $", False),
        ("http GET {}/bills 200 $.bills[?@.amount > 20]", False),
        ("http GET {}/bills 200 $.bills[?@.what=='Lunch' && @.amount==12.5]", True),
        ("http GET http://127.0.0.1:9/ 200", False),
    ],
)  # fmt: skip
def test_what_a_server_says(api: str, written: str, passed: bool) -> None:
    assert holds(written.format(api)) is passed


def test_a_slow_app_gets_a_moment(api: str) -> None:
    Api.asked = 0
    assert not holds(f"http GET {api}/slow 200")
    Api.asked = 0
    assert holds(f"http GET {api}/slow 200", patience=PATIENCE)
    began = time.monotonic()
    assert not holds("url~dinner", patience=0.5)
    assert 0.5 <= time.monotonic() - began < PATIENCE


def test_a_session_without_a_page_fails_its_checks_in_words() -> None:
    def lost() -> Observation:
        raise UsageError("There is no page yet", "Call reset() first.")

    checked = parse_expectation("text~x").check(End(lost, ""), 0.0)
    assert (checked.passed, checked.found) == (False, "There is no page yet")
    assert note_of([checked]) == "text~x: failed, found There is no page yet"
