"""Redaction: what is secret is painted over before it is written, shown or read by a model.

Structure first: passwords and tokens in addresses (by the name of their key), user names and passwords before a host, cookies and
authorization headers. Then the vault's values, as they are and in every encoding that pages, logs and addresses use: one
automaton (Aho-Corasick) finds all of them in one pass, so that the cost hardly grows with their number.
"""

from __future__ import annotations

import base64
import html
import json
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import ahocorasick

from browser.actions import Action
from browser.types import Line, Observation

MASK = "•••"
LEAST_LENGTH = 6
"""A shorter value cannot be told from ordinary words and numbers, so it cannot be kept out of anything."""
CUT = "…"
"""Ends a text that was shortened."""
LEAST_CUT, LONGEST_CUT = 3, 120
"""So many characters of a secret are looked for before it."""
_OWN = (
    "action actor adapter agent allowed answer blob budget champion change check click clicked consequence correction decided "
    "delete demonstration denied dialog elements failed focus interrupted lesson lessons mutations observation observed "
    "options person phase policy preference promote promoted publish reason record refused replay roll_back running screenshot "
    "scroll select selected session states textbox button unreachable update verdict"
)
OWN_WORDS = frozenset(_OWN.split())
"""Words that Apprentice itself writes into its records: as a secret they could not be told from them."""

_KEYS = (
    r"\w*token|\w*secret|passw(?:or[dt]|d)|passwd|pwd|passphrase|otp|cvv|cvc|api-?key|api_key|\w*sess(?:ion)?(?:[_-]?id)?|sid"
    r"|signature|sig|credentials?|jwt|assertion|saml(?:response|request)|auth(?:orization)?"
)
_STRUCTURAL = tuple(
    (needed, re.compile(pattern, re.IGNORECASE), replacement)
    for needed, pattern, replacement in (
        ("=", rf"([?&#;](?:[\w.\-]*[_.\-\[])?(?:{_KEYS})\]?=)[^&#;\s\"'<>]+", rf"\1{MASK}"),
        ("://", r"\b((?:https?|wss?|ftp)://)[^\s/?#\"'<>@]+@", rf"\1{MASK}@"),
        (
            "uthorization",
            r"\b(authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|digest|token|negotiate)\s+)[^\s\"',;<>]+",
            rf"\1{MASK}",
        ),
        (
            "ookie",
            r"\b((?:set-)?cookie[\"']?\s*:\s*[\"']?)[^\s=;,:]+=[^\s;,\"']+(?:;\s*[^\s=;,:]+(?:=[^\s;,\"']+)?)*",
            rf"\1{MASK}",
        ),
    )
)
"""What must stand in a text for a pattern to be looked for, the pattern, and what takes its place."""
_BETWEEN = (
    "\n",
    "\t",
    " ",
    ",",
    ", ",
    " , ",
    ";",
    "; ",
    "|",
    " | ",
    "-",
    " - ",
    "+",
    " + ",
    ".",
    "·",
    "', '",
    "'",
    '"',
)
"""What may stand between single characters, when a page or a log writes keystrokes one by one."""
_OURS = re.compile(
    r"sha256:[0-9a-f]{64}|(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{26}(?![0-9A-Za-z])|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+Z]"
)
"""Hashes, ids and times of our own, which only look as if a short secret stood in them."""

_LOWER = {ord(char): char.lower() for char in string.ascii_uppercase}

Span = tuple[int, int]


def structural(text: str) -> str:
    """Paint over what is secret by where it stands: in addresses, cookies and authorization headers."""
    for needed, pattern, replacement in _STRUCTURAL:
        if needed in text:
            text = pattern.sub(replacement, text)
    return text


def forms_of(value: str) -> frozenset[str]:
    """Return a value as it is and in every encoding in which it may come back."""
    as_bytes = value.encode("utf-8", "surrogatepass")
    once = quote(value, safe="", errors="replace")
    forms = {value, " ".join(value.split()), once, quote_plus(value, errors="replace"), quote(once, safe="")}
    forms |= {quote(value, safe="/", errors="replace"), quote(value, safe="!'()*~", errors="replace")}
    forms |= {"".join(f"%{byte:02x}" for byte in as_bytes), "".join(f"\\x{byte:02x}" for byte in as_bytes)}
    forms |= {as_bytes.hex(), as_bytes.hex(" "), as_bytes.hex(":"), "".join(f"\\u{ord(char):04x}" for char in value)}
    escaped = {html.escape(value), html.escape(value).replace("&#x27;", "&#39;"), html.escape(value, quote=False)}
    forms |= escaped | {form.replace("&#39;", "&apos;") for form in escaped}
    forms |= {"".join(f"&#{ord(char)};" for char in value), "".join(f"&#x{ord(char):x};" for char in value)}
    for ascii_only in (True, False):
        inner = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        forms |= {inner, json.dumps(inner, ensure_ascii=ascii_only)[1:-1], inner.replace("/", "\\/")}
    words = "".join(char for char in value if char.isalnum())  # signs alone are no line of a page
    forms |= {between.join(keys) for between in _BETWEEN for keys in (value, "".join(value.split()), words)}
    for ascii_only, separators in ((True, (", ", ":")), (False, (", ", ":")), (True, (",", ":")), (False, (",", ":"))):
        forms.add(json.dumps(list(value), ensure_ascii=ascii_only, separators=separators)[1:-1])
    forms |= {" ".join(form.split()) for form in forms}  # as a page shows it
    forms |= {
        base64.b64encode(as_bytes).decode(),
        base64.urlsafe_b64encode(as_bytes).decode(),
        *_base64_forms(as_bytes),
    }
    return frozenset(form for form in forms if len(form) >= LEAST_LENGTH)


def _base64_forms(data: bytes) -> Iterator[str]:
    """Yield base64 of a value wherever it begins in what is encoded, without the characters that its neighbours share."""
    for lead in range(3):
        text = base64.b64encode(bytes(lead) + data).decode("ascii")
        begin = (0, 2, 3)[lead]
        end = (len(data) + lead) * 8 // 6
        yield text[begin:end]
        yield text[begin:end].replace("+", "-").replace("/", "_")


class Redactor:
    """Paints over secrets. Without values it knows only those that show by where they stand."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._automaton: Any = None
        wanted = [value for value in dict.fromkeys(values) if len(value) >= LEAST_LENGTH]
        if wanted:
            self._automaton = ahocorasick.Automaton()
            for value in wanted:
                for form in forms_of(value):
                    self._automaton.add_word(_folded(form), len(form))
            self._automaton.make_automaton()

    def text(self, text: str) -> str:
        """Return the text with every secret in it painted over."""
        text = structural(text)
        return _painted(text, self._spans(text))

    def found(self, text: str) -> frozenset[str]:
        """Return the vault's values in a text, in the very forms in which they stand there."""
        return frozenset(text[begin:end] for begin, end in self._spans(text))

    def observation(self, page: Observation) -> Observation:
        """Return the page with every secret in it painted over; the same object when there is none."""
        whole = "\n".join((page.url, page.title, page.dialog or "", *_words(page.lines)))
        if structural(whole) == whole and not self._spans(whole):
            return page
        lines = self._across([self._line(line) for line in page.lines])
        dialog = page.dialog and self.text(page.dialog)
        return replace(page, url=self.text(page.url), title=self.text(page.title), dialog=dialog, lines=tuple(lines))

    def action(self, action: Action) -> Action:
        """Return the action with every secret in its name and text painted over."""
        name, text = self.text(action.name), self.text(action.text)
        return action if (name, text) == (action.name, action.text) else replace(action, name=name, text=text)

    def storable(self, text: str) -> str:
        """Return a text as the store may keep it: JSON stays JSON, and ids, hashes, times and words of our own stay what they are."""
        if text in OWN_WORDS or self.text(text) == text:
            return text
        if text[:1] in ("{", "["):
            try:
                return json.dumps(self._inside(json.loads(text)), ensure_ascii=False, separators=(",", ":"))
            except ValueError:
                pass
        plain = structural(text)
        ours = [match.span() for match in _OURS.finditer(plain)]
        spans = [span for span in self._spans(plain) if not any(_within(span, other) for other in ours)]
        return _painted(plain, spans)

    def record(self, value: Any) -> Any:
        """Return a JSON value with every secret painted over in its texts, keys excepted."""
        return self._inside(value)

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.storable(value)
        if isinstance(value, dict):
            return {key: self._inside(item) for key, item in value.items()}
        return [self._inside(item) for item in value] if isinstance(value, list | tuple) else value

    def _line(self, line: Line) -> Line:
        name, value, options = self.text(line.name), self.text(line.value), tuple(map(self.text, line.options))
        return replace(line, name=name, value=value, options=options)

    def _across(self, lines: list[Line]) -> list[Line]:
        """Paint over a value that stands one character a line."""
        names = [line.name for line in lines]
        at, whole = 0, "\n".join(names)
        spelt = [(begin, end) for begin, end in self._spans(whole) if "\n" in whole[begin:end]]
        for number, name in enumerate(names):
            if any(begin < at + len(name) and at < end for begin, end in spelt):
                lines[number] = replace(lines[number], name=MASK)
            at += len(name) + 1
        return lines

    def _spans(self, text: str) -> list[Span]:
        if self._automaton is None:
            return []
        folded = _folded(text)
        spans = [(end - length + 1, end + 1) for end, length in self._automaton.iter(folded)]
        return [*spans, *self._cut(folded)] if CUT in text else spans

    def _cut(self, folded: str) -> Iterator[Span]:
        """Yield where a form begins that was cut off: pages and notes are shortened before they come here."""
        for end in (at for at, char in enumerate(folded) if char == CUT):
            for begin in range(max(end - LONGEST_CUT, 0), end - LEAST_CUT + 1):
                if self._automaton.longest_prefix(folded[begin:end]) == end - begin:
                    yield begin, end
                    break


def _folded(text: str) -> str:
    """Return the text with A to Z in lower case: as long as it was, and each character the same wherever it stands."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _words(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        yield line.name
        if line.value:
            yield line.value
        yield from line.options


def _within(inner: Span, outer: Span) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1] and inner != outer


def _painted(text: str, spans: list[Span]) -> str:
    """Put the mask over the spans, which may overlap."""
    out: list[str] = []
    at = 0
    for begin, end in sorted(spans):
        if begin > at or not out:
            out += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*out, text[at:]])
