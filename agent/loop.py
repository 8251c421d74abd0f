"""The loop: observe, decide, guard, act, record. Reads as its own diagram.

    reset ─▶ observe ─▶ wall? ─▶ decide ─▶ guard ─▶ begin_step ─▶ act ─▶ finish_step ─▶ observe …
                          └─ person ─┘        └─ refused ─┘

Each step is committed before its action is performed and again before the next begins, so that a session killed at
any moment leaves a log without a gap, and an action whose result is unknown is never repeated.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from agent.events import Listener, event, ignore
from agent.guard import Consequence, Guard, Verdict
from agent.prompt import Transcript
from agent.stop import StopReason
from agent.types import Decision, Policy
from agent.walls import Wall, WallKind, find_wall
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, AppUnreachable
from browser.types import Environment, Observation, StepResult

SAME_STEP_LIMIT = 3
"""How often the same action may meet the same page before it is a loop."""
MAX_REFUSALS = 2
"""How many refused actions a session survives before it ends as denied."""
MAX_BLOCKS = 2
"""How often in a row a site may turn the agent away before it stops knocking."""
MAX_HANDOVERS = 3
"""How many walls a person is asked to pass in one session."""

Ask = Callable[[str], str | None]
"""Put a question to the person; None when nobody answers."""


class Recorder(Protocol):
    """The part of the store that the loop writes to."""

    def begin_step(
        self,
        session_id: str,
        step_no: int,
        observation: Observation,
        action: Action,
        *,
        actor: str,
        guard: dict[str, object] | None,
        decided_ms: float,
        prompt_tokens: int,
        new_tokens: int,
    ) -> None:
        """Commit what is about to be done."""
        ...

    def finish_step(
        self,
        session_id: str,
        step_no: int,
        result: StepResult,
        *,
        acted_ms: float,
        screenshot: bytes | None,
        guard: dict[str, object] | None = None,
    ) -> None:
        """Commit what came of it."""
        ...

    def end_session(self, session_id: str, stop_reason: str, answer: str) -> None:
        """Commit why the session ended."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """What a session may cost."""

    steps: int = 40
    seconds: float = float("inf")
    tokens: float = float("inf")
    """Of all prompts and actions together."""


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
    answer: str = ""
    tokens: int = 0
    """What all prompts and actions had together."""
    _handovers: int = 0
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _refusals: int = 0

    def run(self) -> StopReason:
        """Work on the task until it ends. Always leaves an ended session in the store, whatever happens."""
        self.listen(
            event(
                "session_started", session=self.id, task=self.task, policy=self.policy.name, lessons=list(self.lessons)
            )
        )
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
            self.store.end_session(self.id, reason, self.answer)
            self.listen(event("session_ended", session=self.id, stop_reason=reason.value, answer=self.answer))
        return reason

    def _work(self) -> StopReason:
        self.guard.begin(self.task, self.lessons, by_person=self.actor == "person")
        page = self.environment.reset()
        transcript = Transcript(self.task, self.lessons, self.with_manual, answer_schema=self.answer_schema)
        transcript.start(page)
        deadline = time.monotonic() + self.budget.seconds
        for step_no in range(self.budget.steps):
            if time.monotonic() > deadline or self.tokens >= self.budget.tokens:
                return StopReason.BUDGET
            passed = self._pass_walls(page)
            if passed is None:
                return StopReason.BLOCKED
            if passed is not page:
                page = passed
                transcript.start(page)
            self.listen(
                event(
                    "observed",
                    session=self.id,
                    step=step_no,
                    url=page.url,
                    title=page.title,
                    lines=[line.render() for line in page.lines],
                )
            )
            decision = self.policy.decide(transcript.prompt(), page)
            self.tokens += decision.prompt_tokens + decision.new_tokens
            result, stop = self._step(step_no, decision, page)
            if stop:
                return stop
            transcript.advance(decision.action, result)
            page = result.observation
        return StopReason.BUDGET

    def _pass_walls(self, page: Observation) -> Observation | None:
        """Return the page to work on: this one, or what the person left when they passed a wall; None when nobody did."""
        while wall := self._wall(page):
            self.listen(event("wall", session=self.id, wall=wall.kind.value, reason=wall.reason, url=page.url))
            if not self._hand_over(wall):
                self.answer = wall.reason
                return None
            page = self.environment.step(Action(Verb.WAIT)).observation
        return page

    def _wall(self, page: Observation) -> Wall | None:
        """Return what stands in the way: a login, a CAPTCHA, or a site that turned the agent away twice in a row."""
        if len(page.blocks) >= MAX_BLOCKS:
            return Wall(WallKind.BLOCK, page.blocks[-1])
        return None if self.actor == "person" else find_wall(page, self.task, self.lessons)

    def _hand_over(self, wall: Wall) -> bool:
        """Let the person pass a wall in the browser's window; False when nobody does. Nothing is recorded meanwhile."""
        self._handovers += 1
        if not self.window or self._handovers > MAX_HANDOVERS:
            return False
        question = f"{wall.reason}. Please go past it in the browser's window, then answer here"
        self.listen(event("question", session=self.id, text=question))
        return self.ask(question) is not None

    def _step(self, step_no: int, decision: Decision, page: Observation) -> tuple[StepResult, StopReason | None]:
        """Guard, record, perform, record. Return the result and, when the session is over, why."""
        action = decision.action
        verdict = self.guard.judge(action, page)
        self.listen(
            event(
                "decided",
                session=self.id,
                step=step_no,
                action=action.render(),
                verdict=verdict.to_json(),
                confidence=round(decision.confidence, 3),
                took_ms=round(decision.took_ms),
            )
        )
        self.store.begin_step(
            self.id,
            step_no,
            page,
            action,
            actor=self.actor,
            guard=verdict.to_json(),
            decided_ms=decision.took_ms,
            prompt_tokens=decision.prompt_tokens,
            new_tokens=decision.new_tokens,
        )
        started = time.perf_counter()
        result, stop = self._perform(action, verdict, page)
        acted_ms = (time.perf_counter() - started) * 1e3
        if decision.note:
            result = replace(result, note="; ".join(filter(None, (decision.note, result.note))))
        self.store.finish_step(
            self.id,
            step_no,
            result,
            acted_ms=acted_ms,
            screenshot=self.screenshot() if self.screenshot else None,
            guard=self._with_dialogs(verdict),
        )
        self.listen(
            event(
                "stepped",
                session=self.id,
                step=step_no,
                ok=result.ok,
                note=result.note,
                url=result.observation.url,
                acted_ms=round(acted_ms),
            )
        )
        return result, stop or self._loops(action, page)

    def _with_dialogs(self, verdict: Verdict) -> dict[str, object] | None:
        """Add what was decided about the dialogs that the action raised, and tell it; None when there were none."""
        dialogs = self.guard.take_dialogs()
        for dialog in dialogs:
            self.listen(event("dialog", session=self.id, verdict=dialog.to_json()))
        return {**verdict.to_json(), "dialogs": [dialog.to_json() for dialog in dialogs]} if dialogs else None

    def _perform(self, action: Action, verdict: Verdict, page: Observation) -> tuple[StepResult, StopReason | None]:
        if action.verb is Verb.DONE:
            self.answer = action.text
            return StepResult(page), StopReason.DONE
        if action.verb is Verb.FAIL:
            self.answer = action.text
            return StepResult(page), StopReason.FAILED
        if action.verb is Verb.ASK:
            self.listen(event("question", session=self.id, text=action.text))
            reply = self.ask(action.text)
            if reply is None:
                self.answer = action.text
                return StepResult(page), StopReason.ASKED
            self.guard.heard(reply)
            return StepResult(page, note=f"the person answers: {reply}"), None
        if not verdict.allowed:
            self._refusals += 1
            self.answer = verdict.reason
            over = verdict.by == "nobody" or self._refusals >= MAX_REFUSALS
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
        self.listen(event("question", session=self.id, text=question))
        reply = self.ask(question)
        if reply is None:
            self.answer = f"The browser was lost during {action.render(with_ref=False)}: whether it was done is unknown"
            return result, StopReason.ASKED
        return replace(result, note=f"{result.note}; the person answers: {reply}"), None

    def _loops(self, action: Action, page: Observation) -> StopReason | None:
        """Notice the same action on the same page, again and again."""
        key = (action.render(), page.render())
        self._seen[key] += 1
        return StopReason.LOOP if self._seen[key] >= SAME_STEP_LIMIT else None
