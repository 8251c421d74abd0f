"""The actions: their text form, and one documented function each.

The first docstring line of each function is what the manual in the prompt says of it. The functions act through `Hands`,
so that this module needs no browser; `browser.hands` implements it with Playwright.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from browser.types import quote, unquote


class Verb(StrEnum):
    """Everything an agent can do."""

    CLICK = "click"
    TYPE = "type"
    SELECT = "select"
    EXPAND = "expand"
    PRESS = "press"
    OPEN = "open"
    BACK = "back"
    SCROLL = "scroll"
    WAIT = "wait"
    FIND = "find"
    HOVER = "hover"
    DRAG = "drag"
    FORWARD = "forward"
    ASK = "ask"
    DONE = "done"
    FAIL = "fail"


ON_CONTROL = frozenset({Verb.CLICK, Verb.TYPE, Verb.SELECT, Verb.EXPAND, Verb.HOVER, Verb.DRAG})
"""Verbs that name a control of the page."""
ON_WORDS = frozenset({Verb.HOVER, Verb.DRAG})
"""Verbs that may name words of the page instead: then without a ref."""
_WITHOUT_TEXT = frozenset({Verb.CLICK, Verb.EXPAND, Verb.HOVER})
_ALONE = frozenset({Verb.BACK, Verb.FORWARD, Verb.WAIT})
WITHOUT_PAGE = frozenset({Verb.ASK, Verb.DONE, Verb.FAIL})
"""Verbs that do not touch the page: they speak to the person or end the session."""
KEYS = (
    "Enter",
    "Escape",
    "Tab",
    "ArrowDown",
    "ArrowUp",
    "ArrowLeft",
    "ArrowRight",
    "Backspace",
    "Delete",
    "Space",
    "PageDown",
    "PageUp",
)
"""What `press` accepts."""

SECRET_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
"""What a secret of the vault may be called: lower case, so that a name is written in one way only."""

TYPED_SECRET = "<secret>"
"""Stands for what a person typed into a secret field, which is never recorded."""

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_FORM = re.compile(
    rf"(?P<verb>[a-z]+)(?: (?P<first>{_STRING}))?(?: \[(?P<ref>\d+)\])?"
    rf"(?: (?P<second>{_STRING})| <secret:(?P<secret>{SECRET_NAME})>)?(?: (?P<word>up|down))?"
)


@dataclass(frozen=True, slots=True)
class Action:
    """One action, as data.

    `name` and `ref` say which control; `text` is what is typed, chosen, pressed, opened, found, asked or answered,
    the direction of a scroll, and where something is dragged. `secret` names what is typed from the vault: its value is no part
    of an action.
    """

    verb: Verb
    name: str = ""
    ref: int | None = None
    text: str = ""
    secret: str = ""

    def render(self, *, with_ref: bool = True) -> str:
        """Write the action on one line: `type "Amount" [7] "12.50"`. Lessons leave out the ref, which dies with the page."""
        parts: list[str] = [self.verb]
        if self.verb in ON_CONTROL:
            parts.append(quote(self.name))
            if with_ref and self.ref is not None:
                parts.append(f"[{self.ref}]")
            if self.secret:
                parts.append(f"<secret:{self.secret}>")
            elif self.verb not in _WITHOUT_TEXT:
                parts.append(quote(self.text))
        elif self.verb is Verb.SCROLL:
            parts.append(self.text)
        elif self.verb in _ALONE or (self.verb is Verb.DONE and not self.text):
            pass
        else:
            parts.append(quote(self.text))
        return " ".join(parts)

    def __str__(self) -> str:
        return self.render()


def parse(line: str) -> Action:
    """Invert `Action.render`. Raises ValueError with one sentence that says what is wrong."""
    match = _FORM.fullmatch(line.strip())
    if not match:
        raise ValueError(f"not an action: {line.strip()!r}")
    try:
        verb = Verb(match["verb"])
    except ValueError:
        raise ValueError(f"unknown action {match['verb']!r}; the actions are {', '.join(Verb)}") from None
    if verb in ON_CONTROL or match["secret"]:
        return _on_control(verb, match, line)
    first, word = match["first"], match["word"]
    if match["ref"] or match["second"] is not None:
        raise ValueError(f"{verb} names no control: {line.strip()!r}")
    if verb is Verb.SCROLL:
        if word is None or first is not None:
            raise ValueError(f"write it as scroll up or scroll down: {line.strip()!r}")
        return Action(verb, text=word)
    if (
        word
        or (first is None and verb not in _ALONE and verb is not Verb.DONE)
        or (first is not None and verb in _ALONE)
    ):
        raise ValueError(
            f'write it as {verb} "text", or {verb} alone for back, forward, wait and done: {line.strip()!r}'
        )
    text = unquote(first) if first else ""
    if verb is Verb.PRESS and text not in KEYS:
        raise ValueError(f"unknown key {text!r}; the keys are {', '.join(KEYS)}")
    return Action(verb, text=text)


def _on_control(verb: Verb, match: re.Match[str], line: str) -> Action:
    """Read an action on a control: what is typed or chosen is a text, or for `type` a secret by its name."""
    first, second, secret = match["first"], match["second"], match["secret"]
    has_secret, wants_text = secret is not None and verb is Verb.TYPE, verb not in _WITHOUT_TEXT
    if (
        first is None
        or match["word"]
        or (second is None) == (wants_text and not has_secret)
        or bool(secret) != has_secret
    ):
        form = f'{verb} "name" [ref]' + (' "text"' if wants_text else "")
        raise ValueError(f"write it as {form}: {line.strip()!r}")
    ref = int(match["ref"]) if match["ref"] else None
    return Action(verb, unquote(first), ref, unquote(second) if second else "", secret or "")


class ActionFailed(Exception):
    """The page did not let the action happen. The message is one line that the policy reads."""


class Hands(Protocol):
    """What the actions need of a browser. Every method waits for its target and raises ActionFailed when it cannot act."""

    def click(self, ref: int) -> None:
        """Press the left mouse button on the control."""
        ...

    def fill(self, ref: int, text: str) -> None:
        """Replace what the field holds by this text."""
        ...

    def fill_secret(self, ref: int, secret: str) -> None:
        """Replace what a secret field holds by the vault's value of this name."""
        ...

    def choose(self, ref: int, option: str) -> None:
        """Choose the option with this label."""
        ...

    def expand(self, ref: int) -> None:
        """Show the next part of a long run of alike things."""
        ...

    def press(self, key: str) -> None:
        """Press and release one key on what has the focus."""
        ...

    def open(self, url: str) -> None:
        """Go to an address, absolute or relative to the page."""
        ...

    def back(self) -> None:
        """Go one page back; in a tab without history, close it."""
        ...

    def scroll(self, direction: str) -> None:
        """Move the page, or what scrolls inside it, by most of a screen."""
        ...

    def wait(self) -> None:
        """Wait until the page changes, at most five seconds."""
        ...

    def find(self, text: str) -> None:
        """Bring the first place with these words into view."""
        ...

    def hover(self, ref: int | None, name: str) -> None:
        """Leave the mouse over a control, or without a ref over words of the page."""
        ...

    def drag(self, ref: int | None, name: str, target: str) -> None:
        """Drag a control, or without a ref what has these words, to the control or words that are called so."""
        ...

    def forward(self) -> None:
        """Undo going back."""
        ...


def click(hands: Hands, action: Action) -> None:
    """`click "name" [ref]` press a button, link, box, tab or menu entry"""
    hands.click(_target(action))


def type_(hands: Hands, action: Action) -> None:
    """`type "name" [ref] "text"` replace what a field holds; dates as 2026-03-01"""
    if action.secret:
        hands.fill_secret(_target(action), action.secret)
    else:
        hands.fill(_target(action), action.text)


def select(hands: Hands, action: Action) -> None:
    """`select "name" [ref] "option"` choose one of the options that the line lists"""
    hands.choose(_target(action), action.text)


def expand(hands: Hands, action: Action) -> None:
    """`expand "name" [ref]` show more of a long list, on a line that begins with more"""
    hands.expand(_target(action))


def press(hands: Hands, action: Action) -> None:
    """`press "Enter"` press a key"""
    hands.press(action.text)


def open_(hands: Hands, action: Action) -> None:
    """`open "address"` go to an address"""
    hands.open(action.text)


def back(hands: Hands, action: Action) -> None:
    """`back` return to the page before"""
    hands.back()


def scroll(hands: Hands, action: Action) -> None:
    """`scroll down` or `scroll up` see more of a long page"""
    hands.scroll(action.text)


def wait(hands: Hands, action: Action) -> None:
    """`wait` let a slow page finish"""
    hands.wait()


def find(hands: Hands, action: Action) -> None:
    """`find "text"` bring words of a long page into view"""
    hands.find(action.text)


def hover(hands: Hands, action: Action) -> None:
    """`hover "name" [ref]` leave the mouse over something that shows more then; over words without [ref]"""
    hands.hover(action.ref, action.name)


def drag(hands: Hands, action: Action) -> None:
    """`drag "name" [ref] "where"` drag something to what is called so; words without [ref]"""
    hands.drag(action.ref, action.name, action.text)


def forward(hands: Hands, action: Action) -> None:
    """`forward` undo back"""
    hands.forward()


def ask(hands: Hands, action: Action) -> None:
    """`ask "question"` ask the person when something is missing"""


def done(hands: Hands, action: Action) -> None:
    """`done` or `done "answer"` the task is finished"""


def fail(hands: Hands, action: Action) -> None:
    """`fail "reason"` the task cannot be done"""


PERFORM: dict[Verb, Callable[[Hands, Action], None]] = {
    Verb.CLICK: click,
    Verb.TYPE: type_,
    Verb.SELECT: select,
    Verb.EXPAND: expand,
    Verb.PRESS: press,
    Verb.OPEN: open_,
    Verb.BACK: back,
    Verb.SCROLL: scroll,
    Verb.WAIT: wait,
    Verb.FIND: find,
    Verb.HOVER: hover,
    Verb.DRAG: drag,
    Verb.FORWARD: forward,
    Verb.ASK: ask,
    Verb.DONE: done,
    Verb.FAIL: fail,
}


def manual() -> str:
    """Describe every action, one a line, for a model that was not trained on them."""
    return "\n".join((function.__doc__ or "").split("\n")[0].replace("`", "") for function in PERFORM.values())


def _target(action: Action) -> int:
    if action.ref is None:
        raise ActionFailed(f"{quote(action.name)} has no ref: it is not on this page")
    return action.ref
