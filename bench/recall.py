"""What a text of a page holds: its tokens, and how many of the controls that a person could use; and whether reading changed the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from playwright.sync_api import Page
from tokenizers import Tokenizer

from agent.paths import models_dir
from bench.accessibility import controls
from bench.pages import Sample
from bench.peers import Reader

_OURS = re.compile(r'^\S+ "((?:[^"\\]|\\.)*)" \[\d+\]', re.MULTILINE)
"""A line of ours that can be acted on."""
_IN_VIEW = """[...document.querySelectorAll('a[href],input,select,button')].map((el) => {
  const box = el.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
})"""
_WATCH = """(() => {
  window.seenChanges = 0; window.textBefore = document.documentElement.outerHTML;
  window.changeWatch = new MutationObserver((list) => { window.seenChanges += list.length; });
  window.changeWatch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
})()"""
_CHANGED = """(() => {
  const seen = window.seenChanges + window.changeWatch.takeRecords().length;
  window.changeWatch.disconnect();
  return Math.max(seen, Number(document.documentElement.outerHTML !== window.textBefore));
})()"""


@dataclass(frozen=True, slots=True)
class Counted:
    """A text, counted."""

    chars: int
    tokens: int
    recall: float | None
    labels: int


class Tokens:
    """Counts tokens as the embedded base does, where it is set up; else a quarter of the characters."""

    @staticmethod
    def unit() -> str:
        """Say what is counted."""
        return "of the embedded base" if _tokenizer() else "a quarter of the characters (no embedded base is set up)"

    @staticmethod
    def count(text: str) -> int:
        """Count the tokens of a text."""
        tokenizer = _tokenizer()
        return len(tokenizer.encode(text, add_special_tokens=False).ids) if tokenizer else len(text) // 4


@cache
def _tokenizer() -> Tokenizer | None:
    files = sorted(models_dir().glob("embedded-*/tokenizer.json"), key=lambda path: path.stat().st_mtime)
    return Tokenizer.from_file(str(files[-1])) if files else None


def labelled(sample: Sample, page: Page) -> tuple[str, ...]:
    """Return the names of the controls in view: as labelled, or else as Chromium's accessibility tree has them."""
    if sample.labels is None:
        return tuple(control.name for control in controls(page) if control.in_view and control.name)
    if not sample.elements:
        return sample.labels
    in_view: list[Any] = page.evaluate(_IN_VIEW)
    return tuple(name for name, shown in zip(sample.labels, in_view, strict=True) if shown)


def counted(text: str, labels: Sequence[str], *, strict: bool) -> Counted:
    """Count a text. A label counts as often as the page has it. Strictly: only the names of lines that can be acted on count."""
    names = [re.sub(r"\\(.)", r"\1", name) for name in _OURS.findall(text)] if strict else None
    wanted = Counter(labels)
    found = sum(
        min(count, _ours(names, label) if names is not None else _anywhere(text, label))
        for label, count in wanted.items()
    )
    recall = found / len(labels) if labels else None
    return Counted(len(text), Tokens.count(text), recall, len(labels))


def _ours(names: Sequence[str], label: str) -> int:
    """How many of our names are this one, told apart or cut as ours are."""
    return sum(
        name == label
        or name.startswith((f"{label} (", f"{label} #"))
        or (name[-1:] == "…" and label.startswith(name[:-1]))
        for name in names
    )


def _anywhere(text: str, label: str) -> int:
    """How often a label stands in a text as words of their own: generous, since words that are no control count too."""
    return len(re.findall(rf"(?<!\w){re.escape(label)}(?!\w)", text))


def mutated(reader: Reader) -> int:
    """Let a reader look once more, and count what that changed in the page's DOM."""
    reader.evaluate(_WATCH)
    reader.look()
    return int(reader.evaluate(_CHANGED))
