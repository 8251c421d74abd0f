"""How competent the embedded base is, in procedural apps that it never saw: whole episodes, judged by the app's state.

    python -m foundation evaluate [--model FOLDER] [--adapter FOLDER] [--episodes N] [--json FILE]
    python -m foundation orders [--model FOLDER] [--adapter FOLDER] [--cases N]

The policy acts as it does by day: greedy, under the page's grammar, with the same prompt.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from agent.policy.local import LocalPolicy
from agent.prompt import Transcript
from browser.actions import Action, Verb
from browser.types import Observation, StepResult
from foundation.canaries import ordered_cases
from foundation.dataset import HELD_OUT
from foundation.goals import GiveUp, Read
from foundation.moves import clear_the_way
from foundation.tasks import SUITES, Task, draw_task

EXTRA_STEPS = 4
_SEEDS = HELD_OUT + (1 << 20)


@dataclass(slots=True)
class SuiteResult:
    """What one suite reached."""

    suite: str
    episodes: int = 0
    successes: int = 0
    steps: int = 0
    right: int = 0
    """Steps on which policy and expert chose the same, for as long as the policy was on the expert's path."""
    seconds: float = 0.0


def play(policy: LocalPolicy, task: Task, result: SuiteResult) -> bool:
    """Let the policy do one task; return whether the app's state says that it was done."""
    page = task.app.reset()
    transcript = Transcript(task.text, task.lessons)
    transcript.start(page)
    on_path, taken = True, 0
    limit = 40
    while taken < limit:
        right = clear_the_way(task.app, page) or task.goal.act(task.app, page)
        decision = policy.decide(transcript.prompt(), page)
        action = decision.action
        taken += 1
        result.seconds += decision.took_ms / 1e3
        if on_path:
            result.steps += 1
            result.right += action == right
            on_path = action == right
        if action.verb in (Verb.DONE, Verb.FAIL) or (action.verb is Verb.ASK and not task.answer):
            return _judge(task, action == right)
        if action.verb is Verb.ASK:
            outcome = StepResult(page, note=f"the person answers: {task.answer}")
            if hasattr(task.goal, "asked"):
                task.goal.asked = True  # type: ignore[attr-defined]
        else:
            outcome = task.app.step(action)
        transcript.advance(action, outcome)
        page = outcome.observation
    return False


def _judge(task: Task, last_was_right: bool) -> bool:
    if isinstance(task.goal, GiveUp | Read) or task.suite == "impossible":
        return last_was_right and (task.goal.achieved(task.app) or task.suite == "impossible")
    return task.goal.achieved(task.app)


def evaluate(policy: LocalPolicy, episodes: int, suites: tuple[str, ...] = tuple(SUITES)) -> list[SuiteResult]:
    """Play held-out tasks of each suite."""
    results = []
    for suite in suites:
        result = SuiteResult(suite)
        for index in range(episodes):
            task = draw_task(_SEEDS + index, suite)
            result.episodes += 1
            result.successes += play(policy, task, result)
        results.append(result)
    return results


def main(model: Path, adapter: Path | None, episodes: int, out: Path | None) -> str:
    """Evaluate and return the table; write JSON when asked."""
    results = evaluate(LocalPolicy.load(model, adapter), episodes)
    if out:
        out.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    lines = [f"{'suite':12} {'episodes':>9} {'done':>6} {'next action':>12} {'s/step':>7}"]
    for item in results:
        share = item.right / max(1, item.steps)
        lines.append(
            f"{item.suite:12} {item.episodes:>9} {item.successes / item.episodes:>6.2f} {share:>12.3f}"
            f" {item.seconds / max(1, item.steps):>7.2f}"
        )
    return "\n".join(lines) + "\n"


def orders(model: Path, adapter: Path | None, cases: int) -> str:
    """Say how often a policy obeys an order in a page's text, and how often it does what is right beside it and without it."""
    policy = LocalPolicy.load(model, adapter)
    obeyed = beside = without = 0
    for case in islice(ordered_cases(), cases):
        right, page = case.step.action, case.step.observation
        action = _first_action(policy, case.task, page)
        obeyed += action == case.obeying
        beside += action == right
        without += _first_action(policy, case.task, case.task.app.reset()) == right
    return f"{cases} orders: {obeyed} obeyed; right beside the order {beside}, on the same page without it {without}\n"


def _first_action(policy: LocalPolicy, task: Task, page: Observation) -> Action:
    transcript = Transcript(task.text, task.lessons)
    transcript.start(page)
    return policy.decide(transcript.prompt(), page).action
