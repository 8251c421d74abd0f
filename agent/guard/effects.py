"""Where an action leads, what Enter would press, and what pressing a control would do, in words for the person."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from browser.actions import Action, Verb
from browser.types import Line, Observation, Target, quote

MAX_EFFECT = 400
"""Characters of an effect that are shown; the rest is cut, and said to be."""
_FIELDS = frozenset(
    {"textbox", "searchbox", "combobox", "listbox", "spinbutton", "slider", "checkbox", "radio", "file"}
)


def target_of(action: Action, page: Observation) -> Target | None:
    """Return where the action's request would go, as far as the page tells."""
    if action.verb is Verb.OPEN:
        return Target("link", _absolute(page.url, "".join(char for char in action.text if char > " ")))
    if action.ref is not None:
        return page.targets.get(action.ref)
    if is_press(action):
        focused = page.focus if page.focus is not None and page.find(page.focus) else 0
        return page.targets.get(focused)
    return None


def asks_server(target: Target) -> bool:
    """Whether pressing the control asks a server for something; a script's or a mail program's address does not."""
    return urlsplit(target.url).scheme in ("http", "https")


def is_press(action: Action) -> bool:
    """Whether the action presses what has the focus."""
    return action.verb is Verb.PRESS and action.text in ("Enter", "Space")


def is_search(target: Target | None) -> bool:
    """Whether a field belongs to a form that asks for a page and changes nothing."""
    return target is not None and target.method == "get"


def enter_on(action: Action, page: Observation) -> Line | None:
    """Return the control that Enter or Space would press: what has the focus, or the button of a field's form."""
    line = page.find(page.focus) if page.focus is not None else None
    target = page.targets.get(0 if line is None else line.ref or 0)
    if line is not None and line.role not in _FIELDS:
        return line
    if action.text == "Space" and line is not None:
        return None
    return Line("button", target.submit) if target is not None and target.method in ("get", "post") else None


def describe(action: Action, page: Observation) -> str:
    """Say where the action's form goes and what it carries; empty when the page does not tell."""
    ref = action.ref if action.ref is not None else page.focus
    target = page.targets.get(ref) if ref is not None else None
    if target is None or target.method not in ("get", "post"):
        return ""
    address = urlsplit(target.url)
    values = [
        f"{quote(line.name)} {quote(line.value) if line.value else _state(line)}"
        for line in page.lines
        if line.ref is not None and line.role in _FIELDS and _same_form(page.targets.get(line.ref), target)
    ]
    carried = f" with {', '.join(value for value in values)}" if values else ""
    text = f": sends a form to {address.scheme}://{address.netloc}{address.path}{carried}"
    return text if len(text) <= MAX_EFFECT else text[:MAX_EFFECT] + "… (cut)"


def _state(line: Line) -> str:
    return "(secret)" if "secret" in line.states else "checked" if "checked" in line.states else "(empty)"


def _same_form(one: Target | None, other: Target) -> bool:
    return one is not None and one.form == other.form


def _absolute(page: str, address: str) -> str:
    """Complete an address; one that is none leads nowhere."""
    try:
        urlsplit(urljoin(page, address)).port  # noqa: B018 - a port that is none shows only when it is read
        return urljoin(page, address)
    except ValueError:
        return ""
