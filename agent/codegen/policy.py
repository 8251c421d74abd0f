"""A policy that does what a codegen program says, on the live page, so that the demonstration is recorded as any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.codegen.steps import CodegenStep
from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import Action, Verb
from browser.types import Line, Observation

LabelOf = Callable[[str, Sequence[str]], str | None]
"""Given the value of an option and the labels of a list, the label that has it on the page; None when none has."""


class CodegenPolicy:
    """Give the program's steps in order, then `done`; `fail` with the line's number when its control is not there."""

    name = "person"

    def __init__(self, steps: Sequence[CodegenStep], label_of: LabelOf) -> None:
        self._steps = list(steps)
        self._label_of = label_of
        self._answers: list[bool] = []

    def answer(self, kind: str, message: str) -> bool:
        """Answer the next dialog as the program does; one that it does not mention is dismissed."""
        return self._answers.pop(0) if self._answers else False

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Return the next action, whatever the prompt says."""
        while self._steps:
            step = self._steps.pop(0)
            action = self._action(step, page)
            if action is not None:
                return Decision(action)
        return Decision(Action(Verb.DONE))

    def _action(self, step: CodegenStep, page: Observation) -> Action | None:
        """Return what a step does on this page; None when there is nothing to do for it."""
        match step.deed:
            case "dialog":
                self._answers.append(step.text == "accept")
                return None
            case "goto":
                return Action(Verb.OPEN, text=step.text)
            case "go_back":
                return Action(Verb.BACK)
            case "go_forward":
                return Action(Verb.FORWARD)
            case "press" if step.target is None or self._has_focus(step, page):
                return Action(Verb.PRESS, text=step.text)
        found = step.target.find(page) if step.target else "no control is named"
        if isinstance(found, str):
            return Action(Verb.FAIL, text=f"line {step.line}: {found}")
        if step.deed == "press":
            self._steps.insert(0, CodegenStep(step.line, "press", None, step.text))
            return Action(Verb.CLICK, found.name, found.ref)
        return self._on_control(step, found)

    def _on_control(self, step: CodegenStep, line: Line) -> Action | None:
        match step.deed:
            case "fill":
                return Action(Verb.TYPE, line.name, line.ref, step.text)
            case "select_option":
                label = step.text if step.text in line.options else self._label_of(step.text, line.options)
                return Action(Verb.SELECT, line.name, line.ref, label or step.text)
            case "hover":
                return Action(Verb.HOVER, line.name, line.ref)
            case "check" | "uncheck" if ("checked" in line.states) == (step.deed == "check"):
                return None
            case _:
                return Action(Verb.CLICK, line.name, line.ref)

    def _has_focus(self, step: CodegenStep, page: Observation) -> bool:
        found = step.target.find(page) if step.target else None
        return isinstance(found, Line) and found.ref == page.focus
