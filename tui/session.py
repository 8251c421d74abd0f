"""One session in a live browser, from the first look to its result: what `apprentice run` does once everything is chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.answer import Answer, AnswerSchema
from agent.events import Listener, event
from agent.guard import Guard
from agent.lessons.hindsight import learn_from
from agent.loop import Ask, Budget, Session
from agent.outcome_checks import PATIENCE, Checked, End, Expectation, note_of
from agent.secrets.taught import named
from agent.stop import StopReason
from agent.store import LessonRow, Store
from agent.takeover import Wheel
from agent.verdicts import Followed, judge
from browser.environment import LiveEnvironment
from browser.recorder import Recorder
from browser.types import Observation
from tui.output import note
from tui.person import Person
from tui.protection import Protection
from tui.wiring import Loaded

WHOLE_PAGE = 10_000
"""Lines of the last page that checks read: all of it, where the policy reads the part around what is visible."""
NOT_CHECKED = (StopReason.INTERRUPTED, StopReason.UNREACHABLE)
TASK_FAILED = 3


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task with everything that was asked for beside it."""

    task: str
    app: str
    url: str
    guard: Guard
    budget: Budget = field(default_factory=Budget)
    expectations: Sequence[Expectation] = ()
    schema: AnswerSchema | None = None


def work(
    store: Store,
    loaded: Loaded,
    assignment: Assignment,
    lessons: Sequence[LessonRow],
    environment: LiveEnvironment,
    *,
    ask: Ask,
    listen: Listener,
    screenshots: bool,
    window: bool,
    protection: Protection | None = None,
    person: Person | None = None,
) -> int:
    """Work on a task until it ends, check the outcome, tell the result; return the exit code.

    `window` says that whoever answers can also use the browser's window; `person` may take the wheel and hand it back.
    """
    session_id = store.begin_session(
        assignment.task,
        assignment.app,
        assignment.url,
        policy=loaded.policy.name,
        adapter_id=loaded.adapter_id,
        lesson_ids=[lesson.id for lesson in lessons],
    )
    started = time.monotonic()
    with environment:
        session = Session(
            session_id,
            assignment.task,
            environment,
            loaded.policy,
            assignment.guard,
            store,
            [lesson.text for lesson in lessons],
            loaded.with_manual,
            assignment.schema.text if assignment.schema else "",
            budget=assignment.budget,
            ask=ask,
            listen=listen,
            screenshot=environment.screenshot if screenshots else None,
            window=window,
            granted=protection.grant.places() if protection else {},
        )
        session.wheel = person.attend(_wheel(environment, protection)) if person else None
        if (wheel := session.wheel) is not None:
            environment.hurry(lambda: wheel.taken)
        reason = session.run()
        checks = _checked(assignment.expectations, reason, session.answer, environment)
    answer = _read(assignment.schema, reason, session.answer)
    if checks:
        followed = judge(store, session_id, all(check.passed for check in checks), "check", note_of(checks))
    else:
        followed = Followed(lesson_id=learn_from(store, session_id))
    for line in followed.said():
        note(line)
    missed = bool(answer.problem) or not all(check.passed for check in checks)
    exit_code = reason.exit_code or (TASK_FAILED if missed else 0)
    facts = {
        "answer": session.answer,
        "output": None if answer.problem else answer.value,
        "problem": answer.problem,
        "checks": [_record(check) for check in checks],
        "steps": store.session(session_id).steps,
        "tokens": session.tokens,
        "seconds": round(time.monotonic() - started, 3),
    }
    listen(event("result", session=session_id, stop_reason=reason.value, exit_code=exit_code, **facts))
    return exit_code


def _wheel(environment: LiveEnvironment, protection: Protection | None) -> Wheel:
    """Make the wheel of a session in this browser: what the person does there is followed, their secrets by name."""
    places = protection.places() if protection else {}
    return Wheel(lambda: Recorder(environment), lambda action, page: named(action, page, places))


def _checked(
    expectations: Sequence[Expectation], reason: StopReason, answer: str, environment: LiveEnvironment
) -> list[Checked]:
    """Check how a session ended, whatever the agent says of it; patiently only where it says that the task is done."""
    if reason in NOT_CHECKED:
        return []
    end = End(lambda: _whole_page(environment), answer)
    patience = PATIENCE if reason is StopReason.DONE else 0.0
    return [expectation.check(end, patience) for expectation in expectations]


def _whole_page(environment: LiveEnvironment) -> Observation:
    environment.cap = WHOLE_PAGE
    return environment.look()


def _read(schema: AnswerSchema | None, reason: StopReason, answer: str) -> Answer:
    return schema.read(answer) if schema is not None and reason is StopReason.DONE else Answer()


def _record(check: Checked) -> dict[str, Any]:
    return {"expect": check.expect, "passed": check.passed, "found": check.found}
