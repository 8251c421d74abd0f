"""A web app of our own on loopback: a list of bills kept by the server, a form, an API, and pages that make a session stop."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

FORM = """<form method=post action=/bills><label>What <input name=what></label><button>Save</button></form>
<form method=post action=/delete><button>Delete all</button></form>
<button onclick="if (confirm('Tidy up?')) document.title = 'Tidy'">Tidy</button>"""
LOGIN = """<h1>Log in</h1><form method=post><label>Name <input></label>
<label>Password <input type=password></label><button>Log in</button></form>"""
REMEMBERS = """<h1>Visits</h1><p id=seen></p><script>
const before = localStorage.getItem('visited'), cookie = document.cookie
document.getElementById('seen').textContent = 'storage ' + before + ', cookie ' + (cookie || 'none')
localStorage.setItem('visited', 'yes'); document.cookie = 'member=yes; max-age=3600'
</script>"""


class Site(ThreadingHTTPServer):
    """One server; `requests` are the paths it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bills: list[str] = []
        self.requests: list[str] = []
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    server: Site  # type: ignore[assignment]

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        if self.path == "/api/bills":
            self.answer(json.dumps({"bills": [{"what": what} for what in self.server.bills]}), "application/json")
        elif self.path == "/never":
            self.server.stopping.wait(60)
            self.answer("late")
        elif self.path == "/visits":
            self.answer(REMEMBERS)
        elif self.path == "/login":
            self.answer(LOGIN)
        elif self.path == "/waits":
            self.answer("<h1>Waits</h1><button onclick=\"fetch('/never')\">Wait</button>")
        else:
            rows = "".join(f"<li>{what}</li>" for what in self.server.bills)
            self.answer(f"<h1>Bills</h1><ul>{rows}</ul>{FORM}")

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
        if self.path == "/delete":
            self.server.bills.clear()
        else:
            self.server.bills.append(sent.get("what", [""])[0])
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

    def answer(self, body: str, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            self.wfile.write((f"<!doctype html><title>Bills</title>{body}" if "html" in kind else body).encode())
        except (BrokenPipeError, ConnectionResetError):  # the browser left before the slow answer
            return

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Site]:
    """Run a site while the block runs."""
    with Site() as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        try:
            yield site
        finally:
            site.stopping.set()
            site.shutdown()
