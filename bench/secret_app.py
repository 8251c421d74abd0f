"""A sign-in page that does with a password whatever a careless page may do: it shows it, encodes it, says it, and names a file by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SCRIPT = """
const fields = [...document.querySelectorAll('input[type=password]')], typed = new Map();
for (const field of fields) field.addEventListener('input', () => { if (field.value) typed.set(field.name, field.value); });
const all = () => [...typed.values()];
const clear = () => { for (const field of fields) field.value = ''; };   // no field holds it any more: only the page knows it
const bytes = (text) => [...new TextEncoder().encode(text)];
const hex = (text) => bytes(text).map((byte) => byte.toString(16).padStart(2, '0')).join('');
const b64 = (text) => btoa(String.fromCharCode(...bytes(text)));
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const html = (text) => text.replace(/[&<>"']/g, (char) => ENTITIES[char]);
const spelt = (text) => [...text].join(' ');
const FORMS = { raw: (text) => text, url: encodeURIComponent, base64: b64, json: (text) => JSON.stringify(text), html, hex, spelt };
function show() {
  clear();
  const values = all();
  document.title = 'typed ' + values.at(-1);
  history.replaceState(0, '', '?draft=' + values.slice(-5).map(encodeURIComponent).join('+') + '#' + b64(values[0]));
  said.replaceChildren(...values.flatMap((value, n) => {
    const line = document.createElement('p'), form = Object.values(FORMS)[n % 7];
    line.textContent = n + ': ' + form(value);
    const button = document.createElement('button');
    button.textContent = 'Copy ' + Object.values(FORMS)[(n + 3) % 7](value);
    return n % 3 ? [line] : [line, button];
  }));
}
function say() { clear(); for (const value of all().slice(-12)) alert('You typed ' + value); }
function keep() {
  const value = all().at(-1);
  clear();
  const link = document.createElement('a');
  link.download = value.replace(/[^a-zA-Z0-9 ]/g, '') + ' ' + hex(all()[0]) + '.txt';
  link.href = URL.createObjectURL(new Blob(['kept']));
  link.click();
}
"""


def sign_in_page(fields: int) -> str:
    """Write the page with so many password fields."""
    labels = "".join(f'<label>Word {n} <input type="password" name="w{n}"></label> ' for n in range(fields))
    buttons = "".join(
        f'<button type="button" onclick="{act}()">{name}</button>'
        for name, act in (("Show", "show"), ("Say", "say"), ("Keep", "keep"))
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>Sign in</title><h1>Sign in</h1><form onsubmit='return false'>{labels}{buttons}"
        f"</form><div id=said></div><script>{_SCRIPT}</script>"
    )


@contextmanager
def serving(fields: int) -> Iterator[str]:
    """Serve the page on loopback; yields its address."""
    body = sign_in_page(fields).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Set-Cookie", "sid=a-session-cookie; HttpOnly")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
