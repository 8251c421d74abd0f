"""A page that crashes or hangs, a browser that is killed or stopped: brought back, and nothing is sent twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from agent.guard import Guard
from agent.loop import Session
from agent.policy.scripted import ScriptedPolicy
from agent.stop import StopReason
from agent.store import Store
from browser.actions import parse
from browser.driver import end_now, family
from browser.egress import EgressRules
from browser.environment import LiveEnvironment
from browser.recovery import LIMIT
from browser.types import StepResult
from browser.world import BrowserLost
from tests.browser.conftest import LOCAL_ONLY

pytestmark = pytest.mark.browser
PATIENCE = 4.0
FORM = """<title>Order</title><h1>Order</h1>
<form method=post action=/pay><button>Pay</button></form>
<form action=/search><input name=q value=all><button>Search</button></form>
<button onclick="for (;;);">Hang</button><a href=/second>Second</a>"""


class Shop(BaseHTTPRequestHandler):
    """Counts what it is asked. What a payment sets off happens before it is answered; when that is true it never is."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shop = self.server
        shop.asked[f"GET {self.path}"] += 1  # type: ignore[attr-defined]
        shop.cookies[self.path] = self.headers.get("Cookie", "")  # type: ignore[attr-defined]
        body = FORM.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if "session=" not in self.headers.get("Cookie", ""):
            self.send_header("Set-Cookie", "session=dana; HttpOnly")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.asked[f"POST {self.path}"] += 1  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.meanwhile():  # type: ignore[attr-defined]
            self.close_connection = True
            return
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shop() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # browsers die while they are answered
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(shop: ThreadingHTTPServer, tmp_path: Path) -> Iterator[LiveEnvironment]:
    shop.asked = Counter()  # type: ignore[attr-defined]
    shop.cookies = {}  # type: ignore[attr-defined]
    shop.meanwhile = lambda: None  # type: ignore[attr-defined]
    origin = f"http://127.0.0.1:{shop.server_port}"
    rules = EgressRules.of([origin])
    with LiveEnvironment(
        f"{origin}/", profile=tmp_path / "profile", patience=PATIENCE, args=LOCAL_ONLY, egress=rules
    ) as made:
        started = time.monotonic()
        made.reset()
        shop.start_took = time.monotonic() - started  # type: ignore[attr-defined]
        yield made


def do(environment: LiveEnvironment, text: str) -> StepResult:
    assert environment._last is not None
    action = parse(text)
    line = next((line for line in environment._last.lines if line.name == action.name and line.ref), None)
    return environment.step(action if line is None else parse(f'click "{line.name}" [{line.ref}]'))


def within(shop: ThreadingHTTPServer) -> float:
    """Seconds that a recovery may take: five; on a machine too busy to start a browser in less, twice what a start took."""
    return max(5.0, 2 * shop.start_took)  # type: ignore[attr-defined]


def crash(environment: LiveEnvironment) -> None:
    """End every renderer at once: the browser sees them gone together, its spare one too."""
    browser = psutil.Process(environment._live.launched.pid)
    browser.suspend()
    end_now([process for process in family(browser.pid) if "--type=renderer" in process.cmdline()])
    browser.resume()


def kill(environment: LiveEnvironment) -> None:
    os.kill(environment._live.launched.pid, signal.SIGKILL)


def stop(environment: LiveEnvironment) -> None:
    os.kill(environment._live.launched.pid, signal.SIGSTOP)


@pytest.mark.parametrize(("harm", "noticed"), [(crash, 0.0), (kill, 0.0), (stop, 2 * PATIENCE)])
def test_what_is_lost_during_a_submit_comes_back_and_is_not_sent_again(
    shop: ThreadingHTTPServer,
    environment: LiveEnvironment,
    harm: Callable[[LiveEnvironment], None],
    noticed: float,
) -> None:
    asked: Counter[str] = shop.asked  # type: ignore[attr-defined]
    browser = environment._live.launched.pid
    harmed: list[float] = []

    def meanwhile() -> None:
        harmed.append(time.monotonic())
        harm(environment)

    shop.meanwhile = meanwhile  # type: ignore[attr-defined]
    result = do(environment, 'click "Pay"')
    took = time.monotonic() - harmed[0]
    assert (result.ok, result.unknown) == (False, True)
    assert result.note.endswith("the app was opened again; whether the action was done is unknown")
    assert result.observation.title == "Order"
    assert took < noticed + within(shop)
    assert harm is crash or not psutil.pid_exists(browser) or psutil.Process(browser).status() == psutil.STATUS_ZOMBIE
    shop.meanwhile = lambda: None  # type: ignore[attr-defined]
    assert do(environment, 'click "Second"').ok
    assert {what: times for what, times in asked.items() if what.startswith("POST")} == {"POST /pay": 1}
    assert shop.cookies["/second"] == "session=dana", "the login, a cookie of the session, is still there"  # type: ignore[attr-defined]


@pytest.mark.parametrize("harm", [crash, kill])
def test_what_was_lost_before_the_action_did_not_do_it(
    shop: ThreadingHTTPServer, environment: LiveEnvironment, harm: Callable[[LiveEnvironment], None]
) -> None:
    harm(environment)
    result = do(environment, 'click "Pay"')
    assert (result.ok, result.unknown) == (False, False)
    assert result.note.endswith("the action was not done")
    assert not any(what.startswith("POST") for what in shop.asked)  # type: ignore[attr-defined]
    assert result.observation.title == "Order"


def test_a_server_that_ends_without_an_answer_is_not_asked_twice(
    shop: ThreadingHTTPServer, environment: LiveEnvironment, tmp_path: Path
) -> None:
    """Chromium by itself sends a POST again when a kept connection ends; through the proxy it is told and does not."""
    shop.meanwhile = lambda: True  # type: ignore[attr-defined]
    do(environment, 'click "Pay"')
    assert shop.asked["POST /pay"] == 1  # type: ignore[attr-defined]
    with LiveEnvironment(environment.url, args=LOCAL_ONLY) as direct:
        direct.reset()
        do(direct, 'click "Pay"')
    assert shop.asked["POST /pay"] == 3, "the control: without the proxy it is sent twice"  # type: ignore[attr-defined]


def test_a_page_that_hangs_is_given_up_and_opened_again(
    shop: ThreadingHTTPServer, environment: LiveEnvironment
) -> None:
    started = time.monotonic()
    result = do(environment, 'click "Hang"')
    assert (result.unknown, result.observation.title) == (True, "Order")
    assert result.note.startswith("the page did not answer for 4 seconds")
    assert time.monotonic() - started < PATIENCE + within(shop)


def test_where_a_form_led_is_not_opened_again(shop: ThreadingHTTPServer, environment: LiveEnvironment) -> None:
    assert do(environment, 'click "Search"').observation.url.endswith("/search?q=all")
    kill(environment)
    result = do(environment, "scroll down")
    assert result.observation.url == environment.url
    assert shop.asked["GET /search?q=all"] == 1  # type: ignore[attr-defined]
    assert do(environment, 'click "Second"').ok
    kill(environment)
    assert do(environment, "scroll down").observation.url.endswith("/second"), "where a link led is"


def test_a_browser_that_is_lost_again_and_again_is_given_up(environment: LiveEnvironment) -> None:
    for _ in range(LIMIT):
        crash(environment)
        assert not do(environment, "scroll down").ok
    crash(environment)
    with pytest.raises(BrowserLost):
        do(environment, "scroll down")
    assert environment.reset().title == "Order"


@pytest.mark.parametrize(("answer", "reason"), [(None, StopReason.ASKED), ("it was paid", StopReason.DONE)])
def test_the_person_is_asked_before_work_goes_on_after_a_lost_payment(
    shop: ThreadingHTTPServer, environment: LiveEnvironment, answer: str | None, reason: StopReason
) -> None:
    questions: list[str] = []
    shop.meanwhile = lambda: kill(environment)  # type: ignore[attr-defined]

    def ask(question: str) -> str | None:
        questions.append(question)
        return answer

    with Store.open() as store:
        session_id = store.begin_session("pay", environment.url, environment.url)
        policy = ScriptedPolicy(['click "Pay"', 'done "paid"'])
        guard = Guard.for_task(environment.url, ["pay"])
        assert Session(session_id, "pay", environment, policy, guard, store, ask=ask).run() is reason
        step = store.steps(session_id)[0]
    assert questions == ['The browser was lost during click "Pay". Look whether it was done: what now?']
    assert step.ok is None
    assert step.finished_at is not None
    assert (answer or "unknown") in step.note
    assert shop.asked["POST /pay"] == 1  # type: ignore[attr-defined]
