"""The journal of a session: each step is committed before it is performed and again when it is done, and told to whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.events import Listener, event
from agent.guard import Verdict
from agent.types import Decision
from browser.actions import Action
from browser.types import Observation, StepResult


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
class Journal:
    """Writes and tells what happens in one session."""

    session_id: str
    store: Recorder
    listen: Listener

    def tell(self, kind: str, **fields: object) -> None:
        """Tell an event of the session."""
        self.listen(event(kind, session=self.session_id, **fields))

    def observed(self, step_no: int, page: Observation) -> None:
        """Tell what the page shows."""
        lines = [line.render() for line in page.lines]
        self.tell("observed", step=step_no, url=page.url, title=page.title, lines=lines)

    def begin(
        self, step_no: int, page: Observation, action: Action, verdict: Verdict, actor: str, decision: Decision
    ) -> None:
        """Tell and record what is about to be done."""
        self.tell(
            "decided",
            step=step_no,
            action=action.render(),
            actor=actor,
            verdict=verdict.to_json(),
            confidence=round(decision.confidence, 3),
            took_ms=round(decision.took_ms),
        )
        self.store.begin_step(
            self.session_id,
            step_no,
            page,
            action,
            actor=actor,
            guard=verdict.to_json(),
            decided_ms=decision.took_ms,
            prompt_tokens=decision.prompt_tokens,
            new_tokens=decision.new_tokens,
        )

    def finish(
        self,
        step_no: int,
        result: StepResult,
        acted_ms: float,
        picture: bytes | None = None,
        guard: dict[str, object] | None = None,
    ) -> None:
        """Record and tell what came of it."""
        self.store.finish_step(self.session_id, step_no, result, acted_ms=acted_ms, screenshot=picture, guard=guard)
        self.tell(
            "stepped",
            step=step_no,
            ok=result.ok,
            note=result.note,
            url=result.observation.url,
            acted_ms=round(acted_ms),
        )
