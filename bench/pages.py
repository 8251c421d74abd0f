"""The pages that observation is measured on: generated ones, files, addresses, apps; and which controls each must show.

Every page is served on loopback, so that each reader opens the same address. What a person can use comes from one of three
places: the generator knows it, `labels.toml` beside the files was written by hand, and for addresses Chromium's own
accessibility tree is asked. What the recall counts is what is in view when the page opens.
"""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browser.errors import UsageError

SIZES = (126, 1_747, 13_729, 50_000)
LABELS = "labels.toml"
LINKS, FIELDS = 8, 6
_FIXED = 4 + 1 + 2 + 16 + 1 + 18 + 3 + 1 + 1 + 2
"""The document, then what the head of a generated page holds, then the table and its body."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One page to measure."""

    name: str
    url: str
    labels: tuple[str, ...] | None = None
    """Names of the controls a person can use on it, in the page's order; None where Chromium is asked."""
    elements: int = 0
    """How many elements a generated page has; its labels are all controls of the page, of which those in view are counted."""


def page_of(elements: int) -> str:
    """Make a page of exactly so many elements: navigation, a form, and a table with a link and a button in each row."""
    links = "".join(f'<li><a href="#{i}">Section {i}</a></li>' for i in range(LINKS))
    fields = "".join(f'<p><label for="f{i}">Field {i}</label><input id="f{i}" value="{i}"></p>' for i in range(FIELDS))
    choice = '<select aria-label="Status"><option>open</option><option>closed</option></select>'
    head = (
        f"<h1>Invoices</h1><nav><ul>{links}</ul></nav><form>{fields}{choice}<button>Search</button></form><h2>All</h2>"
    )
    count, rest = divmod(elements - _FIXED, 8)
    rows = "".join(
        f'<tr><td>2026-{i % 12 + 1:02}-01</td><td><a href="#i{i}">Invoice {i}</a></td><td>Customer {i * 7 % 97}</td>'
        f"<td>{i * 13 % 900}.50</td><td><button>Edit</button></td></tr>"
        for i in range(count)
    )
    return f"<title>{elements}</title>{head}<table>{rows}</table>" + "<i>.</i>" * rest


def labels_of(elements: int) -> tuple[str, ...]:
    """Return the names of the controls of `page_of(elements)`, in the page's order."""
    head = [*(f"Section {i}" for i in range(LINKS)), *(f"Field {i}" for i in range(FIELDS)), "Status", "Search"]
    count = (elements - _FIXED) // 8
    return (*head, *(name for i in range(count) for name in (f"Invoice {i}", "Edit")))


def samples(places: Sequence[str], origin: str, sizes: Sequence[int] = SIZES) -> list[Sample]:
    """Return the generated pages, then those of each place. Raises UsageError for a place that is none."""
    found = [Sample(f"generated {n:,}", f"{origin}/generated/{n}", labels_of(n), n) for n in sizes]
    for number, place in enumerate(places):
        if urlsplit(place).scheme in ("http", "https"):
            found.append(Sample(place.split("//")[-1], place))
        elif Path(place).is_dir():
            found += _files(Path(place), f"{origin}/{number}")
        else:
            raise UsageError(f"{place} is neither a folder of pages nor a web address", "Give one of the two.")
    return found


def _files(folder: Path, origin: str) -> Iterator[Sample]:
    """Yield the pages of a folder: those that its labels name, or else all."""
    path = folder / LABELS
    try:
        labels: dict[str, list[str]] = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} cannot be read: {error}", "It holds one list of names for each page.") from error
    for name in labels or [page.name for page in sorted(folder.glob("*.html"))]:
        yield Sample(name, f"{origin}/{name}", tuple(labels[name]) if name in labels else None)


class _Handler(SimpleHTTPRequestHandler):
    """Serves generated pages, and each folder under its number."""

    def __init__(self, places: Sequence[str], *args: Any) -> None:
        self._places = places
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer a request."""
        kind, _, rest = self.path.lstrip("/").partition("/")
        if kind == "generated":
            body = page_of(int(rest)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)
            return
        if kind.isdigit() and int(kind) < len(self._places):
            self.directory, self.path = self._places[int(kind)], f"/{rest}"
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(places: Sequence[str]) -> Iterator[str]:
    """Serve the generated pages and the folders among the places on loopback; yield the origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, places))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
