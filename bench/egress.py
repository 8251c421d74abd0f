"""How many of the known ways out of a page pass the egress proxy: judged by a listener that counts what reaches it.

    python -m bench.egress [--json FILE]

Three runs over the same pages in the same Chromium. First the control: every address is among the task's origins, and the
listener must hear of it, or the case says nothing. Then with the rules a session has by default, then with strict ones: the
proxy must have refused the case, and the listener must have heard nothing, no connection and no byte.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

from bench.egress_cases import Case, cases, page
from browser.egress import EgressProxy, EgressRules
from browser.errors import ApprenticeError
from browser.launch import launch

WAIT = 30.0
"""Seconds that a page's tries may take to show up, at the listener or among the refusals."""
POLL = 0.02
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: *\r\n"
    b"Access-Control-Allow-Methods: *\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
)


class Listener:
    """Takes every TCP connection to any address of this machine on one port, and counts its bytes by the address that was called."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("0.0.0.0", 0), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self.bytes: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._over = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Forget what came."""
        self.bytes.clear()
        self.connections.clear()

    def close(self) -> None:
        """Stop listening."""
        self._over = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _listen(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(POLL):
                if key.fileobj is self._socket:
                    connection, _ = self._socket.accept()
                    self.connections[connection.getsockname()[0]] += 1
                    self._selector.register(connection, selectors.EVENT_READ)
                else:
                    self._hear(key.fileobj)  # type: ignore[arg-type]

    def _hear(self, connection: socket.socket) -> None:
        data = b""
        with suppress(OSError):
            self.bytes[connection.getsockname()[0]] += len(data := connection.recv(65536))
            connection.sendall(ANSWER if data else b"")
        self._selector.unregister(connection)
        connection.close()


class AppServer(ThreadingHTTPServer):
    """Serves the task's own origin."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _App)
        self.pages: dict[str, str] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: browsers leave before they are answered."""


class _App(BaseHTTPRequestHandler):
    """The page with the tricks, and pages that lead on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        to = asked.get("to", "")
        if parts.path == "/hop":
            left = int(asked["left"])
            onward = f"/hop?code={asked['code']}&left={left - 1}&to={to}" if left else to
            self._answer(int(asked["code"]), "", {"Location": onward})
        elif parts.path == "/go":
            self._go(asked["how"], to)
        else:
            self._answer(200, cast("AppServer", self.server).pages.get(parts.path, "nothing"))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _go(self, how: str, to: str) -> None:
        """Lead a tab of its own there."""
        encoded = quote(to, safe=":/?&=@%[]\\") if to.isascii() else to
        if how == "302":
            self._answer(302, "", {"Location": quote(encoded, safe=":/?&=@%[]\\")})
        elif how == "refresh":
            self._answer(200, "going", {"Refresh": f"0;url={quote(encoded, safe=':/?&=@%[]' + chr(92))}"})
        else:
            text = {
                "location": f"<script>location = {json.dumps(to)}</script>",
                "meta": f"<meta charset=utf-8><meta http-equiv=refresh content='0;url={to}'>",
                "post": f"<form method=post action='{to}'><input name=a value=b></form><script>document.forms[0].submit()</script>",
            }[how]
            self._answer(200, "<meta charset=utf-8>" + text)

    def _answer(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of all cases under one set of rules."""

    rules: str
    passed: frozenset[int]
    """Cases of which the listener heard."""
    refused: frozenset[int]
    """Cases that the proxy refused."""
    seconds: float


@contextmanager
def stage() -> Iterator[tuple[str, AppServer, Listener]]:
    """Serve the app; yield its origin, its server, and the listener."""
    listener = Listener()
    server = AppServer()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server, listener
    finally:
        server.shutdown()
        server.server_close()
        listener.close()


def host(case: Case) -> str:
    """Return the host that the browser makes of the case's address."""
    if case.form.startswith("v4-mapped"):
        return f"[::ffff:{int(case.address) >> 16:x}:{int(case.address) & 0xFFFF:x}]"
    names = {
        "name": f"c{int(case.address)}.evil.test",
        "name, trailing dot": f"c{int(case.address)}.evil.test.",
        "name, look-alike": f"c{int(case.address)}.xn--pp-6kc.test",
        "name, this machine": f"c{int(case.address)}.localhost",
    }
    return names.get(case.form, str(case.address))


def resolve(name: str) -> list[str]:
    """Look up the cases' names: each leads to its case's address."""
    number = name.partition(".")[0].removeprefix("c")
    return [str(socket.inet_ntoa(int(number).to_bytes(4)))] if number.isdigit() else []


def attempt(
    label: str,
    rules: EgressRules,
    all_cases: Sequence[Case],
    origin: str,
    server: AppServer,
    listener: Listener,
) -> Run:
    """Open the pages in a browser held to these rules, and see what comes of every case."""
    listener.clear()
    started = time.monotonic()
    places = {f"{host(case)}:{listener.port}": case.number for case in all_cases}
    refused: set[int] = set()
    proxy = EgressProxy(rules, resolve=resolve)
    proxy.start()
    try:
        running = launch(egress=proxy, args=("--ignore-certificate-errors",))
        try:
            for number, some in enumerate(pages(all_cases)):
                server.pages[f"/{number}"] = page(some)
                tab = running.context.new_page()
                tab.goto(f"{origin}/{number}", wait_until="commit")
                wanted = {case.number for case in some}
                deadline = time.monotonic() + WAIT
                while time.monotonic() < deadline:
                    refused |= {places[one.where] for one in proxy.drain() if one.where in places}
                    if wanted <= refused | heard(all_cases, listener):
                        break
                    tab.wait_for_timeout(POLL * 1000)
                for other in running.context.pages:
                    other.close()
        finally:
            running.close()
    finally:
        proxy.close()
    return Run(label, frozenset(heard(all_cases, listener)), frozenset(refused), time.monotonic() - started)


def heard(all_cases: Sequence[Case], listener: Listener) -> set[int]:
    """Return the cases of which the listener heard."""
    return {case.number for case in all_cases if listener.connections[str(case.address)]}


def pages(all_cases: Sequence[Case]) -> list[list[Case]]:
    """Put the cases on pages: subresources of one form together, a few navigations, a few redirects."""
    return [list(some) for _, some in groupby(all_cases, key=lambda case: (case.group, case.form))]


def run(tell: Callable[[str], None]) -> tuple[list[Case], list[Run]]:
    """Run the control, the default rules and the strict ones."""
    with stage() as (origin, server, listener):
        all_cases = cases(listener.port)
        everything = {f"{scheme}://{host(case)}:{listener.port}" for case in all_cases for scheme in ("http", "https")}
        runs = []
        for label, rules in (
            ("control", EgressRules.of({origin, *everything}, strict=True)),
            ("default", EgressRules.of({origin})),
            ("strict", EgressRules.of({origin}, strict=True)),
        ):
            tell(label)
            runs.append(attempt(label, rules, all_cases, origin, server, listener))
    return all_cases, runs


def table(all_cases: Sequence[Case], runs: Sequence[Run]) -> str:
    """Write the results for a terminal: how many cases of each group reached the listener."""
    head = f"{'':<14}{'cases':>7}" + "".join(f"{one.rules:>10}" for one in runs)
    lines = [head, "-" * len(head)]
    for group in (*dict.fromkeys(case.group for case in all_cases), "all"):
        numbers = {case.number for case in all_cases if group in (case.group, "all")}
        lines.append(f"{group:<14}{len(numbers):>7}" + "".join(f"{len(numbers & one.passed):>10}" for one in runs))
    lines.append(f"{'refused':<21}" + "".join(f"{len(one.refused):>10}" for one in runs))
    lines.append(f"{'seconds':<21}" + "".join(f"{one.seconds:>10.1f}" for one in runs))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the table, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.egress", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(arguments)
    try:
        all_cases, runs = run(lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201 - progress
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    print(table(all_cases, runs))  # noqa: T201 - the result
    if args.json:
        record = {one.rules: {"passed": len(one.passed), "refused": len(one.refused)} for one in runs}
        args.json.write_text(json.dumps({"cases": len(all_cases), "runs": record}, indent=2) + "\n", "utf-8")
    control = next(one for one in runs if one.rules == "control")
    missed = [case for case in all_cases if case.number not in control.passed]
    for case in missed:
        print(f"says nothing: {case.group}, {case.how}, {case.form}", file=sys.stderr)  # noqa: T201 - the result
    return int(any(one.passed for one in runs if one is not control))


if __name__ == "__main__":
    sys.exit(main())
