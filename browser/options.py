"""What an option of a list is called: codegen names it by its value, a person by its label."""

from __future__ import annotations

import json
from collections.abc import Sequence

from browser.environment import LiveEnvironment


def label_of(environment: LiveEnvironment, value: str, among: Sequence[str]) -> str | None:
    """Return the one of these labels whose option has this value in the active tab; None when none or several have it."""
    found = {
        " ".join(text.split())
        for frame in environment.tabs.page.frames
        for text in frame.locator(f"option[value={json.dumps(value)}]").all_text_contents()
    } & set(among)
    return found.pop() if len(found) == 1 else None
