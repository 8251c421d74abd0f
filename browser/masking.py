"""What is painted over in screenshots: fields for secrets, and secrets that stand among the words of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Locator

from browser.page import PageView
from browser.secrets import Redact
from browser.world import DocumentGone

_HINTS = ("cc-", "one-time-code", "current-password", "new-password")
_PARTS = ("passw", "otp", "cvv", "cvc", "cardnumber", "card-number", "card_number", "card number")
SECRET_FIELDS = ", ".join(
    ["input[type=password]"]
    + [f'[autocomplete*="{hint}" i]' for hint in _HINTS]
    + [f'input[{key}*="{part}" i]' for key in ("name", "id", "aria-label") for part in _PARTS]
)
"""Wider than what the walker withholds, since a box too many costs nothing."""
_FIELDS = "input, textarea, select, [contenteditable]"


def secret_places(view: PageView, redact: Redact) -> list[Locator]:
    """Return what shows a secret. Where it cannot be told which element that is, the whole page.

    What is looked for by its text is only what the page was found to hold: no other secret is sent into it.
    """
    words, values = _texts(view)
    found = redact.found(words)
    places: list[Locator] = []
    if redact.found(values):
        places += [frame.locator(_FIELDS) for frame in view.page.frames]
    for form in found:
        here = _holders(view, form)
        if not here:
            return [view.page.locator("html")]
        places += here
    return places


def _holders(view: PageView, form: str) -> list[Locator]:
    """Return the innermost elements with these words, which may be spread over several elements inside them."""
    chars = (re.escape(char).replace("/", r"\/") for char in "".join(form.split()))
    spread = re.compile(r"\s*".join(chars), re.IGNORECASE)
    for wanted in (form, spread):
        places = [frame.get_by_text(wanted) for frame in view.page.frames]
        if any(place.count() for place in places):
            return places
    return []


def _texts(view: PageView) -> tuple[str, str]:
    """Return the words of the page with all its frames, and what its fields hold."""
    told = list(_told(view))
    return "\n".join(words for words, _ in told), "\n".join(values for _, values in told)


def _told(view: PageView) -> Iterator[tuple[str, str]]:
    for world in view.worlds():
        for frame in world.frames:
            try:
                told = world.call("wording", frame=frame)
            except DocumentGone:
                continue
            yield told["words"], told["values"]
