"""A real web app on loopback, plain HTML and forms: bills, each with an amount and a payer, and a form that minds what is missing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PEOPLE = ("Alex", "Bea", "Chris")


class Bills(ThreadingHTTPServer):
    """The app and its data. `add_label` is what the link to the form is called: apps change."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.bills: list[tuple[str, str, str]] = [("Train", "48.00", "Alex")]
        self.add_label = "Add a bill"
        self.form_path = "/add"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Pages(BaseHTTPRequestHandler):
    server: Bills

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/add" and self.server.form_path == "/add":
            self._form("", "", "")
        elif urlsplit(self.path).path in ("/", "/bills"):
            rows = "".join(
                f"<tr><td>{escape(what)}</td><td>{escape(amount)}</td><td>{escape(payer)}</td></tr>"
                for what, amount, payer in self.server.bills
            )
            link = f'<a href="{self.server.form_path}">{self.server.add_label}</a>'
            self._page("Bills", f"<h1>Bills</h1><table>{rows}</table>{link}")
        else:
            self._page("Login", '<h1>Log in</h1><label>Name <input name="name"></label><button>Log in</button>')

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        what, amount, payer = (sent[key][0] for key in ("what", "amount", "payer"))
        if not amount:
            self._form(what, payer, "<p>The amount is missing</p>")
            return
        self.server.bills.append((what, amount if "." in amount else f"{amount}.00", payer))
        self.send_response(303)
        self.send_header("Location", "/bills")
        self.end_headers()

    def _form(self, what: str, payer: str, problem: str) -> None:
        people = "".join(f"<option{' selected' if name == payer else ''}>{name}</option>" for name in PEOPLE)
        self._page(
            "Add",
            f'<h1>A new bill</h1>{problem}<form method="post" action="/add">'
            f'<label>What <input name="what" value="{escape(what)}"></label> <label>Amount <input name="amount"></label>'
            f' <label>Payer <select name="payer">{people}</select></label> <button>Save</button></form>',
        )

    def _page(self, title: str, body: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>{title}</title>{body}".encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def bills_app() -> Iterator[Bills]:
    """Run the app."""
    with Bills() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


TASK = "add a bill Museum of 20 paid by Bea"
STEPS = (
    'click "Add a bill"',
    'type "What" "Museum"',
    'click "Save"',
    'type "Amount" "20"',
    'select "Payer" "Bea"',
    'click "Save"',
    "done",
)
"""A session with a mistake in it: the amount is left out at first."""
