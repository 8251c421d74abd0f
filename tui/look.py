"""How a person wants the dashboard: other keys, another theme. Read before it opens, so that a fault is said in words."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from textual.binding import Binding

from agent.paths import config_path
from browser.errors import UsageError
from tui.config import ABOUT, PREFIX, load_settings

if TYPE_CHECKING:
    from tui.app import ApprenticeApp

_VARIABLES = (f"{PREFIX}KEYS", f"{PREFIX}THEME", f"{PREFIX}CONFIG")


def dress(app: ApprenticeApp, bound: Iterable[type]) -> None:
    """Give the app the keys and the theme that are configured. Raises UsageError for an unknown action or theme.

    `bound` are the classes whose keys may be changed: looked at when there are keys to change. Without a configuration nothing
    is read or imported.
    """
    if not config_path().exists() and not any(name in os.environ for name in _VARIABLES):
        return
    settings = load_settings()
    keymap = dict(entry.split("=", 1) for entry in settings.keys)
    if keymap:
        _check_actions(keymap, bound)
    if settings.theme and settings.theme not in app.available_themes:
        names = ", ".join(sorted(app.available_themes))
        raise UsageError(f"theme: there is no theme {settings.theme!r}", f"The themes are {names}")
    app.set_keymap(keymap)
    if settings.theme:
        app.theme = settings.theme


def _check_actions(names: Iterable[str], bound: Iterable[type]) -> None:
    bindings = [Binding.make_bindings(kind.__dict__.get("BINDINGS", ())) for kind in bound]
    known = {binding.id for binding in chain.from_iterable(bindings) if binding.id}
    for name in names:
        if name not in known:
            raise UsageError(
                f"keys: there is no action {name!r}", f"The actions are {', '.join(sorted(known))}; {ABOUT}"
            )
