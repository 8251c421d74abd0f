"""One episode in the real BrowserGym, run by the Python of its own environment. Prints what came of it as JSON.

PYTHONPATH=. PYTHON_OF_BROWSERGYM tests/agent/browsergym/episode.py [BROWSER]
"""

from __future__ import annotations

import json
import sys
from typing import Any

import browsergym.core  # noqa: F401 - registers the environments
import gymnasium
from browsergym.core.action.highlevel import HighLevelActionSet

from agent.browsergym.agent import ApprenticeAgent
from agent.browsergym.calls import SUBSETS
from agent.browsergym.environment import GymEnvironment
from agent.policy.scripted import ScriptedPolicy
from browser.actions import Action, Verb
from tests.shared_bills import serving

STEPS = ['type "What" "Lunch"', 'select "Payer" "Chris"', 'type "PIN" "tiger-77"', 'click "Shared"', 'click "Save"']


def make(url: str, browser: str) -> Any:
    chromium = {"executable_path": browser} if browser else {}
    return gymnasium.make(
        "browsergym/openended",
        task_kwargs={"start_url": url, "goal": "add Lunch"},
        action_mapping=HighLevelActionSet(subsets=list(SUBSETS), multiaction=False).to_python_code,
        pw_chromium_kwargs=chromium,
        disable_env_checker=True,
    )


def main(browser: str) -> None:
    with serving(("Museum", "20", "Bea")) as bills:
        ours = GymEnvironment(make(bills.url, browser), seed=1)
        page, policy = ours.reset(), ScriptedPolicy(STEPS)
        results = [ours.step(policy.decide_on(ours._page or page)) for _ in STEPS]
        missing = ours.step(Action(Verb.CLICK, "Nowhere", 9999))
        ours.tell(Action(Verb.DONE, text="it is in"))
        ours.close()
        first = [row["what"] for row in bills.rows]

        env = make(bills.url, browser)
        agent = ApprenticeAgent(ScriptedPolicy([step.replace("Lunch", "Tea") for step in STEPS]))
        obs, _ = env.reset(seed=1)
        calls = []
        for _ in range(len(STEPS) + 1):
            call, _info = agent.get_action(agent.obs_preprocessor(obs))
            calls.append(call)
            obs = env.step(call)[0]
        env.close()
        said = {
            "goal": ours.goal,
            "ok": [result.ok for result in results],
            "missing": [missing.ok, missing.note],
            "after_ours": first,
            "calls": calls,
            "rows": bills.rows,
        }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
