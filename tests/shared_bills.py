"""A small web app with a state of its own: shared bills, on loopback. What was done to it is asked of the server, not of the page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAYERS = ("Alex", "Bea", "Chris")
PAGE = """<!doctype html><title>Bills</title><h1>Bills</h1>
<form method="post" action="/add">
<label>What <input name="what" required></label> <label>Amount <input name="amount"></label>
<label>Payer <select name="payer">{options}</select></label>
<label><input type="checkbox" name="shared" value="yes"> Shared</label>
<input name="note" placeholder="Note"> <label>PIN <input type="password" name="pin"></label>
<button>Save</button></form>
<table>{rows}</table> <a href="/report" target="_blank">Report</a>"""
ROW = """<tr><td>{what}</td><td>{amount}</td><td>{payer}</td><td>
<form method="post" action="/delete" onsubmit="return confirm('Really delete?')">
<input type="hidden" name="what" value="{what}"><button>Delete</button></form></td></tr>"""


@dataclass
class Bills:
    """The app's state and where it is."""

    url: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Shows the bills, adds and deletes them."""

    bills: Bills

    def do_GET(self) -> None:
        if self.path == "/report":
            body = f"<!doctype html><title>Report</title><p>{len(self.bills.rows)} bills</p>"
        else:
            rows = "".join(ROW.format(**{key: escape(value) for key, value in row.items()}) for row in self.bills.rows)
            body = PAGE.format(
                options="".join(f'<option value="p-{name}">{name}</option>' for name in PAYERS), rows=rows
            )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
        if self.path == "/add":
            if "pin" in form:
                self.bills.pins.append(form.pop("pin"))
            self.bills.rows.append({"what": "", "amount": "", "payer": "", "shared": "", "note": "", **form})
        else:
            self.bills.rows[:] = [row for row in self.bills.rows if row["what"] != form["what"]]
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*rows: tuple[str, str, str]) -> Iterator[Bills]:
    """Serve the app with these bills (what, amount, payer) while the block runs."""
    bills = Bills(rows=[dict(zip(("what", "amount", "payer"), row, strict=True)) for row in rows])
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"bills": bills})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bills.url = f"http://127.0.0.1:{server.server_port}/"
        yield bills
        server.shutdown()
