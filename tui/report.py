"""A session as one HTML page: a file that needs nothing else, asks the network for nothing, and trusts nothing that it shows.

What pages said is data. Everything is escaped, and a content security policy that names the hashes of the page's own style and
script forbids whatever would get past that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined

from agent.prompt import Transcript
from agent.store import SessionRow, StepRow, Store
from browser.types import StepResult


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a page, and whether the step acts on it."""

    text: str
    is_target: bool


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step as the page shows it."""

    row: StepRow
    prompt: str
    picture: str
    """A `data:` address; empty without a screenshot."""
    share: float
    """How long it took, in percent of the longest step."""

    @property
    def number(self) -> int:
        """Counted from 1."""
        return self.row.step_no + 1

    @property
    def seconds(self) -> str:
        """Decision and action together."""
        return f"{_took_ms(self.row) / 1e3:.1f}"

    @property
    def lines(self) -> list[ShownLine]:
        """The page as the agent read it."""
        ref = self.row.action.ref
        return [ShownLine(line.render(), ref is not None and line.ref == ref) for line in self.row.observation.lines]


def session_page(store: Store, session: SessionRow) -> str:
    """Write a session as an HTML page. Raises StorageError when a page or picture of it is damaged."""
    steps = store.steps(session.id)
    lessons = [store.lesson(lesson_id).text for lesson_id in session.lesson_ids]
    longest = max((_took_ms(step) for step in steps), default=0) or 1.0
    shown = [
        ShownStep(step, prompt, _picture(store, step), round(100 * _took_ms(step) / longest, 1))
        for step, prompt in zip(steps, prompts(session.task, lessons, steps), strict=True)
    ]
    style, script = _own("session.css"), _own("session.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(_own("session.html")).render(
        session=session,
        lessons=lessons,
        steps=shown,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def prompts(task: str, lessons: Sequence[str], steps: Sequence[StepRow]) -> list[str]:
    """Return what the policy read at each step, as it is rendered now; the turn that explains the actions is left out."""
    transcript = Transcript(task, lessons)
    out = []
    for number, step in enumerate(steps):
        if not number or steps[number - 1].result_observation is None:  # after a killed step nothing is known
            transcript.start(step.observation)
        out.append(transcript.prompt().render())
        if step.result_observation is not None:
            transcript.advance(step.action, StepResult(step.result_observation, bool(step.ok), step.note))
    return out


def _took_ms(step: StepRow) -> float:
    return step.decided_ms + (step.acted_ms or 0)


def _picture(store: Store, step: StepRow) -> str:
    if step.screenshot_hash is None:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(store.get_blob(step.screenshot_hash)).decode()}"


def _own(name: str) -> str:
    return resources.files("tui").joinpath("html", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return a source expression of the content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
