"""Our agent in BrowserGym's and AgentLab's experiments. Needs `browsergym-experiments`; import it where that is installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browsergym.core.action.highlevel import HighLevelActionSet  # pyright: ignore[reportMissingImports]
from browsergym.experiments import AbstractAgentArgs, Agent  # pyright: ignore[reportMissingImports]

from agent.browsergym.calls import SUBSETS
from agent.browsergym.hand import Hand
from agent.types import Policy


class ApprenticeAgent(Agent):
    """Acts by one of our policies."""

    def __init__(self, policy: Policy, lessons: tuple[str, ...] = (), *, with_manual: bool = False) -> None:
        self.action_set = HighLevelActionSet(subsets=list(SUBSETS), multiaction=False)
        self._hand = Hand(policy, lessons, with_manual)

    def obs_preprocessor(self, obs: dict[str, Any]) -> dict[str, Any]:
        """Leave out what is neither read nor worth recording."""
        return {key: value for key, value in obs.items() if key not in ("dom_object", "screenshot")}

    def get_action(self, obs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the next call, and what it cost."""
        call, decision = self._hand.decide(obs)
        stats = {
            "prompt_tokens": decision.prompt_tokens,
            "new_tokens": decision.new_tokens,
            "confidence": decision.confidence,
        }
        return call, {"think": decision.action.render(), "stats": stats}


@dataclass
class ApprenticeAgentArgs(AbstractAgentArgs):
    """What BrowserGym's experiments start: a model behind an address, or one in a folder with an adapter."""

    model: str = ""
    """Address of an OpenAI-compatible server, or folder of a base model (needs torch and transformers)."""
    adapter: str = ""
    """Folder of an adapter, with a base model of this machine."""
    lessons: tuple[str, ...] = ()
    with_manual: bool = True
    """False for the embedded base, which was trained on the actions."""

    def make_agent(self) -> ApprenticeAgent:
        """Load or connect to the model."""
        if self.model.startswith(("http://", "https://")):
            from agent.policy.served import ServedPolicy

            policy: Policy = ServedPolicy.connect(self.model)
        else:
            from agent.policy.local import LocalPolicy

            policy = LocalPolicy.load(Path(self.model), Path(self.adapter) if self.adapter else None)
        return ApprenticeAgent(policy, self.lessons, with_manual=self.with_manual)
