"""Rerun: perform a recorded session's actions again in the live app, without a model, and stop where the app is another one.

Other values can take the place of typed ones; they then stand in whatever the recording shows of them too, so that the page that
is expected is the page that these values lead to. A control is found again on the present page by a `Finder`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from agent.grammar import can_perform
from agent.lessons.said import replaced, says
from agent.prompt import Prompt
from agent.store.rows import StepRow
from agent.types import Decision
from browser.actions import ON_CONTROL, ON_WORDS, Action, Verb
from browser.errors import UsageError
from browser.types import Environment, Line, Observation, StepResult, quote

WRITES = (Verb.TYPE, Verb.SELECT, Verb.OPEN, Verb.FIND, Verb.DONE)
"""Verbs whose text is a value that may be another one the next time."""
CONTEXT = 2
"""Unchanged lines around a difference."""
UNRECORDED = "<secret>"
"""What a recording holds in the place of what was typed into a secret field."""
Values = Mapping[str, str]


class Found(Protocol):
    """What became of a recorded control."""

    @property
    def line(self) -> Line | None:
        """The control on the present page; None when it was not found."""
        ...

    @property
    def reason(self) -> str:
        """One line for people."""
        ...


Finder = Callable[[Action, Observation, Observation], Found]
"""Find the control of an action, which was decided on the first page, on the second."""


@dataclass(frozen=True, slots=True)
class ByName:
    """A control that is found by what it is called."""

    line: Line | None
    reason: str

    @classmethod
    def find(cls, action: Action, recorded: Observation, present: Observation) -> ByName:
        """Find the control with the recorded role and name that can take the action; among twins, the one with the same number."""
        then = recorded.find(action.ref) if action.ref is not None else None

        def twins(page: Observation) -> list[Line]:
            fits = [line for line in page.lines if can_perform(action, line)]
            same = [line for line in fits if then is not None and line.role == then.role]
            return same or fits

        there, were = twins(present), twins(recorded)
        if not there:
            return cls(None, f"{quote(action.name)} is not on this page")
        at = were.index(then) if then in were else 0
        if len(there) == 1 or (len(there) == len(were) and then in were):
            return cls(there[min(at, len(there) - 1)], "the same name")
        return cls(None, f"there are {len(there)} of {quote(action.name)} here, and there were {len(were)}")


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where the app went another way than it was recorded. `step` counts from 1."""

    step: int
    reason: str
    expected: tuple[str, ...]
    present: tuple[str, ...]

    def diff(self) -> list[str]:
        """List the lines that are missing (-) and those that are new (+), with some that are as expected around them."""
        lines = difflib.unified_diff(self.expected, self.present, "expected", "present", n=CONTEXT, lineterm="")
        return list(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the divergence for `--json`."""
        return {"step": self.step, "reason": self.reason, "diff": self.diff()}


@dataclass(slots=True)
class Rerun:
    """A Policy that performs recorded steps. `diverged` says where it could not go on; ask for it when the session has ended."""

    steps: Sequence[StepRow]
    values: Values = field(default_factory=dict)
    find: Finder = ByName.find
    diverged: Divergence | None = None
    name: str = "rerun"
    _at: int = 0
    _failed: str = ""

    def __post_init__(self) -> None:
        self.steps = [row for row in self.steps if row.ok and row.action.verb not in (Verb.ASK, Verb.FAIL)]
        if not self.steps:
            raise UsageError("the session has no step that went well", "Choose another session to run again")
        for old in self.values:
            if not any(row.action.verb in WRITES and says(row.action.text, old) for row in self.steps):
                written = ", ".join(sorted({quote(row.action.text) for row in self.steps if row.action.verb in WRITES}))
                raise UsageError(f"nothing that was written says {quote(old)}", f"There is {written or 'nothing'}")

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Return the next recorded action on this page; `fail` when the app has gone another way."""
        row = self.steps[min(self._at, len(self.steps) - 1)]
        ended = self._at == len(self.steps)
        recorded = (row.result_observation or row.observation) if ended else row.observation
        expected = with_values(recorded, self.values)
        action = Action(Verb.DONE) if ended else _with(row.action, self.values)
        if self._failed:
            return self._stop(f"the step before failed: {self._failed}", expected, page)
        if _shape(expected) != _shape(page):
            return self._stop(f"the page is {page.path} and not {expected.path}", expected, page)
        if action.text == UNRECORDED:
            return self._stop(
                f"what was typed into {quote(action.name)} was a secret: no record has it", expected, page
            )
        note = ""
        if action.verb in ON_CONTROL and not (action.verb in ON_WORDS and action.ref is None):
            found = self.find(action, expected, page)
            if found.line is None:
                return self._stop(found.reason, expected, page)
            if found.line.name != action.name:
                note = f"found again: {quote(action.name)} is now {quote(found.line.name)}, {found.reason}"
            action = replace(action, name=found.line.name, ref=found.line.ref)
        self._at += 1
        return Decision(action, note=note)

    def watch(self, environment: Environment) -> Environment:
        """Return the environment, with an ear on what fails in it."""
        return _Watched(environment, self)

    def hear(self, result: StepResult) -> None:
        """Take note of what came of an action."""
        self._failed = "" if result.ok else result.note or "no reason given"

    def _stop(self, reason: str, expected: Observation, page: Observation) -> Decision:
        self.diverged = Divergence(min(self._at, len(self.steps) - 1) + 1, reason, _plain(expected), _plain(page))
        return Decision(Action(Verb.FAIL, text=f"step {self.diverged.step}: {reason}"))


@dataclass(slots=True)
class _Watched:
    """An environment whose results are heard."""

    environment: Environment
    listener: Rerun

    def reset(self) -> Observation:
        return self.environment.reset()

    def step(self, action: Action) -> StepResult:
        result = self.environment.step(action)
        self.listener.hear(result)
        return result

    def close(self) -> None:
        self.environment.close()


def read_values(said: Iterable[str]) -> dict[str, str]:
    """Read `OLD=NEW` pairs. Raises UsageError for anything else."""
    values: dict[str, str] = {}
    for text in said:
        old, sign, new = text.partition("=")
        if not sign or not old.strip():
            raise UsageError(f"{text!r} does not say what becomes what", 'Write it as --set "OLD=NEW"')
        if old in values:
            raise UsageError(f"{old!r} is set twice", "Give each value once")
        values[old] = new
    return values


def with_values(page: Observation, values: Values) -> Observation:
    """Return a page with other values in all that it says and holds, its address included."""
    if not values:
        return page
    lines = tuple(
        replace(
            line,
            name=replaced(line.name, values),
            value=replaced(line.value, values),
            options=tuple(replaced(option, values) for option in line.options),
        )
        for line in page.lines
    )
    return replace(page, url=replaced(page.url, values), title=replaced(page.title, values), lines=lines)


def _with(action: Action, values: Values) -> Action:
    return replace(action, name=replaced(action.name, values), text=replaced(action.text, values))


def _shape(page: Observation) -> str:
    """Return the path with every number the same: tomorrow's bill has another one."""
    return re.sub(r"\d+", "#", unquote(urlsplit(page.url).path).casefold())


def _plain(page: Observation) -> tuple[str, ...]:
    """Return the lines of a page without their refs, which no two visits share."""
    return tuple(replace(line, ref=None).render() for line in page.lines)
