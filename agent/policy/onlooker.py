"""Who decides while a person teaches with their own hands: nobody. It watches, and says that it is done once they are."""

from __future__ import annotations

from collections.abc import Callable

from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import Action, Verb
from browser.types import Observation


class Onlooker:
    """Counts what the person did while they had the wheel; without anything there is nothing to learn, so it fails."""

    name = "person"

    def __init__(self, as_taught: Callable[[Action, Observation], Action]) -> None:
        """`as_taught` makes a lesson's step of what the person did, and keeps their secrets out of it."""
        self._as_taught = as_taught
        self._seen = 0

    def saw(self, action: Action, page: Observation) -> Action:
        """Return the step of the lesson for what the person did."""
        self._seen += 1
        return self._as_taught(action, page)

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """End the demonstration."""
        if self._seen:
            return Decision(Action(Verb.DONE))
        return Decision(Action(Verb.FAIL, text="nothing was done in the browser window"))
