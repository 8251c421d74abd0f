"""Manners on a site of the public network (by name; it is served here): pace, `Retry-After`, two blocks, who asks."""

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from browser.actions import Action, Verb
from browser.environment import LiveEnvironment
from browser.manners import PRODUCT, Pace, is_public, seconds_of
from tests.browser.conftest import eventually

PUBLIC = "--host-resolver-rules=MAP shop.example 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


class Shop(BaseHTTPRequestHandler):
    """Answers with what the test laid ready, and remembers when it was asked for which page and by whom."""

    def do_GET(self) -> None:
        site: Any = self.server
        if self.path == "/favicon.ico":
            self.send_error(404)
            return
        site.asked.append((time.monotonic(), self.path, self.headers["User-Agent"]))
        if self.path == "/slow":
            threading.Event().wait(2)
            site.answered_at = time.monotonic()
        status, headers = site.answers.pop(0) if site.answers else (200, {})
        self.send_response(status)
        for key, value in {"Content-Type": "text/html", **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(f"<title>Shop</title><h1>{status}</h1><a href='/next'>Next</a>".encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    made.daemon_threads = True
    made.asked, made.answers = [], []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def shop(server: Any) -> Any:
    server.asked.clear()
    server.answers.clear()
    return server


@pytest.fixture(scope="module")
def environment(server: Any) -> Iterator[LiveEnvironment]:
    url = f"http://shop.example:{server.server_port}/"
    with LiveEnvironment(url, pace=Pace(max_wait_seconds=5), args=(PUBLIC,)) as made:
        yield made


def gaps(shop: Any) -> list[float]:
    times = [asked[0] for asked in shop.asked]
    return [after - before for before, after in itertools.pairwise(times)]


@pytest.mark.browser
def test_a_public_site_is_asked_for_a_page_a_second(shop: Any, environment: LiveEnvironment) -> None:
    page = environment.reset()
    link = next(line for line in page.lines if line.name == "Next")
    environment.step(Action(Verb.CLICK, "Next", link.ref))
    environment.step(Action(Verb.OPEN, text="/third"))
    assert [path for _, path, _ in shop.asked] == ["/", "/next", "/third"]
    assert min(gaps(shop)) >= 0.95  # the server's clock starts a moment after the browser's


@pytest.mark.browser
def test_one_page_load_at_a_time(shop: Any, environment: LiveEnvironment) -> None:
    environment.reset()
    environment.tabs.page.evaluate("setTimeout(() => location.href = '/slow', 0)")
    assert eventually(lambda: environment.tabs.page.wait_for_timeout(20) or len(shop.asked) == 2)
    environment.step(Action(Verb.OPEN, text="/after"))
    assert [path for _, path, _ in shop.asked] == ["/", "/slow", "/after"]
    assert shop.asked[-1][0] >= shop.answered_at


@pytest.mark.browser
def test_ones_own_machine_is_not_slowed_down(server: Any, shop: Any) -> None:
    with LiveEnvironment(f"http://127.0.0.1:{server.server_port}/", args=(PUBLIC,)) as own:
        own.reset()
        started = time.monotonic()
        own.step(Action(Verb.OPEN, text="/b"))
        own.step(Action(Verb.OPEN, text="/c"))
        assert len(shop.asked) == 3 and time.monotonic() - started < 2 * Pace().pace_seconds + 2


@pytest.mark.browser
def test_retry_after_is_honoured_and_asked_again_once(shop: Any, environment: LiveEnvironment) -> None:
    shop.answers.append((429, {"Retry-After": "2"}))
    page = environment.reset()
    assert page.blocks == () and page.lines[0].name == "200"
    assert len(shop.asked) == 2 and gaps(shop)[0] >= 1.9


@pytest.mark.browser
@pytest.mark.parametrize("status", [403, 429, 503])
def test_two_blocks_in_a_row_are_told_once(shop: Any, environment: LiveEnvironment, status: int) -> None:
    environment.reset()
    shop.answers += [(status, {}), (status, {})]
    first = environment.step(Action(Verb.OPEN, text="/a")).observation
    second = environment.step(Action(Verb.OPEN, text="/b")).observation
    assert len(first.blocks) == 1 and len(second.blocks) == 2 and str(status) in second.blocks[1]
    assert environment.step(Action(Verb.SCROLL, text="down")).observation.blocks == ()
    assert environment.step(Action(Verb.OPEN, text="/c")).observation.blocks == (), "an answer forgives"
    shop.answers.append((status, {}))
    assert len(environment.step(Action(Verb.OPEN, text="/d")).observation.blocks) == 1


@pytest.mark.browser
def test_a_site_that_asks_for_too_long_a_wait_is_not_asked_again(server: Any, shop: Any) -> None:
    with LiveEnvironment(f"http://shop.example:{server.server_port}/", args=(PUBLIC,)) as other:
        shop.answers.append((503, {"Retry-After": "7200"}))
        assert len(other.reset().blocks) == 1
        result = other.step(Action(Verb.OPEN, text="/again"))
        assert not result.ok and "longer wait" in result.note and len(result.observation.blocks) == 2
        assert len(shop.asked) == 1, "nothing more left"


@pytest.mark.browser
def test_the_browser_says_who_it_is_and_disguises_nothing(shop: Any, environment: LiveEnvironment) -> None:
    environment.reset()
    said = {agent for _, _, agent in shop.asked}
    own = environment.tabs.page.evaluate("navigator.userAgent")
    assert said == {f"{own} {PRODUCT}"} and environment.tabs.page.evaluate("navigator.webdriver") is True


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://shop.example/", True),
        ("https://8.8.8.8/", True),
        ("http://[2606:4700::1111]/", True),
        ("http://127.0.0.1:8000/", False),
        ("http://[::1]/", False),
        ("http://10.1.2.3/", False),
        ("http://169.254.1.1/", False),
        ("http://localhost:3000/", False),
        ("http://wiki/", False),
        ("http://printer.local/", False),
        ("http://app.localhost/", False),
    ],
)
def test_which_addresses_are_public(url: str, public: bool) -> None:
    assert is_public(url) is public


def test_how_retry_after_reads() -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert seconds_of("120") == 120
    assert 3590 < (seconds_of(in_an_hour) or 0) <= 3600
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    for nothing in ("", "soon", "-1"):
        assert seconds_of(nothing) is None
