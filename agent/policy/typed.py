"""A person's own hand where no browser window can be seen: each action is typed, checked against the page, and performed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.grammar import can_click, can_perform, can_select, can_type, can_type_secret
from agent.policy.offers import problem_with
from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import ON_CONTROL, ON_WORDS, Action, Verb, parse
from browser.types import Line, Observation, quote

NextStep = Callable[[int, Sequence[str], str], str | None]
"""Ask for the next action. It is told the step's number, from 0, what can be done, as far as it can be listed, and what was wrong
with the last answer; None when the person leaves.
"""
LEFT = "it was left before its end"


class TypedPolicy:
    """Ask until an answer can be done on the page as it is. `done` ends the demonstration; whoever leaves fails it."""

    name = "person"

    def __init__(self, next_step: NextStep) -> None:
        self._next_step = next_step
        self._steps = 0

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Return what the person types, whatever the prompt says."""
        offers, problem = offered(page, prompt.secrets), ""
        while True:
            said = self._next_step(self._steps, offers, problem)
            if said is None:
                return Decision(Action(Verb.FAIL, text=LEFT))
            try:
                action = read(said, page, prompt.secrets)
            except ValueError as error:
                problem = str(error)
                continue
            self._steps += 1
            return Decision(action)


def read(written: str, page: Observation, secrets: Sequence[str] = ()) -> Action:
    """Return the action that was typed, with its control's ref. Raises ValueError that says what is wrong with it here."""
    action = parse(written)
    if action.verb in (Verb.ASK, Verb.FAIL):
        raise ValueError(f"a demonstration is what you do yourself: {action.verb} is no part of it")
    if action.verb in ON_CONTROL and action.ref is None:
        fitting = [line for line in page.lines if can_perform(action, line)]
        if len(fitting) > 1:
            refs = " or ".join(f"[{line.ref}]" for line in fitting[:5])
            raise ValueError(f"{len(fitting)} controls are called {quote(action.name)}: write {refs} after the name")
        if fitting:
            action = replace(action, ref=fitting[0].ref)
        elif action.verb not in ON_WORDS:
            raise ValueError(_not_there(action, page))
    line = page.find(action.ref) if action.ref else None
    if action.verb is Verb.TYPE and not action.secret and line is not None and can_type_secret(line):
        raise ValueError(
            f"{quote(action.name)} takes a secret, which no lesson keeps: grant one with --secret, write <secret:NAME>"
        )
    if problem := problem_with(action, page, secrets=secrets):
        raise ValueError(problem)
    return action


def offered(page: Observation, secrets: Sequence[str] = ()) -> list[str]:
    """List what can be done with the page's controls, to be completed: a text stays open, a choice is written out."""
    found: list[str] = []
    for line in page.lines:
        target = _target(line, page)
        if can_type_secret(line):
            found += [f"type {target} <secret:{name}>" for name in secrets]
        elif can_type(line):
            found.append(f'type {target} "')
        elif can_select(line):
            found += [f"select {target} {quote(option)}" for option in line.options]
        elif can_click(line):
            found.append(f"click {target}")
    return [*dict.fromkeys(found), *map(str, (Verb.DONE, Verb.BACK, Verb.WAIT))]


def _target(line: Line, page: Observation) -> str:
    """Name a control, with its ref where its name is not enough."""
    alike = sum(1 for other in page.lines if other.ref is not None and other.name == line.name)
    return quote(line.name) + (f" [{line.ref}]" if alike > 1 else "")


def _not_there(action: Action, page: Observation) -> str:
    line = next((line for line in page.lines if line.name == action.name and line.ref is not None), None)
    if line is None:
        return f"{quote(action.name)} is not on this page"
    if line.options:
        return f"{quote(action.name)} takes one of {', '.join(map(quote, line.options[:8]))}"
    return f"{line.role} {quote(action.name)} takes no {action.verb} now"
