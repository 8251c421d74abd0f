"""The seams through which the browser meets the person's secrets: who gives a value, and who keeps values out of what is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from browser.types import Observation

Resolve = Callable[[str, str], str]
"""Given a secret's name and the origin of the field, its value. Raises ActionFailed, in one line, when it does not belong there."""


class Redact(Protocol):
    """Keeps secrets out of whatever leaves the browser."""

    def text(self, text: str) -> str:
        """Return the text with every secret in it painted over."""
        ...

    def observation(self, page: Observation) -> Observation:
        """Return the page with every secret in it painted over; the same object when there is none."""
        ...

    def found(self, text: str) -> frozenset[str]:
        """Return the secrets of a text, in the very forms in which they stand there."""
        ...
