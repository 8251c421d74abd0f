"""The ground on which arms are compared: one app, one store, the same variants in the same order, judged from outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agent.guard import Guard
from agent.lessons.text import demonstration_text
from agent.loop import Budget, Session
from agent.policy.scripted import ScriptedPolicy
from agent.stop import StopReason
from agent.store import LessonRow, Store
from agent.types import Policy
from bench.checks import Judge, look_up
from bench.definitions import SkillSpec
from bench.servers import AppServer
from browser.actions import parse
from browser.environment import LiveEnvironment
from browser.errors import ApprenticeError
from tui.commands.teach import teach_steps

EXTRA_STEPS = 4
"""Steps an episode may take beyond those that were taught."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One live attempt, as judged by the app's own data."""

    app: str
    skill: str
    arm: str
    seed: int
    task: str
    success: bool
    stop_reason: str
    answer: str
    steps: int
    prompt_tokens: float
    """Mean length of the prompt at a step."""
    fed_tokens: float
    """Mean number of prompt tokens that had to be computed at a step."""
    decide_seconds: float
    """Mean time of a decision."""
    session_id: str

    def to_json(self) -> dict[str, Any]:
        """Return the episode for `--json FILE`."""
        return asdict(self)


def logged_in(server: AppServer) -> dict[str, Any]:
    """Log in by the steps of the app's definition; return cookies and local storage."""
    app = server.app
    with LiveEnvironment(server.url + app.login_start) as environment:
        page = environment.reset()
        policy = ScriptedPolicy(app.login_steps)
        for _ in app.login_steps:
            action = policy.decide_on(page)
            result = environment.step(action)
            if not result.ok:
                raise ApprenticeError(
                    f"the login of {app.name} failed: {result.note}", "Correct login.steps in its definition"
                )
            page = result.observation
        return environment.storage()


class Arena:
    """One running app with the bench's own store."""

    def __init__(self, server: AppServer, store: Store) -> None:
        self.server = server
        self.store = store
        self.cookies: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The name under which the app's lessons are kept."""
        return self.server.app.name

    def log_in(self) -> None:
        """Log in by the definition's steps and keep the cookies."""
        if self.server.app.login_steps:
            self.cookies = logged_in(self.server)

    def fresh(self, skills: Sequence[SkillSpec] = ()) -> None:
        """Bring the seeded state back, with what the tests of these skills need."""
        self.server.restore()
        for skill in skills:
            self.server.shell(skill.before_test, "before_test")
        self.log_in()

    def teach(self, skill: SkillSpec) -> str:
        """Let the person of the definition show the skill once; return the lesson's id."""
        task, actions = skill.demonstration()
        with self.browser(skill) as environment:
            return teach_steps(
                self.store,
                task,
                self.name,
                environment.url,
                self._guard(skill),
                actions,
                headless=True,
                environment=environment,
            )

    def attempt(
        self,
        policy: Policy,
        skill: SkillSpec,
        seed: int,
        arm: str,
        lessons: Sequence[LessonRow],
        environment: LiveEnvironment,
        **options: Any,
    ) -> Episode:
        """Let a policy do one variant in a browser, and judge it."""
        task, values = skill.variant(seed)
        values = {**self.server.values, **values}
        values |= {name: look_up(lookup, values) for name, lookup in skill.values.items()}
        judge = Judge(skill.check, values)
        url = self.server.url + skill.start
        session_id = self.store.begin_session(
            task, self.name, url, policy=policy.name, lesson_ids=[lesson.id for lesson in lessons]
        )
        counting = _Counting(policy)
        session = Session(
            session_id,
            task,
            environment,
            counting,
            self._guard(skill),
            self.store,
            [lesson.text for lesson in lessons],
            budget=Budget(len(skill.steps) + 1 + EXTRA_STEPS),
            **options,
        )
        reason = session.run()
        environment.leave()  # an app may save a moment later; whoever closes the browser waits for it, too
        success = judge.succeeded() and reason is StopReason.DONE
        self.store.add_outcome(session_id, success, "check", arm)
        count = max(1, counting.decisions)
        return Episode(
            self.name,
            skill.name,
            arm,
            seed,
            task,
            success,
            reason.value,
            session.answer,
            counting.decisions,
            counting.prompt_tokens / count,
            counting.fed_tokens / count,
            counting.seconds / count,
            session_id,
        )

    def browser(self, skill: SkillSpec) -> LiveEnvironment:
        """Return a browser that opens where a skill begins, logged in. It may serve several errands, as a person's does."""
        return LiveEnvironment(self.server.url + skill.start, storage_state=self.cookies)

    def _guard(self, skill: SkillSpec) -> Guard:
        return Guard.for_task(self.server.url, skill.approve)


class _Counting:
    """A policy that adds up what its decisions cost."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name = policy.name
        self.decisions = self.prompt_tokens = self.fed_tokens = 0
        self.seconds = 0.0

    def decide(self, prompt: Any, page: Any) -> Any:
        decision = self._policy.decide(prompt, page)
        self.decisions += 1
        self.prompt_tokens += decision.prompt_tokens
        self.fed_tokens += decision.fed_tokens
        self.seconds += decision.took_ms / 1e3
        return decision


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What an arm reached on a skill."""

    arm: str
    skill: str
    successes: int
    episodes: int
    low: float
    high: float
    prompt_tokens: float
    fed_tokens: float
    decide_seconds: float

    @property
    def rate(self) -> float:
        """The share of successes."""
        return self.successes / self.episodes


def summarise(episodes: Sequence[Episode]) -> list[ArmResult]:
    """Add up episodes by arm and skill, in the order in which they appear."""
    groups: dict[tuple[str, str], list[Episode]] = {}
    for episode in episodes:
        groups.setdefault((episode.arm, episode.skill), []).append(episode)
    return [_summary(arm, skill, group) for (arm, skill), group in groups.items()]


def _summary(arm: str, skill: str, group: Sequence[Episode]) -> ArmResult:
    wins, count = sum(episode.success for episode in group), len(group)
    low, high = wilson(wins, count)

    def mean(read: Callable[[Episode], float]) -> float:
        return sum(map(read, group)) / count

    return ArmResult(
        arm,
        skill,
        wins,
        count,
        low,
        high,
        mean(lambda e: e.prompt_tokens),
        mean(lambda e: e.fed_tokens),
        mean(lambda e: e.decide_seconds),
    )


def wilson(wins: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share (Wilson 1927)."""
    if count == 0:
        return 0.0, 1.0
    p = wins / count
    centre = p + z * z / (2 * count)
    spread = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def lesson_text(skill: SkillSpec) -> str:
    """Return what the prompt shows of a skill's demonstration."""
    task, actions = skill.demonstration()
    return demonstration_text(task, [*actions, parse("done")])
