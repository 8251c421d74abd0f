"""The proxy itself, without a browser: who may use it, what it carries, and that a name means one thing for a session."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.egress import Listener
from browser.egress import EgressProxy, EgressRules
from tests.browser.conftest import eventually

LARGE = bytes(range(256)) * 40_000


class Upstream(BaseHTTPRequestHandler):
    """Answers in every way that HTTP/1.1 has."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        server.asked[f"{self.command} {self.path}"] += 1  # type: ignore[attr-defined]
        server.heads.append(dict(self.headers.items()))  # type: ignore[attr-defined]
        if self.path == "/chunked":
            self.reply(200, {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        elif self.path == "/until-close":
            self.reply(200, {"Connection": "close"}, b"to the end")
            self.close_connection = True
        elif self.path == "/204":
            self.reply(204, {}, b"")
        elif self.path == "/stream":
            self.reply(200, {"Content-Type": "text/event-stream", "Connection": "close"}, b"data: 1\n\n")
            server.go_on.wait(20)  # type: ignore[attr-defined]
            self.wfile.write(b"data: 2\n\n")
            self.close_connection = True
        elif self.path == "/hang-up":
            self.close_connection = True
        elif self.path == "/hold":
            server.left.set() if self.connection.recv(1) == b"" else None  # type: ignore[attr-defined]
            self.close_connection = True
        else:
            self.reply(200, {"Content-Length": str(len(LARGE)), "X-A": "kept", "Keep-Alive": "timeout=1"}, LARGE)

    do_HEAD = do_GET  # noqa: N815 - the base class asks for it

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked[f"POST {self.path}"] += 1  # type: ignore[attr-defined]
        if self.path == "/hang-up":
            self.close_connection = True
            return
        digest = hashlib.sha256(body).hexdigest().encode()
        self.reply(200, {"Content-Length": str(len(digest))}, digest)

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.daemon_threads = True
    server.block_on_close = False
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients leave before they are answered
    server.asked, server.heads = Counter(), []  # type: ignore[attr-defined]
    server.go_on, server.left = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@contextmanager
def proxied(rules: EgressRules, resolve: Callable[[str], Sequence[str]] | None = None) -> Iterator[EgressProxy]:
    proxy = EgressProxy(rules, resolve=resolve) if resolve else EgressProxy(rules)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.fixture
def proxy(upstream: ThreadingHTTPServer) -> Iterator[EgressProxy]:
    with proxied(EgressRules.of([f"http://127.0.0.1:{upstream.server_port}"])) as made:
        yield made


def credential(proxy: EgressProxy) -> dict[str, str]:
    shown = b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {shown}"}


def ask(proxy: EgressProxy, method: str, url: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    connection.request(method, url, body, credential(proxy))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def raw(proxy: EgressProxy, data: bytes, *, that_is_all: bool = True) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), 20) as connection:
        connection.sendall(data)
        if that_is_all:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while got := connection.recv(65536):
            answer += got
        return answer


def test_who_does_not_know_the_secret_gets_nothing(listener: Listener) -> None:
    listener.clear()
    origin = f"http://127.0.0.1:{listener.port}"
    with proxied(EgressRules.of([origin])) as proxy:
        for shown in ("", "Basic YTpi", "Basic", "Bearer " + proxy.password, "Basic " + proxy.password):
            head = f"Proxy-Authorization: {shown}\r\n" if shown else ""
            for line in (f"GET {origin}/ HTTP/1.1", f"CONNECT 127.0.0.1:{listener.port} HTTP/1.1"):
                assert raw(proxy, f"{line}\r\nHost: a\r\n{head}\r\n".encode()).startswith(b"HTTP/1.1 407 ")
        assert not listener.connections
        assert ask(proxy, "GET", f"{origin}/")[2] == b"ok", "the control"
    assert listener.connections.total() == 1


def test_it_listens_on_loopback_alone() -> None:
    with proxied(EgressRules.of([])) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), 5):
            pass
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", proxy.port), 5)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", proxy.port), 5)
    proxy.close()


def test_it_carries_what_it_gets(upstream: ThreadingHTTPServer, proxy: EgressProxy) -> None:
    at = f"http://127.0.0.1:{upstream.server_port}"
    status, headers, body = ask(proxy, "GET", f"{at}/large?a=1")
    assert (status, headers["X-A"], body) == (200, "kept", LARGE)
    assert "Keep-Alive" not in headers
    seen = upstream.heads[0]  # type: ignore[attr-defined]
    assert seen["Host"] == f"127.0.0.1:{upstream.server_port}"
    assert not {name.lower() for name in seen} & {"proxy-authorization", "proxy-connection", "connection"}
    assert ask(proxy, "GET", f"{at}/chunked")[2] == b"hello world"
    assert ask(proxy, "GET", f"{at}/until-close")[2] == b"to the end"
    assert ask(proxy, "GET", f"{at}/204")[::2] == (204, b"")
    assert ask(proxy, "HEAD", f"{at}/large")[::2] == (200, b"")
    assert ask(proxy, "POST", f"{at}/", LARGE)[2].decode() == hashlib.sha256(LARGE).hexdigest()


def test_one_connection_serves_many_requests_each_judged(
    upstream: ThreadingHTTPServer, proxy: EgressProxy, listener: Listener
) -> None:
    listener.clear()
    at = f"http://127.0.0.1:{upstream.server_port}"
    shown = "".join(f"{name}: {value}\r\n" for name, value in credential(proxy).items())
    request = "GET {} HTTP/1.1\r\nHost: a\r\n" + shown + "\r\n"
    elsewhere = f"http://127.0.0.1:{listener.port}/"
    requests = request.format(f"{at}/204") * 2 + request.format(elsewhere) + request.format(at)
    answer = raw(proxy, requests.encode(), that_is_all=False)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"204", b"204", b"403"]
    assert not listener.connections
    assert proxy.tell() == f"refused to connect to 127.0.0.1:{listener.port}"
    assert proxy.tell() == ""


@pytest.mark.parametrize(
    "hidden",
    [
        "POST {at} HTTP/1.1\r\nHost: a\r\n{shown}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{second}",
        "POST {at} HTTP/1.1\r\nHost: a\r\n{shown}Content-Length: 0\r\nContent-Length: 900\r\n\r\n{second}",
        "GET {at} HTTP/1.1\r\nHost: {elsewhere}\r\n{shown}\r\n",
        "GET {at} HTTP/1.1\r\nHost: a\r\nHost: {elsewhere}\r\n{shown}\r\n",
        "GET {at} HTTP/1.1\r\nHost: a\r\n{shown}Transfer-Encoding: xchunked\r\n\r\n{second}",
        "GET {at}\thttp://{elsewhere}/ HTTP/1.1\r\nHost: a\r\n{shown}\r\n",
        "GET {at} HTTP/1.1\r\n Host: {elsewhere}\r\n{shown}\r\n",
        "GET {at} HTTP/0.9\r\n{shown}\r\n{second}",
    ],
)
def test_nothing_is_smuggled(
    upstream: ThreadingHTTPServer, proxy: EgressProxy, listener: Listener, hidden: str
) -> None:
    listener.clear()
    shown = "".join(f"{name}: {value}\r\n" for name, value in credential(proxy).items())
    elsewhere = f"127.0.0.1:{listener.port}"
    second = f"GET http://{elsewhere}/ HTTP/1.1\r\nHost: {elsewhere}\r\n{shown}\r\n"
    at = f"http://127.0.0.1:{upstream.server_port}/204"
    raw(proxy, hidden.format(at=at, shown=shown, elsewhere=elsewhere, second=second).encode())
    assert not listener.connections
    assert all(head.get("Host") != elsewhere for head in upstream.heads)  # type: ignore[attr-defined]


def test_what_comes_bit_by_bit_is_passed_on_at_once(upstream: ThreadingHTTPServer, proxy: EgressProxy) -> None:
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    connection.request("GET", f"http://127.0.0.1:{upstream.server_port}/stream", headers=credential(proxy))
    answer = connection.getresponse()
    assert answer.readline() == b"data: 1\n"
    upstream.go_on.set()  # type: ignore[attr-defined]
    assert answer.read() == b"\ndata: 2\n\n"
    connection.close()


def test_who_leaves_is_not_waited_for(upstream: ThreadingHTTPServer, proxy: EgressProxy) -> None:
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    connection.request("GET", f"http://127.0.0.1:{upstream.server_port}/hold", headers=credential(proxy))
    assert eventually(lambda: upstream.asked["GET /hold"] == 1)  # type: ignore[attr-defined]
    connection.close()
    assert upstream.left.wait(10), "the server sees the browser leave"  # type: ignore[attr-defined]


def test_what_a_server_may_have_done_is_not_asked_again(upstream: ThreadingHTTPServer, proxy: EgressProxy) -> None:
    at = f"http://127.0.0.1:{upstream.server_port}"
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    connection.request("GET", f"{at}/204", headers=credential(proxy))
    connection.getresponse().read()
    connection.request("POST", f"{at}/hang-up", b"amount=12", credential(proxy))
    assert connection.getresponse().status == 502
    assert upstream.asked["POST /hang-up"] == 1  # type: ignore[attr-defined]
    connection.close()


def test_a_tunnel_carries_bytes_both_ways(proxy: EgressProxy, upstream: ThreadingHTTPServer) -> None:
    shown = "".join(f"{name}: {value}\r\n" for name, value in credential(proxy).items())
    head = f"CONNECT 127.0.0.1:{upstream.server_port} HTTP/1.1\r\nHost: a\r\n{shown}\r\n"
    answer = raw(proxy, f"{head}GET /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert b"hello" in answer


def test_a_name_means_one_thing_for_a_session(upstream: ThreadingHTTPServer, listener: Listener) -> None:
    """Rebinding: the second answer of the name server would lead elsewhere. It is never asked for."""
    listener.clear()
    times: Counter[str] = Counter()

    def rebinding(host: str) -> list[str]:
        times[host] += 1
        return ["127.3.0.1"] if times[host] == 1 else ["127.3.0.2"]

    names = [f"r{number}.app.test" for number in range(20)]
    rules = EgressRules.of([f"http://{name}:{listener.port}" for name in names])
    with proxied(rules, rebinding) as proxy:
        for name in names * 3:
            assert ask(proxy, "GET", f"http://{name}:{listener.port}/")[2] == b"ok"
    assert set(times.values()) == {1}
    assert listener.connections == Counter({"127.3.0.1": 60})
    with proxied(rules, rebinding) as proxy:  # the control: asked again, the name leads elsewhere
        ask(proxy, "GET", f"http://{names[0]}:{listener.port}/")
    assert listener.connections["127.3.0.2"] == 1


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["fd00::1"], ["1.1.1.1", "192.168.0.1"]]
)
def test_a_public_name_that_leads_inside_is_refused(found: list[str]) -> None:
    with proxied(EgressRules.of([]), lambda _: found) as proxy:
        shown = "".join(f"{name}: {value}\r\n" for name, value in credential(proxy).items())
        answer = raw(proxy, f"CONNECT cdn.evil.test:443 HTTP/1.1\r\nHost: a\r\n{shown}\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert [one.where for one in proxy.drain()] == ["cdn.evil.test:443"]


def test_a_name_that_is_not_known_and_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rules = EgressRules.of([f"http://127.0.0.1:{port}", f"http://nowhere.test:{port}"])
    with proxied(rules, lambda _: []) as proxy:
        for host in ("127.0.0.1", "nowhere.test"):
            assert ask(proxy, "GET", f"http://{host}:{port}/")[::2] == (502, b"")
        assert proxy.tell() == ""


def test_a_slow_look_up_holds_up_nobody_and_no_end(upstream: ThreadingHTTPServer) -> None:
    asked, over = threading.Event(), threading.Event()

    def slow(_: str) -> list[str]:
        asked.set()
        over.wait(30)
        return []

    port = upstream.server_port
    with proxied(EgressRules.of([f"http://127.0.0.1:{port}", f"http://slow.test:{port}"]), slow) as proxy:
        waiting = HTTPConnection("127.0.0.1", proxy.port)
        waiting.request("GET", f"http://slow.test:{port}/", headers=credential(proxy))
        assert asked.wait(10)
        assert ask(proxy, "GET", f"http://127.0.0.1:{port}/204")[0] == 204
    over.set()
    waiting.close()


def test_many_places_are_told_in_one_line() -> None:
    with proxied(EgressRules.of([], strict=True)) as proxy:
        for number in range(5):
            ask(proxy, "GET", f"http://t{number}.test/")
        assert proxy.tell() == "refused to connect to t0.test:80, t1.test:80, t2.test:80 and 2 more"


def test_it_needs_no_event_loop_of_its_callers() -> None:
    async def inside() -> int:
        with proxied(EgressRules.of([])) as proxy:
            return proxy.port

    assert asyncio.run(inside()) > 0
