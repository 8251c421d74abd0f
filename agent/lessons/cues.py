"""Cues: which step of a demonstration comes next, said again right before the policy decides.

A demonstration of ten steps in the prompt leaves two questions to the model: how far have we come, and what does that step become
here? The first is bookkeeping and is answered by code, from the action log alone. The second needs a model: the cue is the step as
it was *demonstrated*, `select "Payer" like name 1 "Chris"`, where `like` says that the value came from the task and will be another
one here, and `name 1` which of the task's mentions it was. A cue is a line of the lesson: it adds nothing to what the teacher reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.lessons.mentions import Mentions
from agent.lessons.said import copied, row_of, says
from agent.lessons.text import ASKED
from browser.actions import ON_CONTROL, Action, Verb, parse
from browser.types import quote

MARK = "> "
AHEAD = 3
"""How many of the coming steps an action may answer: one that is not needed here is passed over, no more."""


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
        chosen = (step.text if step.verb is Verb.SELECT else row_of(step.name) or step.name for step in self.actions)
        verbs = (step.verb for step in self.actions)
        self.mentions = Mentions.of(
            self.asked, [thing for thing, verb in zip(chosen, verbs, strict=True) if verb in (Verb.CLICK, Verb.SELECT)]
        )

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

    def cue(self, at: int) -> str:
        """Write a step as it is said again: `like` stands before what the task gave."""
        step = self.actions[at]
        line = MARK + step.render(with_ref=False)
        match step.verb:
            case Verb.CLICK:
                value, given = step.name, _names(self.asked, step.name)
            case Verb.SELECT:
                value, given = step.text, says(self.asked, step.text)
            case _:
                value, given = step.text, bool(copied(self.asked, step.text))
        which = self.mentions.number_of(row_of(value) or value)
        return f"{line.removesuffix(quote(value))}like {which}{' ' if which else ''}{quote(value)}" if given else line


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

    def lines(self) -> list[str]:
        """Return the next step of each lesson; once one has been followed further than the others, only its."""
        furthest = max((follower.followed for follower in self.followers), default=0)
        cues = [
            follower.cue(follower.at)
            for follower in self.followers
            if follower.followed == furthest and follower.at < len(follower.actions)
        ]
        return list(dict.fromkeys(cues))


def steps_of(lesson: str) -> list[Action]:
    """Read the actions back from a demonstration's text; none from a lesson in words, or in a form that a person gave it."""
    head, *lines = lesson.split("\n")
    if not head.startswith(ASKED):
        return []
    try:
        return [parse(line) for line in lines]
    except ValueError:
        return []


def without_cues(texts: Sequence[str], lessons: Sequence[str]) -> list[str]:
    """Leave out of a reply the pieces that only say steps of these lessons again."""
    followers = Cues.of(lessons).followers
    known = {follower.cue(at) for follower in followers for at in range(len(follower.actions))}
    return [text for text in texts if not all(line in known for line in text.splitlines())]
