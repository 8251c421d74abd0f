"""The loop: observe, decide, guard, act, record. Reads as its own diagram.

    reset ─▶ observe ─▶ wall? ─▶ decide ─▶ guard ─▶ begin_step ─▶ act ─▶ finish_step ─▶ observe …
                          └─ person ─┘        └─ refused ─┘
    The person may take the wheel before a decision, and put another action in its place after it.

Each step is committed before its action is performed and again before the next begins, so that a session killed at
any moment leaves a log without a gap, and an action whose result is unknown is never repeated.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from agent.events import Listener, ignore
from agent.guard import Consequence, Guard, Verdict
from agent.journal import Journal, Recorder
from agent.prompt import Transcript
from agent.stop import StopReason
from agent.takeover import Wheel
from agent.types import Decision, Policy
from agent.walls import Wall, WallKind, find_wall
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, AppUnreachable
from browser.types import Environment, Observation, StepResult

SAME_STEP_LIMIT = 3
"""How often the same action may meet the same page before it is a loop; a person who sees what they do is not held to it."""
MAX_REFUSALS = 2
"""How many refused actions a session survives before it ends as denied."""
MAX_BLOCKS = 2
"""How often in a row a site may turn the agent away before it stops knocking."""
MAX_HANDOVERS = 3
"""How many walls a person is asked to pass in one session."""
WHEEL_SECONDS = 0.02
"""How often it is looked, while the policy decides, whether the person takes over."""

Ask = Callable[[str], str | None]
"""Put a question to the person; None when nobody answers."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a session may cost."""

    steps: float = 40
    seconds: float = float("inf")
    tokens: float = float("inf")
    """Of all prompts and actions together."""
    repeats: float = SAME_STEP_LIMIT


@dataclass(slots=True)
class Session:
    """One task, from its first observation to a StopReason."""

    id: str
    task: str
    environment: Environment
    policy: Policy
    guard: Guard
    store: Recorder
    lessons: Sequence[str] = ()
    with_manual: bool = False
    answer_schema: str = ""
    """The JSON Schema of the answer, on one line; empty when any text will do."""
    budget: Budget = field(default_factory=Budget)
    ask: Ask = lambda _: None
    listen: Listener = ignore
    screenshot: Callable[[], bytes] | None = None
    actor: str = "agent"
    """Whose actions these are: `person` when the steps were written by one."""
    window: bool = False
    """Whether the person who answers can use the browser's window: walls are handed to them."""
    granted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The origins of each secret that the person granted, by its name. Values are the environment's."""
    wheel: Wheel | None = None
    """How the person takes over; None when nobody is there who could."""
    answer: str = ""
    tokens: int = 0
    """What all prompts and actions had together."""
    _handovers: int = 0
    _theirs: int = 0
    """How many steps the person did while they had the wheel."""
    _acted: Action = field(default_factory=lambda: Action(Verb.WAIT))
    """What was done last: the decided action, or the person's in its place."""
    _pool: ThreadPoolExecutor | None = None
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _refusals: int = 0

    def run(self) -> StopReason:
        """Work on the task until it ends. Always leaves an ended session in the store, whatever happens."""
        self._journal.tell("session_started", task=self.task, policy=self.policy.name, lessons=list(self.lessons))
        reason = StopReason.INTERRUPTED
        try:
            reason = self._work()
        except AppUnreachable as error:
            self.answer, reason = str(error), StopReason.UNREACHABLE
            raise
        except ApprenticeError as error:
            self.answer = str(error)
            raise
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
            self.store.end_session(self.id, reason, self.answer)
            self._journal.tell("session_ended", stop_reason=reason.value, answer=self.answer)
        return reason

    def _work(self) -> StopReason:
        self.guard.begin(self.task, self.lessons, by_person=self.actor == "person")
        page = self.environment.reset()
        transcript = Transcript(self.task, self.lessons, self.with_manual, self.answer_schema, self.granted)
        transcript.start(page)
        deadline = time.monotonic() + self.budget.seconds
        for count in itertools.count():
            if count >= self.budget.steps or time.monotonic() > deadline or self.tokens >= self.budget.tokens:
                break
            passed = self._pass_walls(page)
            if passed is None:
                return StopReason.BLOCKED
            if passed is not page:
                page = passed
                transcript.start(page)
            self._journal.observed(count + self._theirs, page)
            while (decision := self._decide(transcript, page)) is None:
                begun = time.monotonic()
                page = self._follow_person(transcript, page, count)
                deadline += time.monotonic() - begun
                self._journal.observed(count + self._theirs, page)
            self.tokens += decision.prompt_tokens + decision.new_tokens
            result, stop = self._step(count + self._theirs, decision, page)
            if stop:
                return stop
            transcript.advance(self._acted, result)
            page = result.observation
        return StopReason.BUDGET

    def _pass_walls(self, page: Observation) -> Observation | None:
        """Return the page to work on: this one, or what the person left when they passed a wall; None when nobody did."""
        while (wall := self._wall(page)) and not self._is_taken:
            self._journal.tell("wall", wall=wall.kind.value, reason=wall.reason, url=page.url)
            if not self._hand_over(wall):
                self.answer = wall.reason
                return None
            page = self.environment.step(Action(Verb.WAIT)).observation
        return page

    def _wall(self, page: Observation) -> Wall | None:
        """Return what stands in the way: a login, a CAPTCHA, or a site that turned the agent away twice in a row."""
        if len(page.blocks) >= MAX_BLOCKS:
            return Wall(WallKind.BLOCK, page.blocks[-1])
        wall = None if self.actor == "person" else find_wall(page, self.task, self.lessons)
        may_sign_in = any(page.origin in origins for origins in self.granted.values())
        return None if wall and wall.kind is WallKind.LOGIN and may_sign_in else wall

    def _hand_over(self, wall: Wall) -> bool:
        """Let the person pass a wall in the browser's window; False when nobody does. Nothing is recorded meanwhile."""
        self._handovers += 1
        if not self.window or self._handovers > MAX_HANDOVERS:
            return False
        question = f"{wall.reason}. Please go past it in the browser's window, then answer here"
        self._journal.tell("question", text=question)
        return self.ask(question) is not None or self._is_taken

    def hand_over(self, reason: str) -> bool:
        """Give the wheel to the person before the next decision, and tell them why. False when nobody is there to take it."""
        if self.wheel is not None:
            self.wheel.take(reason)
        return self.wheel is not None

    def _decide(self, transcript: Transcript, page: Observation) -> Decision | None:
        """Ask the policy; None when the person takes over before it has decided. What it then says is thrown away."""
        if self.wheel is None:
            return self.policy.decide(transcript.prompt(), page)
        if self.wheel.taken:
            return None
        self._pool = self._pool or ThreadPoolExecutor(1, "policy")
        decided = self._pool.submit(self.policy.decide, transcript.prompt(), page)
        while not wait((decided,), WHEEL_SECONDS).done:
            if self.wheel.taken:
                return None
        return None if self.wheel.taken else decided.result()

    def _follow_person(self, transcript: Transcript, page: Observation, count: int) -> Observation:
        """Record what the person does until they hand back, as theirs and without pictures. Return the page that is there then."""
        wheel = self.wheel
        assert wheel is not None, "somebody took it"
        first = self._theirs

        def tell(kind: str, **fields: object) -> None:
            self._journal.tell(kind, step=count + self._theirs, **fields)

        for before, action, result in wheel.follow(lambda: tell("take_over", reason=wheel.reason)):
            verdict = Verdict(allowed=True, consequence=Consequence.CHANGE, reason="the person did it", by="person")
            self._journal.begin(count + self._theirs, before, action, verdict, "person", Decision(action))
            self._journal.finish(count + self._theirs, result, 0.0)
            transcript.advance(action, result)
            page = result.observation
            self._theirs += 1
        tell("handed_back", steps=self._theirs - first)
        return page

    def _step(self, step_no: int, decision: Decision, page: Observation) -> tuple[StepResult, StopReason | None]:
        """Guard, record, perform, record. Return the result and, when the session is over, why."""
        verdict, actor, action = self.guard.judge(decision.action, page), self.actor, decision.action
        if self.wheel is not None and (correction := self.wheel.correction(page)) is not None:
            reason = f"the person put it in the place of {action.render(with_ref=False)}"
            verdict = Verdict(allowed=True, consequence=verdict.consequence, reason=reason, by="person")
            actor, action = "person", correction
        self._acted = action
        self._journal.begin(step_no, page, action, verdict, actor, decision)
        started = time.perf_counter()
        result, stop = self._perform(action, verdict, page)
        acted_ms = (time.perf_counter() - started) * 1e3
        if decision.note:
            result = replace(result, note="; ".join(filter(None, (decision.note, result.note))))
        picture = self.screenshot() if self.screenshot and not self._is_taken else None
        self._journal.finish(step_no, result, acted_ms, picture, self._with_dialogs(verdict))
        return result, stop or self._loops(action, page)

    @property
    def _journal(self) -> Journal:
        return Journal(self.id, self.store, self.listen)

    @property
    def _is_taken(self) -> bool:
        return self.wheel is not None and self.wheel.taken

    def _with_dialogs(self, verdict: Verdict) -> dict[str, object] | None:
        """Add what was decided about the dialogs that the action raised, and tell it; None when there were none."""
        dialogs = self.guard.take_dialogs()
        for dialog in dialogs:
            self._journal.tell("dialog", verdict=dialog.to_json())
        return {**verdict.to_json(), "dialogs": [dialog.to_json() for dialog in dialogs]} if dialogs else None

    def _perform(self, action: Action, verdict: Verdict, page: Observation) -> tuple[StepResult, StopReason | None]:
        if action.verb is Verb.DONE:
            self.answer = action.text
            return StepResult(page), StopReason.DONE
        if action.verb is Verb.FAIL:
            self.answer = action.text
            return StepResult(page), StopReason.FAILED
        if action.verb is Verb.ASK:
            self._journal.tell("question", text=action.text)
            reply = self.ask(action.text)
            if reply is None and self._is_taken:
                return StepResult(page, note="the person takes over"), None
            if reply is None and self.wheel is not None and self.wheel.corrects:
                return StepResult(page, note="the person says what is to be done"), None
            if reply is None:
                self.answer = action.text
                return StepResult(page), StopReason.ASKED
            self.guard.heard(reply)
            return StepResult(page, note=f"the person answers: {reply}"), None
        if not verdict.allowed:
            self._refusals += 1
            self.answer = verdict.reason
            over = not self._is_taken and (verdict.by == "nobody" or self._refusals >= MAX_REFUSALS)
            return StepResult(
                page, ok=False, note=f"not allowed: {verdict.reason}"
            ), StopReason.DENIED if over else None
        result = self.environment.step(action)
        if result.unknown and verdict.consequence is not Consequence.READ:
            return self._ask_whether_done(action, result)
        return result, None

    def _ask_whether_done(self, action: Action, result: StepResult) -> tuple[StepResult, StopReason | None]:
        """Have the person look before the work goes on: what may have been done once must not be done twice."""
        question = f"The browser was lost during {action.render(with_ref=False)}. Look whether it was done: what now?"
        self._journal.tell("question", text=question)
        reply = self.ask(question)
        if reply is None:
            self.answer = f"The browser was lost during {action.render(with_ref=False)}: whether it was done is unknown"
            return result, StopReason.ASKED
        return replace(result, note=f"{result.note}; the person answers: {reply}"), None

    def _loops(self, action: Action, page: Observation) -> StopReason | None:
        """Notice the same action on the same page, again and again."""
        key = (action.render(), page.render())
        self._seen[key] += 1
        return StopReason.LOOP if self._seen[key] >= self.budget.repeats else None
