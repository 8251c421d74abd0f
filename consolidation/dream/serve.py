"""A dream as a web site on loopback: recorded lines as plain HTML, walked by a person or by an agent with a real browser.

What pages said is data: it is escaped, and a content security policy names the hashes of the only style and script that run. The
server answers to its own name alone, so that no other site can reach it through a name that it points here, and does only what a
form with its token asks for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from agent.grammar import FIELD_ROLES
from browser.actions import Action, Verb
from browser.types import Line, Observation
from consolidation.dream.tiers import Dreamt, Mark, SiteDream, Tier
from consolidation.rehearsal.leftovers import TOGGLED

MAX_BODY = 1 << 20
"""Bytes of a form; longer ones are refused."""
_ATTRIBUTES = {
    "checked": "checked",
    "disabled": "disabled",
    "readonly": "readonly",
    "required": "required",
    "invalid": 'aria-invalid="true"',
    "expanded": 'aria-expanded="true"',
    "collapsed": 'aria-expanded="false"',
    "selected": 'aria-selected="true"',
    "pressed": 'aria-pressed="true"',
    "current": 'aria-current="true"',
}
"""States of a line as attributes of its element."""


@dataclass(slots=True)
class Visit:
    """One person's walk through a dream: where they stand, and what they are writing."""

    dream: SiteDream
    version: int = 0
    """Grows with every page shown: what an older page sends late is ignored."""
    last: Dreamt | None = None
    _writing: dict[int, Mark] = field(default_factory=dict)
    """Where the dream stood before a field was written into that is still being written into."""

    def act(self, sent: dict[str, str]) -> None:
        """Do what a form asks for: first what its fields hold, then what was pressed."""
        pressed = sent.get("act", "")
        line = self.dream.page.find(int(pressed)) if pressed.isdecimal() else None
        for shown in self.dream.page.lines:
            if f"f{shown.ref}" in sent or shown.role in TOGGLED:
                self.write(shown, sent.get(f"f{shown.ref}", ""))
        self._writing.clear()
        self.version += 1
        if pressed == "restart":
            self.dream.reset()
            self.last = None
        elif pressed == "back":
            self.last = self.dream.step(Action(Verb.BACK))
        elif pressed == "enter":
            self.last = self.dream.step(Action(Verb.PRESS, text="Enter"))
        elif line is not None:
            self.last = self.dream.step(Action(Verb.CLICK, line.name, self._ref_now(line)))

    def write(self, line: Line, value: str, *, final: bool = True) -> bool:
        """Write into a field, in the place of what was being written into it; return whether the page shows more than that now.

        While it is not final, only what the recording knows exactly shows at once: half a word is no value.
        """
        assert line.ref is not None
        if line.role in TOGGLED:
            if bool(value) == ("checked" in line.states):
                return False
            action = Action(Verb.CLICK, line.name, line.ref)
        else:
            action = Action(Verb.SELECT if line.options else Verb.TYPE, line.name, line.ref, value)
            if list(self._writing) == [line.ref]:
                self.dream.return_to(self._writing[line.ref])
            now = self.dream.page.find(line.ref)
            if now is not None and now.value == value:
                return False
            self._writing = {line.ref: self.dream.mark()}
        before = self.dream.page
        self.last = self.dream.step(action)
        shows = _besides(before, line.ref) != _besides(self.dream.page, line.ref)
        return shows and (final or self.last.tier is Tier.REPLAY)

    def open(self, path: str) -> None:
        """Go to an address, unless it is the one of this page."""
        self._writing.clear()
        self.version += 1
        if path != _path_of(self.dream.page):
            self.last = self.dream.step(Action(Verb.OPEN, text=path))

    def _ref_now(self, line: Line) -> int | None:
        """Return the ref of a control on a page that may have been drawn anew since it was shown."""
        there = [other.ref for other in self.dream.page.lines if (other.role, other.name) == (line.role, line.name)]
        return line.ref if line.ref in there or not there else there[0]


class DreamServer(ThreadingHTTPServer):
    """Serves one dream to one person at a time."""

    daemon_threads = True

    def __init__(self, dream: SiteDream, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.visit = Visit(dream)
        self.token = secrets.token_urlsafe(16)
        self.turn = threading.Lock()
        """One request at a time moves the dream."""

    @property
    def url(self) -> str:
        """Where the dream begins."""
        return f"http://127.0.0.1:{self.server_port}{_path_of(self.visit.dream.page)}"

    @cached_property
    def policy(self) -> str:
        """The content security policy of every page."""
        return (
            f"default-src 'none'; style-src '{_hash(_own('page.css'))}'; script-src '{_hash(_own('page.js'))}';"
            " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def page(self) -> str:
        """Write the page that the dream stands at."""
        visit = self.visit
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        return environment.from_string(_own("page.html")).render(
            page=visit.dream.page,
            origin=visit.dream.recordings[0].start.origin,
            said=_said(visit),
            token=self.token,
            version=visit.version,
            states=_states,
            toggled=TOGGLED,
            fields=FIELD_ROLES | {"file"},
            style=_own("page.css"),
            script=_own("page.js"),
        )


@contextmanager
def served(dream: SiteDream, port: int = 0) -> Iterator[DreamServer]:
    """Serve a dream while the block runs. Raises OSError when the port is taken."""
    with DreamServer(dream, port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: DreamServer  # pyright: ignore[reportIncompatibleVariableOverride] - only a DreamServer makes these

    def do_GET(self) -> None:
        if not self._is_meant():
            return
        if self.path.startswith("/-/") or self.path == "/favicon.ico":
            self._answer(404, "text/plain", "not here")
            return
        with self.server.turn:
            self.server.visit.open(self.path)
            at = _path_of(self.server.visit.dream.page)
            if at == self.path or self.server.visit.last is None or not self.server.visit.last.ok:
                self._answer(200, "text/html; charset=utf-8", self.server.page())
                return
        self._move(at)

    def do_POST(self) -> None:
        if not self._is_meant():
            return
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self._answer(413, "text/plain", "too long")
            return
        read = parse_qs(self.rfile.read(length).decode("utf-8", "replace"), keep_blank_values=True)
        sent = {key: values[-1] for key, values in read.items()}
        if not hmac.compare_digest(sent.get("token", "").encode(), self.server.token.encode()):
            self._answer(403, "text/plain", "this form is not of this dream")
            return
        with self.server.turn:
            visit = self.server.visit
            fresh = sent.get("version") == str(visit.version)
            if self.path == "/-/field":
                self._answer(200, "application/json", json.dumps({"reload": fresh and self._write(visit, sent)}))
                return
            if fresh:
                visit.act(sent)
            at = _path_of(visit.dream.page)
        self._move(at)

    def _write(self, visit: Visit, sent: dict[str, str]) -> bool:
        ref = sent.get("field", "").removeprefix("f")
        line = visit.dream.page.find(int(ref)) if ref.isdecimal() else None
        return line is not None and visit.write(line, sent.get("value", ""), final=bool(sent.get("final")))

    def _is_meant(self) -> bool:
        """Whether the request came to this server by its own name."""
        port = self.server.server_port
        if self.headers.get("Host") in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return True
        self._answer(403, "text/plain", "this dream has another name")
        return False

    def _move(self, path: str) -> None:
        self.send_response(303)
        self.send_header("Location", path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, kind: str, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):  # the browser has left
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is walked through is the person's own."""


def _said(visit: Visit) -> list[str]:
    """Say who answered last, what there was to say, and whether the recording ended here."""
    if visit.last is None:
        said = ["This is where the recording begins."]
    elif visit.last.tier is Tier.UNKNOWN:
        said = ["No recording says what comes of the last step."]
    else:
        said = [f"The last step was answered by the {visit.last.tier} tier."]
        said += [f"The site said: {visit.last.note}"] if visit.last.note else []
    return [*said, "This is where the recording ended."] if visit.dream.at_the_end else said


def _besides(page: Observation, ref: int) -> list[tuple[int | None, str]]:
    """Return what a page shows but for one field."""
    return [(line.ref, line.render()) for line in page.lines if line.ref != ref]


def _states(line: Line) -> Markup:
    """Return the attributes of a line's states, each of them one of ours."""
    return Markup("".join(f" {_ATTRIBUTES[state]}" for state in line.states if state in _ATTRIBUTES))


def _path_of(page: Observation) -> str:
    """Return where a page stands on this server: never an address of another one."""
    parts = urlsplit(page.url)
    query = f"?{parts.query}" if parts.query else ""
    return f"/{parts.path.lstrip('/')}{query}"


def _own(name: str) -> str:
    return resources.files("consolidation").joinpath("dream", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
