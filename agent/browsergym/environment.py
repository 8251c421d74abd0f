"""A BrowserGym environment as one of ours, so that the loop, the guard and the store work on its tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.browsergym.calls import call_of
from agent.browsergym.pages import Ids, goal_of, page_of
from browser.actions import Action
from browser.errors import UsageError
from browser.types import Observation, StepResult


@dataclass(slots=True)
class GymEnvironment:
    """Wraps what `gymnasium.make("browsergym/…")` returns. Its action set must have the subsets of `agent.browsergym.calls`."""

    env: Any
    seed: int | None = None
    goal: str = ""
    """The task in words, known after `reset`."""
    reward: float = 0.0
    """The sum of the rewards since `reset`."""
    over: bool = False
    """Whether the task has ended the episode."""
    _page: Observation | None = None
    _ids: Ids = field(default_factory=Ids)

    def reset(self) -> Observation:
        """Begin an episode."""
        self._ids, self.reward, self.over = Ids(), 0.0, False
        obs, _ = self.env.reset(seed=self.seed)
        self.goal = goal_of(obs)
        self._page = page_of(obs, self._ids)
        return self._page

    def step(self, action: Action) -> StepResult:
        """Do one action. After the episode's end nothing is done any more."""
        if self._page is None:
            raise UsageError("There is no page yet", "Call reset() first")
        if self.over:
            return StepResult(self._page, ok=False, note="the task has ended")
        obs, reward, terminated, truncated, _ = self.env.step(call_of(action, self._page, self._ids))
        self.reward += float(reward)
        self.over = bool(terminated or truncated)
        self._page = page_of(obs, self._ids)
        error = " ".join(str(obs.get("last_action_error") or "").split())[:200]
        return StepResult(self._page, ok=not error, note=error or ("the task has ended" if self.over else ""))

    def tell(self, action: Action) -> float:
        """Give the task the last word of a session, `done "…"` or `fail "…"`, which the loop keeps to itself; return the reward."""
        self.step(action)
        return self.reward

    def close(self) -> None:
        """Close the environment."""
        self._page = None
        self.env.close()
