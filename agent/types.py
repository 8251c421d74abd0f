"""The seams of the agent: what a Policy is and what it answers. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.prompt import Prompt
from browser.actions import Action
from browser.types import Observation


@dataclass(frozen=True, slots=True)
class Decision:
    """One action a policy chose, and what it cost."""

    action: Action
    took_ms: float = 0.0
    prompt_tokens: int = 0
    """Length of the whole prompt."""
    fed_tokens: int = 0
    """How many of them had to be computed: the rest was in the key-value cache."""
    new_tokens: int = 0
    """Tokens of the action, those forced by the grammar included."""
    confidence: float = 1.0
    """The lowest probability, under the grammar, of any token the policy was free to choose."""
    admitted: float = 1.0
    """The lowest share of the model's own probability that the grammar admitted: 1 when it needs no grammar."""
    note: str = ""
    """One line on how it was come to, kept with the step: that a recorded control is called something else by now."""


class Policy(Protocol):
    """Maps a prompt and the page it describes to an action."""

    name: str

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Choose the next action; it can be performed on `page`."""
        ...
