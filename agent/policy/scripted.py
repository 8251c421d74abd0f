"""A policy that reads its actions from a list: replays, tests, and the expert hand of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import ON_CONTROL, ON_WORDS, Action, Verb, parse
from browser.healing import heal
from browser.types import Observation, quote

UNRECORDED = "<secret>"
"""What a recording holds in the place of a secret."""


class ScriptedPolicy:
    """Give the listed actions in order, then `done`.

    A control is found by name when the action carries no ref. With `pages`, those that the actions were recorded on, it is found
    again however the page has changed since, or the session ends with why not (`browser.healing`).
    """

    name = "scripted"

    def __init__(self, actions: Iterable[Action | str], pages: Sequence[Observation | None] = ()) -> None:
        self._actions = [parse(action) if isinstance(action, str) else action for action in actions]
        self._pages = pages
        self._next = 0

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Return the next action, whatever the prompt says."""
        return self._decide(page)

    def decide_on(self, page: Observation) -> Action:
        """Return the next action, its ref filled in from the page; `fail` when its control is not there."""
        return self._decide(page).action

    def _decide(self, page: Observation) -> Decision:
        if self._next >= len(self._actions):
            return Decision(Action(Verb.DONE))
        action = self._actions[self._next]
        recorded = self._pages[self._next] if self._next < len(self._pages) else None
        self._next += 1
        if action.verb not in ON_CONTROL or (action.verb in ON_WORDS and action.ref is None and recorded is not None):
            return Decision(action)
        if action.text == UNRECORDED:
            return Decision(
                Action(Verb.FAIL, text=f"what was typed into {quote(action.name)} was a secret and is not recorded")
            )
        if recorded is not None:
            return _healed(action, recorded, page)
        return Decision(action if action.ref is not None else _named(action, page))


def _healed(action: Action, recorded: Observation, page: Observation) -> Decision:
    """Find a recorded control again. What it is called by now is noted with the step."""
    healing = heal(action, recorded, page)
    if healing.line is None:
        return Decision(
            Action(Verb.FAIL, text=f"{quote(action.name)} was not found again: {healing.reason}"),
            confidence=healing.score,
        )
    changed = healing.line.name != action.name
    note = f"found again: {quote(action.name)} is now {quote(healing.line.name)}, {healing.reason}" if changed else ""
    return Decision(healing.apply(action), confidence=healing.score, note=note)


def _named(action: Action, page: Observation) -> Action:
    line = next(
        (
            line
            for line in page.lines
            if line.ref is not None and line.name == action.name and _takes(line.role, action.verb)
        ),
        None,
    )
    if line is None:
        return action if action.verb in ON_WORDS else Action(Verb.FAIL, text=f"{action.name} is not on this page")
    return replace(action, ref=line.ref)


def _takes(role: str, verb: Verb) -> bool:
    return verb in (Verb.CLICK, *ON_WORDS) or role in (
        "textbox",
        "searchbox",
        "combobox",
        "spinbutton",
        "slider",
        "listbox",
        "file",
    )
