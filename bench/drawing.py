"""Draw the pages of `bench.changing` as HTML, and serve them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.changing import Drawing, Node

_SCRIPT = """
if (window === top) window.acted = [];
for (const type of ['click', 'input', 'change']) addEventListener(type, (event) => {
  if (!event.isTrusted && type === 'click') return;
  const held = event.composedPath().find((el) => el.dataset?.truth);
  if (held) top.acted.push(held.dataset.truth);
}, true);
addEventListener('click', (event) => {
  const path = event.composedPath(), find = (role) => path.find((el) => el.getAttribute?.('role') === role);
  const box = find('checkbox'), list = find('combobox'), option = find('option');
  if (box) box.setAttribute('aria-checked', box.getAttribute('aria-checked') !== 'true');
  const show = (owner, open) => { owner.nextElementSibling.hidden = !open; owner.setAttribute('aria-expanded', open); };
  if (list) show(list, list.nextElementSibling.hidden);
  if (option) {
    const owner = option.parentElement.previousElementSibling;
    owner.textContent = option.textContent;
    show(owner, false);
  }
});
"""
_STYLE = "body { font: 14px sans-serif; margin: 4px } h2, p, fieldset { margin: 2px } iframe { width: 95%; height: 420px; border: 0 }"


class Drawer:
    """Draws one page in one way."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self._rng = random.Random(drawing.ids)
        self._count = 0

    def page(self, node: Node) -> str:
        """Draw a whole page."""
        return self._document(node.label, f"<h1>{escape(node.label)}</h1>{self._inside(node)}")

    def _document(self, title: str, body: str) -> str:
        return f"<!doctype html><title>{escape(title)}</title><style>{_STYLE}</style><body>{body}<script>{_SCRIPT}</script></body>"

    def _inside(self, node: Node) -> str:
        return "".join(self._draw(child) for child in node.children)

    def _draw(self, node: Node) -> str:
        inside, label = self._inside(node), escape(node.label)
        match node.kind:
            case "section":
                head = f'<div role="heading">{label}</div>' if self.drawing.divs else f"<h2>{label}</h2>"
                return f"<section>{head}{inside}</section>"
            case "bar":
                return f"<div>{inside}</div>" if self.drawing.divs else f"<nav>{inside}</nav>"
            case "table":
                return f"<div>{inside}</div>" if self.drawing.divs else f"<table>{inside}</table>"
            case "row":
                return self._row(node)
            case "note":
                return f"<p>{label}</p>"
            case "fieldset":
                return f"<fieldset>{inside}</fieldset>"
            case "layers":
                return f"<div><div><p>All changes are kept for a year.</p><div><main><div>{inside}</div></main></div></div></div>"
            case "shadow":
                return f'<x-part><template shadowrootmode="open">{inside}</template></x-part>'
            case "frame":
                return f'<iframe srcdoc="{escape(self._document(node.label, inside), quote=True)}"></iframe>'
            case _:
                return self._control(node)

    def _row(self, node: Node) -> str:
        cells = [escape(cell) for cell in node.label.split(" | ")]
        if self.drawing.divs:
            spans = "".join(f'<span role="cell">{cell} </span>' for cell in cells)
            return f'<div role="row">{spans}<span role="cell">{self._inside(node)}</span></div>'
        return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + f"<td>{self._inside(node)}</td></tr>"

    def _control(self, node: Node) -> str:
        mark = f'data-truth="{escape(node.truth)}" {self._identity(node)}'
        label = escape(node.label)
        if node.kind in ("button", "link"):
            if node.kind == "link":
                return f'<a href="#{self._token(node)}" {mark}>{label}</a> '
            return (
                f'<div role="button" tabindex="0" {mark}>{label}</div> '
                if self.drawing.divs
                else f'<button type="button" {mark}>{label}</button> '
            )
        if not node.is_labelled:
            return f"<p>{self._field(node, mark)}</p>"
        if self.drawing.divs:
            self._count += 1
            own = f"l{self._count}"
            return f'<div><div id="{own}">{label}</div>{self._field(node, f"{mark} aria-labelledby={own}")}</div>'
        field = self._field(node, mark)
        return (
            f"<p><label>{field} {label}</label></p>"
            if node.kind == "check"
            else f"<p><label>{label} {field}</label></p>"
        )

    def _field(self, node: Node, mark: str) -> str:
        value = escape(node.value)
        match node.kind:
            case "area":
                return f"<textarea {mark}>{value}</textarea>"
            case "check" if self.drawing.divs:
                return f'<div role="checkbox" tabindex="0" aria-checked="false" {mark}>☐</div>'
            case "check":
                return f'<input type="checkbox" {mark}>'
            case "select" if self.drawing.divs:
                options = "".join(
                    f'<li role="option" data-truth="{escape(node.truth)}">{escape(option)}</li>'
                    for option in node.options
                )
                box = f'<div role="combobox" tabindex="0" aria-expanded="false" {mark}>{value}</div>'
                return f'{box}<ul role="listbox" hidden>{options}</ul>'
            case "select":
                options = "".join(
                    f"<option{' selected' if option == node.value else ''}>{escape(option)}</option>"
                    for option in node.options
                )
                return f"<select {mark}>{options}</select>"
            case kind:
                return f'<input type="{kind}" value="{value}" {mark}>'

    def _identity(self, node: Node) -> str:
        token = self._token(node)
        return f'id="{token}" name="{token}"' + (f' class="{token}-root"' if self.drawing.ids else "")

    def _token(self, node: Node) -> str:
        if not self.drawing.ids:
            return "-".join(node.label.lower().split())
        return f"r{self._rng.randrange(16**6):06x}"


@contextmanager
def served(pages: dict[str, str]) -> Iterator[str]:
    """Serve texts by their path on a free port of the loopback; what is added later is served too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
