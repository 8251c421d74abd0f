"""Our policy, given BrowserGym's observations one after the other: the part of the agent that needs no BrowserGym."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.browsergym.calls import call_of
from agent.browsergym.pages import Ids, goal_of, page_of
from agent.prompt import Transcript
from agent.types import Decision, Policy
from browser.types import StepResult


@dataclass(slots=True)
class Hand:
    """Decides on observation after observation; an observation without a last action begins an episode."""

    policy: Policy
    lessons: Sequence[str] = ()
    with_manual: bool = False
    _ids: Ids = field(default_factory=Ids)
    _transcript: Transcript | None = None
    _last: Decision | None = None

    def decide(self, obs: Mapping[str, Any]) -> tuple[str, Decision]:
        """Return BrowserGym's call for the next action, and the decision behind it."""
        if not obs.get("last_action"):
            self._transcript, self._last, self._ids = None, None, Ids()
        page = page_of(obs, self._ids)
        if self._transcript is None or self._last is None:
            self._transcript = Transcript(goal_of(obs), self.lessons, self.with_manual)
            self._transcript.start(page)
        else:
            error = " ".join(str(obs.get("last_action_error") or "").split())[:200]
            self._transcript.advance(self._last.action, StepResult(page, ok=not error, note=error))
        self._last = self.policy.decide(self._transcript.prompt(), page)
        return call_of(self._last.action, page, self._ids), self._last
