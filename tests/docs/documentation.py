"""The documentation as its tests read it: pages, their fenced blocks, and the commands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
HISTORY = {"log.md"}
"""Says what was, not what is."""
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.glob("*.md") if path.name not in HISTORY)]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```", re.DOTALL | re.MULTILINE)
_REMARK = re.compile(r"^ *<!-- (?P<text>[^\n]*) -->\n\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the remark that stands right above it."""

    language: str
    text: str
    remark: str = ""


def blocks(text: str) -> Iterator[Block]:
    """Go through the fenced blocks of a page."""
    for found in _FENCE.finditer(text):
        remark = _REMARK.search(text[: found.start()])
        yield Block(found["language"], found["text"], remark["text"] if remark else "")


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text)


def shell_lines(text: str) -> Iterator[str]:
    """Go through the commands of a shell block: continued lines joined, here-documents left out."""
    end = ""
    for line in text.replace("\\\n", " ").splitlines():
        if end:
            end = "" if line.strip() == end else end
            continue
        if here := re.search(r"<<'?(\w+)'?", line):
            end = here[1]
        yield line.strip()


def spans(text: str) -> Iterator[str]:
    """Go through what stands in backticks in the prose."""
    yield from re.findall(r"`([^`\n]+)`", prose(text))
