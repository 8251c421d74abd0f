"""Fields that want their value written in a way of their own, and say so: beside the field, or only once it was written otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from foundation.schema import Field


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a value. `read` inverts `write`, and returns None for what is not written so."""

    hint: str
    write: Callable[[str], str]
    read: Callable[[str], str | None]


def _date(order: str, separator: str) -> Format:
    """Make a date's format from the order of its parts: `DMY` with "." is 31.12.2026."""
    names = {"D": "DD", "M": "MM", "Y": "YYYY"}
    pattern = re.compile(re.escape(separator).join(rf"(?P<{part}>\d{{{len(names[part])}}})" for part in order))

    def write(value: str) -> str:
        year, month, day = value.split("-")
        return separator.join({"D": day, "M": month, "Y": year}[part] for part in order)

    def read(text: str) -> str | None:
        found = pattern.fullmatch(text.strip())
        return f"{found['Y']}-{found['M']}-{found['D']}" if found else None

    return Format(separator.join(names[part] for part in order), write, read)


def _cents() -> Format:
    """Make the format of an amount with two decimals and a point."""

    def write(value: str) -> str:
        return f"{float(value):.2f}"

    def read(text: str) -> str | None:
        return text.strip() if re.fullmatch(r"\d+\.\d\d", text.strip()) else None

    return Format("0.00", write, read)


FORMATS = {
    "DMY.": _date("DMY", "."),
    "MDY/": _date("MDY", "/"),
    "DMY/": _date("DMY", "/"),
    "YMD/": _date("YMD", "/"),
    "cents": _cents(),
}
DATES = tuple(name for name in FORMATS if name != "cents")


def shown(item: Field, value: str) -> str:
    """Return how a field writes a value that the app holds."""
    return FORMATS[item.format].write(value) if item.format and value else value


def held(item: Field, text: str) -> str:
    """Return the value that a field's text stands for; the text itself where the field would not take it."""
    return (FORMATS[item.format].read(text) or text) if item.format and text else text
