"""Ways out of a page, in a real browser held to its rules: a listener judges, and hears of nothing that is not allowed."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator

import pytest

from bench.egress import AppServer, Listener, attempt, host, stage
from bench.egress_cases import cases
from browser.actions import parse
from browser.egress import EgressRules
from browser.environment import LiveEnvironment
from tests.browser.conftest import eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="a listener on all of 127.0.0.0/8"),
]
AT_LEAST = 400
CALL = """(address) => {
  const call = new RTCPeerConnection({ iceServers: [
    { urls: `stun:${address}` }, { urls: `turn:${address}?transport=udp`, username: 'a', credential: 'b' },
    { urls: `turn:${address}?transport=tcp`, username: 'a', credential: 'b' }] });
  call.createDataChannel('x');
  call.createOffer().then((offer) => call.setLocalDescription(offer));
  const over = new Promise((done) => call.addEventListener('icegatheringstatechange',
    () => call.iceGatheringState === 'complete' && done('complete')));
  try { new WebTransport(`https://${address}/`).closed.catch(() => 0); } catch (error) { }
  return Promise.race([over, new Promise((done) => setTimeout(() => done('waited'), 8000))]);
}"""

Stage = tuple[str, AppServer, Listener]


@pytest.fixture(scope="module")
def staged() -> Iterator[Stage]:
    with stage() as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_way_out_of_a_page_passes(staged: Stage) -> None:
    origin, server, listener = staged
    everything = cases(listener.port)
    numbers = {case.number for case in everything}
    assert len(numbers) >= AT_LEAST
    attacked = attempt("default", EgressRules.of([origin]), everything, origin, server, listener)
    assert attacked.passed == frozenset()
    assert listener.bytes.total() == 0
    assert attacked.refused == numbers, [case for case in everything if case.number not in attacked.refused]
    listed = {f"{scheme}://{host(case)}:{listener.port}" for case in everything for scheme in ("http", "https")}
    control = attempt("control", EgressRules.of({origin, *listed}), everything, origin, server, listener)
    assert control.passed == numbers, [case for case in everything if case.number not in control.passed]
    assert control.refused == frozenset()


@pytest.fixture(scope="module")
def held(staged: Stage) -> Iterator[LiveEnvironment]:
    origin = staged[0]
    with LiveEnvironment(f"{origin}/start", egress=EgressRules.of([origin])) as environment:
        yield environment


def test_what_is_refused_is_told_with_the_step_and_in_the_log(
    staged: Stage, held: LiveEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    _, server, listener = staged
    listener.clear()
    place = f"127.0.0.1:{listener.port}"
    server.pages["/start"] = f"<title>Start</title><button onclick=\"fetch('http://{place}/?all')\">Send</button>"
    caplog.set_level(logging.WARNING, "browser.egress")
    held.reset()
    result = held.step(parse('click "Send" [1]'))
    assert (result.ok, result.note) == (True, f"refused to connect to {place}")
    assert held.step(parse('click "Send" [1]')).note == "", "said once"
    assert [record.message for record in caplog.records].count(
        f"refused a request to {place}: not among the origins of this task, and not https on port 443"
    ) == 2
    assert not listener.connections


def test_what_is_opened_or_led_to_is_refused_and_the_page_stays_in_reach(staged: Stage, held: LiveEnvironment) -> None:
    _, server, listener = staged
    listener.clear()
    elsewhere = f"http://127.0.0.2:{listener.port}/"
    server.pages["/start"] = f'<title>Start</title><a href="/hop?code=302&left=1&to={elsewhere}">On</a>'
    held.reset()
    for action in (
        f'open "{elsewhere}"',
        'open "https://10.0.0.1/"',
        'open "http://169.254.169.254/latest/meta-data/"',
    ):
        result = held.step(parse(action))
        assert not result.ok
        assert "does not answer" in result.note
    held.reset()
    result = held.step(parse('click "On" [1]'))
    assert (result.ok, "the page did not load" in result.note) == (False, True)
    assert held.step(parse("back")).observation.title == "Start"
    assert not listener.connections


def test_a_page_without_an_address_is_left(staged: Stage, held: LiveEnvironment) -> None:
    _, server, _ = staged
    blob = "window.URL.createObjectURL(new Blob(['<title>Blob</title>'], { type: 'text/html' }))"
    server.pages["/start"] = (
        f'<title>Start</title><button onclick="window.open({blob})">Tab</button><button onclick="location = {blob}">Here</button>'
    )
    held.reset()
    for number, name in ((1, "Tab"), (2, "Here")):
        result = held.step(parse(f'click "{name}" [{number}]'))
        if result.ok:  # a busy machine: the tab comes after the step
            result = held.step(parse("wait"))
        assert (result.ok, result.observation.title) == (False, "Start")
        assert "a page of the kind blob: may not be shown" in result.note


def test_calls_and_transports_do_not_go_round_the_proxy(staged: Stage, held: LiveEnvironment) -> None:
    origin, server, listener = staged
    listener.clear()
    server.pages["/start"] = "<title>Start</title>"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", listener.port))
        datagrams.setblocking(False)
        held.reset()
        held.tabs.page.evaluate(CALL, f"127.0.0.1:{listener.port}")
        with pytest.raises(BlockingIOError):
            datagrams.recv(1)
        assert not listener.connections
        with LiveEnvironment(f"{origin}/start") as free:  # the control
            free.reset()
            free.tabs.page.evaluate(CALL, f"127.0.0.1:{listener.port}")
            datagrams.settimeout(10)
            assert datagrams.recv(2048)
            assert eventually(lambda: listener.connections.total() > 0)
