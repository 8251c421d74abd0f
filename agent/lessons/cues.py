"""Cues: which step of a demonstration comes next, said again right before the policy decides.

A demonstration of ten steps in the prompt leaves two questions to the model: how far have we come, and what does that step become
here? The first is bookkeeping and is answered by code, from the action log alone. So is the second, where the step's value was
mentioned by the demonstration's task and this task mentions as many: `select "Payer" "Chris"` is said as `select "Payer" "Farid"`.
Where code cannot tell, the cue is the step as it was *demonstrated*, `type "What" like "Museum"`: `like` says that the value came from
the task and will be another one here. A cue is a line of the lesson, with values of the task: it adds nothing to what the teacher reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from agent.grammar import Copying, can_perform
from agent.lessons.mentions import Mentions, numbers
from agent.lessons.said import as_words, copied, frame_of, row_of, says
from agent.lessons.text import ASKED
from browser.actions import ON_CONTROL, Action, Verb, parse
from browser.types import Line, quote

MARK = "> "
AHEAD = 3
"""How many of the coming steps an action may answer: one that is not needed here is passed over, no more."""
NOTHING = Mentions()


@dataclass(slots=True)
class Follower:
    """Where a session stands in one demonstration."""

    asked: str
    """The demonstration's task."""
    actions: Sequence[Action]
    at: int = 0
    """The step that comes next."""
    followed: int = 0
    """How many actions answered a step."""
    mentions: Mentions = field(init=False)

    def __post_init__(self) -> None:
        chosen = [_value(step) for step in self.actions if step.verb in (Verb.CLICK, Verb.SELECT)]
        self.mentions = Mentions.of(self.asked, chosen)

    def advance(self, action: Action, offers: Callable[[Action], bool]) -> None:
        """Move on when an action answers one of the next steps.

        A step on what the task names (the row "Museum") is answered by the same verb on another control (the row "Lunch"). So
        is a step whose control `offers` does not find on the page that was acted on.
        """
        coming = self.actions[self.at : self.at + AHEAD]
        for ahead, step in enumerate(coming):
            if _same_control(step, action):
                self.at += ahead + 1
                self.followed += 1
                return
        if coming and coming[0].verb is action.verb and action.verb in ON_CONTROL:
            step = coming[0]
            if _names(self.asked, step.name) or not offers(step):
                self.at += 1
                self.followed += 1

    def cue(self, at: int, here: Mentions = NOTHING, page: Sequence[Line] = ()) -> str:
        """Write a step as it is said again: with this task's value where that is clear, else with `like` before the old one."""
        step = self.actions[at]
        line = MARK + step.render(with_ref=False)
        if not _is_given(self.asked, step):
            return line
        other = self.mentions.counterpart(_value(step), here)
        if other and _fits(filled := _with_value(step, other), page):
            return MARK + filled.render(with_ref=False)
        old = quote(step.name if step.verb is Verb.CLICK else step.text)
        return f"{line.removesuffix(old)}like {old}"

    def copying(self, task: str) -> Copying | None:
        """Say how the next step's text is made of the task; None where it is always the same, or no text is written."""
        step = self.actions[self.at]
        if step.verb not in (Verb.TYPE, Verb.OPEN) or not (run := copied(self.asked, step.text)):
            return None
        at = re.search(as_words(run), step.text)
        assert at is not None, "what was copied stands in the text, as words"
        before, after = step.text[: at.start()], step.text[at.end() :]
        return Copying(step.verb, step.name, before, after, task, frame_of(self.asked, run), run)


def _is_given(asked: str, step: Action) -> bool:
    """Whether the task gave a step its value; the others are always the same."""
    match step.verb:
        case Verb.CLICK:
            return _names(asked, step.name)
        case Verb.SELECT:
            return says(asked, step.text)
        case _:
            return bool(copied(asked, step.text))


def _value(step: Action) -> str:
    """Return what a step is about: the row or the thing that is clicked, else the text."""
    return (row_of(step.name) or step.name) if step.verb is Verb.CLICK else step.text


def _with_value(step: Action, value: str) -> Action:
    """Return a step with another value in the place of its own."""
    if step.verb is not Verb.CLICK:
        return replace(step, text=value)
    row = row_of(step.name)
    return replace(step, name=step.name.removesuffix(f"({row})") + f"({value})" if row else value)


def _fits(step: Action, page: Sequence[Line]) -> bool:
    """Whether a step can be performed on the page."""
    return step.verb not in ON_CONTROL or any(can_perform(step, line) for line in page)


def _names(asked: str, control: str) -> bool:
    """Whether the task names a control, or the row that it stands in."""
    row = row_of(control)
    return bool(copied(asked, row)) if row else says(asked, control)


def _same_control(step: Action, action: Action) -> bool:
    """Whether an action is a demonstrated step, whatever its value. A key is not a value."""
    if step.verb is not action.verb:
        return False
    return (
        step.name == action.name if step.verb in ON_CONTROL else step.verb is not Verb.PRESS or step.text == action.text
    )


@dataclass(slots=True)
class Cues:
    """The next steps of the lessons in a prompt."""

    followers: list[Follower] = field(default_factory=list)

    @classmethod
    def of(cls, lessons: Sequence[str]) -> Cues:
        """Follow every lesson that is a demonstration; words have no steps."""
        return cls(
            [
                Follower(lesson.split("\n")[0].removeprefix(ASKED), steps)
                for lesson in lessons
                if (steps := steps_of(lesson))
            ]
        )

    def advance(self, action: Action, offers: Callable[[Action], bool]) -> None:
        """Take note of one action that went well."""
        for follower in self.followers:
            follower.advance(action, offers)

    def lines(self, here: Mentions = NOTHING, page: Sequence[Line] = ()) -> list[str]:
        """Return the next step of each lesson; once one has been followed further than the others, only its.

        `here` is what the present task mentions of the present page.
        """
        return list(dict.fromkeys(follower.cue(follower.at, here, page) for follower in self._furthest()))

    def copying(self, task: str) -> Copying | None:
        """Say how the text of the one next step is made of this task; None where several lessons say different things."""
        said = {follower.copying(task) for follower in self._furthest()}
        return said.pop() if len(said) == 1 else None

    def _furthest(self) -> list[Follower]:
        furthest = max((follower.followed for follower in self.followers), default=0)
        return [
            follower
            for follower in self.followers
            if follower.followed == furthest and follower.at < len(follower.actions)
        ]


def steps_of(lesson: str) -> list[Action]:
    """Read the actions back from a demonstration's text; none from a lesson in words, or in a form that a person gave it."""
    head, *lines = lesson.split("\n")
    if not head.startswith(ASKED):
        return []
    try:
        return [parse(line) for line in lines]
    except ValueError:
        return []


def without_cues(texts: Sequence[str], lessons: Sequence[str], task: str) -> list[str]:
    """Leave out of a reply the pieces that only say steps of these lessons again, with values of the lessons or of the task."""
    followers = Cues.of(lessons).followers
    return [text for text in texts if not all(_says_again(line, followers, task) for line in text.splitlines())]


def _says_again(line: str, followers: Sequence[Follower], task: str) -> bool:
    """Whether a line is the cue of some step."""
    if any(line == follower.cue(at) for follower in followers for at in range(len(follower.actions))):
        return True
    if not line.startswith(MARK):
        return False
    try:
        said = parse(line.removeprefix(MARK))
    except ValueError:
        return False
    value = _value(said)
    return (says(task, value) or value in numbers(task)) and any(
        said == _with_value(step, value)
        for follower in followers
        for step in follower.actions
        if step.verb is said.verb and _is_given(follower.asked, step)
    )
