"""A policy that reads its actions from a list: replays, tests, and the expert hand of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import ON_CONTROL, ON_WORDS, Action, Verb, parse
from browser.types import Observation


class ScriptedPolicy:
    """Give the listed actions in order, then `done`. A control is found by name when the action carries no ref."""

    name = "scripted"

    def __init__(self, actions: Iterable[Action | str]) -> None:
        self._actions = [parse(action) if isinstance(action, str) else action for action in actions]
        self._next = 0

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Return the next action, whatever the prompt says."""
        return Decision(self.decide_on(page))

    def decide_on(self, page: Observation) -> Action:
        """Return the next action, its ref filled in from the page; `fail` when its control is not there."""
        if self._next >= len(self._actions):
            return Action(Verb.DONE)
        action = self._actions[self._next]
        self._next += 1
        if action.verb in ON_CONTROL and action.ref is None:
            line = next(
                (
                    line
                    for line in page.lines
                    if line.ref is not None and line.name == action.name and _takes(line.role, action.verb)
                ),
                None,
            )
            if line is not None:
                return replace(action, ref=line.ref)
            if action.verb not in ON_WORDS:
                return Action(Verb.FAIL, text=f"{action.name} is not on this page")
        return action


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
