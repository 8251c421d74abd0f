"""What may leave: a session's actions without what was typed into secret fields, there and wherever else it is repeated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.store import StepRow
from browser.actions import Action, Verb

SECRET = "<secret>"
"""Stands for what was typed into a secret field."""
_SHORTEST = 4
"""Shorter secrets are masked where they were typed and nowhere else: they would tear up ordinary words."""


@dataclass(frozen=True, slots=True)
class Mask:
    """The secrets of one session, longest first."""

    secrets: tuple[str, ...]

    @classmethod
    def of(cls, steps: Iterable[StepRow]) -> Mask:
        """Collect what the steps typed into fields that the page calls secret."""
        typed = {step.action.text for step in steps if is_secret(step)}
        return cls(tuple(sorted((text for text in typed if len(text) >= _SHORTEST), key=len, reverse=True)))

    def text(self, text: str) -> str:
        """Return the text without any of the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, SECRET)
        return text

    def action(self, step: StepRow) -> Action:
        """Return the step's action as it may leave."""
        if is_secret(step):
            return replace(step.action, text=SECRET)
        return replace(step.action, name=self.text(step.action.name), text=self.text(step.action.text))


def is_secret(step: StepRow) -> bool:
    """Whether the step typed into a secret field."""
    action = step.action
    if action.verb is not Verb.TYPE or action.ref is None:
        return False
    line = step.observation.find(action.ref)
    return line is not None and "secret" in line.states
