"""Sessions generated for `bench.trusted`: each kind is recorded in a real store and becomes a lesson through the product's own hands."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from agent.guard import Guard
from agent.lessons.hindsight import learn_from
from agent.lessons.renewal import renew
from agent.lessons.text import words_text
from agent.loop import Session
from agent.rerun import Rerun
from agent.secrets.taught import as_taught
from agent.stop import StopReason
from agent.store import LessonRow, Store
from agent.takeover import Wheel
from agent.types import Decision
from bench.marked import Expert, MarkedApp
from browser.actions import Action, Verb
from browser.errors import ApprenticeError
from browser.healing import heal
from browser.types import Observation
from foundation.tasks import Task, draw_task
from foundation.words import Words
from tui.commands.teach import keep_lesson, teach_steps

URL = "http://app.example/"
SUITES = ("lesson", "ritual", "relation", "message", "explicit", "steps", "told", "read")
APPROVED = ("send", "pay", "delete", "publish", "grant")


@dataclass(slots=True)
class Recorded:
    """One generated session: its lesson, and all that may stand in it."""

    site: MarkedApp
    lesson: LessonRow
    trusted: set[str]
    task: str
    words: tuple[str, ...] = ()
    """What the person said besides."""


@dataclass(slots=True)
class Ground:
    """The store and the generator of one session."""

    store: Store
    rng: random.Random

    def draw(self, *, asks_secret: bool = False) -> tuple[Task, MarkedApp, Expert]:
        """Draw a task in an app of its own."""
        task = draw_task(self.rng.randrange(1 << 30), self.rng.choice(SUITES))
        site = MarkedApp(task.app, self.rng, asks_secret)
        return task, site, Expert(site, task.goal)

    def performed(self) -> Recorded:
        """A demonstration from a file of steps."""
        task, site, expert = self.draw()
        key = teach_steps(
            self.store, task.text, "app", URL, guard(), [], headless=True, environment=site, policy=expert
        )
        return self._recorded(task, site, expert, self.store.lesson(key))

    def by_hand(self, *, asks_secret: bool = False) -> Recorded:
        """A demonstration that was followed in the browser, with a secret among the things typed or not."""
        task, site, expert = self.draw(asks_secret=asks_secret)
        session = self.store.begin_session(task.text, "app", URL, kind="teach", policy="person")
        for number, (page, done, result) in enumerate(expert.steps(site.reset(), 40)):
            self.store.begin_step(session, number, page, as_taught(done, page, {}), actor="person")
            self.store.finish_step(session, number, result)
        self.store.end_session(session, StopReason.DONE, "")
        return self._kept(task, site, expert, session)

    def with_secret(self) -> Recorded:
        """A demonstration in which a password is typed."""
        return self.by_hand(asks_secret=True)

    def corrected(self) -> Recorded:
        """An agent's session in which the person put right what it proposed."""
        task, site, expert = self.draw()
        wheel = Wheel(_nobody)
        return self._run(task, site, expert, _Erring(expert, self.rng, wheel), wheel)

    def taken_over(self) -> Recorded:
        """An agent's session that a person took over for a while."""
        task, site, expert = self.draw()
        wheel = Wheel(lambda: _Hands(expert, site, wheel, self.rng.randint(1, 4)))
        return self._run(task, site, expert, _Taken(expert, wheel, self.rng.randint(1, 3)), wheel)

    def in_hindsight(self) -> Recorded:
        """An agent's own session that was a success after a mistake. In half of them the agent wrote what a page says."""
        task, site, expert = self.draw()
        return self._run(task, site, expert, _Copying(expert, self.rng, copies=self.rng.random() < 0.5), None)

    def renewed(self) -> Recorded:
        """A demonstration performed again, without a model, in the app after its controls were renamed."""
        source = self.performed()
        assert source.lesson.source_session_id is not None
        site = source.site
        site.begin_again(self.rng.randrange(1 << 30))
        session_id = self.store.begin_session(
            source.task, "app", URL, kind="replay", policy="rerun", parent_id=source.lesson.source_session_id
        )
        policy = Rerun(self.store.steps(source.lesson.source_session_id), find=heal)
        Session(session_id, source.task, policy.watch(site), policy, guard(), self.store).run()
        new = renew(self.store, source.lesson, session_id)
        if new is None:
            raise LeftNothing("the session renews nothing")
        return replace(source, lesson=self.store.lesson(new))

    def in_words(self) -> Recorded:
        """What the person typed, beside a demonstration."""
        source = self.performed()
        words = words_text(f"{Words(self.rng).sentence()} Always set it to {self.rng.randrange(1 << 20)}")
        key = self.store.add_lesson("words", "app", source.task, words)
        source.words = (self.store.lesson(key).text,)
        return source

    def _run(self, task: Task, site: MarkedApp, expert: Expert, policy: Any, wheel: Wheel | None) -> Recorded:
        session_id = self.store.begin_session(task.text, "app", URL, policy=policy.name)
        Session(session_id, task.text, site, policy, guard(), self.store, wheel=wheel).run()
        self.store.add_outcome(session_id, True, "check", "")
        lesson_id = learn_from(self.store, session_id)
        if lesson_id is None:
            raise LeftNothing("the session leaves no lesson")
        return self._recorded(task, site, expert, self.store.lesson(lesson_id))

    def _kept(self, task: Task, site: MarkedApp, expert: Expert, session_id: str) -> Recorded:
        lesson = self.store.lesson(keep_lesson(self.store, session_id, task.text, "app"))
        return self._recorded(task, site, expert, lesson)

    def _recorded(self, task: Task, site: MarkedApp, expert: Expert, lesson: LessonRow) -> Recorded:
        return Recorded(site, lesson, {task.text, *expert.said}, task.text)


@dataclass(slots=True)
class _Erring:
    """An agent that errs now and then, and a person who says what should be done instead."""

    expert: Expert
    rng: random.Random
    wheel: Wheel
    name: str = "erring"

    def decide(self, prompt: Any, page: Observation) -> Any:
        decision = self.expert.decide(prompt, page)
        if self.rng.random() > 0.3 or decision.action.verb is Verb.DONE:
            return decision
        self.wheel.correct(decision.action)
        return replace(decision, action=Action(Verb.WAIT))


@dataclass(slots=True)
class _Taken:
    """An agent from whom a person takes the wheel after some steps."""

    expert: Expert
    wheel: Wheel
    left: int
    name: str = "taken"

    def decide(self, prompt: Any, page: Observation) -> Any:
        self.left -= 1
        if self.left == 0:
            self.wheel.take()
        return self.expert.decide(prompt, page)


@dataclass(slots=True)
class _Hands:
    """The person's hands after they took the wheel."""

    expert: Expert
    site: MarkedApp
    wheel: Wheel
    most: int

    def __iter__(self) -> Any:
        assert self.site.page is not None
        yield from self.expert.steps(self.site.page, self.most)
        self.wheel.hand_back()

    def stop(self) -> None: ...

    def close(self) -> None: ...


def _nobody() -> Any:
    raise AssertionError("nobody takes this wheel")


@dataclass(slots=True)
class _Copying:
    """An agent that begins with a mistake, and may answer, and now and then type, what it reads on the page."""

    expert: Expert
    rng: random.Random
    copies: bool
    name: str = "copying"
    _begun: bool = False

    def decide(self, prompt: Any, page: Observation) -> Any:
        if not self._begun:
            self._begun = True
            return Decision(Action(Verb.CLICK, "Gone", 1 << 20))
        decision = self.expert.decide(prompt, page)
        action = decision.action
        written = action.verb is Verb.DONE or (action.verb in (Verb.FIND, Verb.TYPE) and self.rng.random() < 0.2)
        if self.copies and written:
            saying = next(line.name for line in page.lines if self.expert.site.is_marked(line.name))
            return replace(decision, action=replace(action, text=saying))
        return decision


class LeftNothing(ApprenticeError):
    """The extractor made no lesson: the session went straight, the agent wrote what nobody had said, or nothing had to be renewed."""


KINDS: dict[str, Callable[[Ground], Recorded]] = {
    "performed": Ground.performed,
    "recorded by hand": Ground.by_hand,
    "with a secret": Ground.with_secret,
    "corrected": Ground.corrected,
    "taken over": Ground.taken_over,
    "in hindsight": Ground.in_hindsight,
    "renewed": Ground.renewed,
    "in words": Ground.in_words,
}


def guard() -> Guard:
    """Let everything pass that the app offers."""
    return Guard.for_task(URL, APPROVED)
