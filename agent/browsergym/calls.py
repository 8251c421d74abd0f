"""Our actions as the calls of BrowserGym's high-level action set (subsets chat, infeas, bid, nav, coord)."""

from __future__ import annotations

from urllib.parse import urljoin

from agent.browsergym.pages import Ids
from browser.actions import Action, Verb
from browser.types import Observation

SUBSETS = ("chat", "infeas", "bid", "nav", "coord")
SCREEN = 600
"""Pixels of a scroll."""


_ALONE = {Verb.BACK: "go_back()", Verb.FORWARD: "go_forward()"}
NOTHING = "noop(1000)"


def call_of(action: Action, page: Observation, ids: Ids) -> str:
    """Write the call that does an action. `find`, `expand` and what is done to words have no such call."""
    if action.ref is not None:
        return _on_element(action, page, ids, ids.bid(action.ref))
    match action.verb:
        case Verb.PRESS:
            return f"keyboard_press({action.text!r})"
        case Verb.OPEN:
            return f"goto({urljoin(page.url, action.text)!r})"
        case Verb.SCROLL:
            return f"scroll(0, {SCREEN if action.text == 'down' else -SCREEN})"
        case Verb.ASK | Verb.DONE:
            return f"send_msg_to_user({action.text or 'done'!r})"
        case Verb.FAIL:
            return f"report_infeasible({action.text!r})"
        case _:
            return _ALONE.get(action.verb, NOTHING)


def _on_element(action: Action, page: Observation, ids: Ids, bid: str) -> str:
    match action.verb:
        case Verb.CLICK | Verb.HOVER:
            return f"{action.verb}({bid!r})"
        case Verb.TYPE:
            return f"fill({bid!r}, {action.text!r})"
        case Verb.SELECT:
            return f"select_option({bid!r}, {action.text!r})"
        case Verb.DRAG:
            to = next((line.ref for line in page.lines if line.name == action.text and line.ref is not None), None)
            return NOTHING if to is None else f"drag_and_drop({bid!r}, {ids.bid(to)!r})"
        case _:
            return NOTHING
