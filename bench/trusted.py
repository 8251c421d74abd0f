"""Whether the teacher alone ever reads a word of a page: generated sessions, whose pages carry marks, through the product's own hands.

    python -m bench.trusted --sessions 10000 --seed 1 --json FILE      goes on where FILE says it stopped

Demonstrations (performed, recorded, with a secret typed), corrections, take-overs, an agent's own sessions in hindsight, reruns on an
app whose controls were renamed, and typed words are recorded in a real store and become lessons by `keep_lesson`, `learn_from` and
`renew`. These are held against their sessions by `assert_trusted`, and written as training sequences on the recording and on a variant
of it, checked by `assert_privilege`. What stands in the teacher's sequence and not in the student's is searched for every mark. A mark
may stand there in the name of a control that was acted on, or of the option that was chosen: that is the executor's log. It may stand
in a cue where the task that student and teacher both read says it (variants exchange the choices of a list). Else it is a leak.

Controls: a lesson to which an extractor would have added what a page says must be found by the search and refused by the product; so
must a teacher that reads a page more than the student.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.guard import Guard
from agent.lessons.hindsight import learn_from
from agent.lessons.provenance import UntrustedLesson, assert_trusted
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
from browser.errors import ApprenticeError, UsageError
from browser.healing import heal
from browser.types import Observation
from consolidation.examples import PrivilegeLeak, assert_privilege
from consolidation.job import demonstration_of
from consolidation.rehearsal.variants import Demonstration, make_variant
from consolidation.segments import Segment, cut
from foundation.tasks import Task, draw_task
from foundation.words import Words
from tui.commands.teach import LessonFailed, keep_lesson, teach_steps

URL = "http://app.example/"
SUITES = ("lesson", "ritual", "relation", "message", "explicit", "steps", "told", "read")
APPROVED = ("send", "pay", "delete", "publish", "grant")
SAVED_EVERY = 250
PAGES = 3
"""So many sayings of pages a broken extractor adds."""


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
        site.app.__init__(site.app.schema, self.rng.randrange(1 << 30))
        site.rename()
        session_id = self.store.begin_session(
            source.task, "app", URL, kind="replay", policy="rerun", parent_id=source.lesson.source_session_id
        )
        policy = Rerun(self.store.steps(source.lesson.source_session_id), find=heal)
        Session(session_id, source.task, policy.watch(site), policy, guard(), self.store).run()
        new = renew(self.store, source.lesson, session_id)
        return replace(source, lesson=self.store.lesson(new) if new else source.lesson)

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
            saying = next(line.name for line in page.lines if "zq" in line.name)
            return replace(decision, action=replace(action, text=saying))
        return decision


class LeftNothing(ApprenticeError):
    """The extractor made no lesson: of a session that went straight, or in which the agent wrote what nobody had said."""


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


def teacher_only(student: Segment, teacher: Segment) -> list[str]:
    """Return the lines that the teacher reads and the student does not: counted, wherever they stand."""

    def lines(segment: Segment) -> Counter[str]:
        told = "\n".join([segment.prompt.system, segment.prompt.user, *(text for text, _ in segment.reply)])
        return Counter(told.splitlines())

    return list((lines(teacher) - lines(student)).elements())


def contexts(task: str, lessons: Sequence[str], steps: Sequence[Any], *, checked: bool = True) -> list[list[str]]:
    """Write a session for student and teacher; return what only the teacher reads in each of its segments."""
    found = []
    for student, teacher in zip(cut(task, (), steps), cut(task, lessons, steps), strict=True):
        if checked:
            assert_privilege(student, teacher, lessons, task)
        found.append(teacher_only(student, teacher))
    return found


def leaked(lines: Sequence[str], recorded: Recorded, task: str) -> Counter[str]:
    """Count the marks in what only the teacher reads: `leaked`, or why they may stand there."""
    trusted = recorded.trusted | recorded.site.acted
    found: Counter[str] = Counter()
    for line in lines:
        for mark in recorded.site.marks:
            if mark not in line:
                continue
            if any(mark in text for text in trusted):
                found["names of what was acted on"] += 1
            elif line.startswith("> ") and mark in task:
                found["said by the task of both"] += 1
            else:
                found["leaked"] += 1
    return found


def broken(lesson: LessonRow, recorded: Recorded, steps: Sequence[Any], rng: random.Random) -> list[LessonRow]:
    """Return the lesson as extractors would write it that add what a page says, each in another way."""
    page = rng.choice(steps).observation
    said = [line.name for line in page.lines if line.ref is None and "zq" in line.name][:PAGES]
    body = lesson.text.removesuffix("\ndone")
    whole = "\n".join([lesson.text, *(step.observation.render() for step in steps)])
    texts = [f"{body}\n{rng.choice(said)}", f'{body}\ndone "{page.title}"', f'{body}\nopen "{page.url}"\ndone', whole]
    return [replace(lesson, text=text) for text in texts]


def measure_one(ground: Ground, kind: str, words: tuple[str, ...]) -> Counter[str]:
    """Generate a session, bring it through extraction and prompts, and search; return what to add up."""
    recorded, demonstration, skipped = _teachable(ground, kind)
    lesson, tally = recorded.lesson, Counter({"sessions": 1, kind: 1, f"left no lesson, {kind}": skipped})
    tally += _controls(ground, recorded, lesson, demonstration)
    try:
        assert_trusted(ground.store, lesson)
    except UntrustedLesson:
        return tally + Counter({"refused": 1, f"refused {kind}": 1})
    variant = make_variant(demonstration, words, ground.rng.randrange(1 << 20))
    lessons = (lesson.text, *recorded.words)
    recorded.trusted.update(recorded.words)
    for task, steps in ((demonstration.task, demonstration.steps), (variant.task, variant.steps)):
        for lines in contexts(task, lessons, steps):
            found = leaked(lines, recorded, task)
            tally += Counter({"contexts": 1, "contexts that leaked": int(found["leaked"] > 0)}) + found
    return tally


def _teachable(ground: Ground, kind: str) -> tuple[Recorded, Demonstration, int]:
    """Generate sessions until one leaves a lesson that a night could learn from; count those that the extractor left out."""
    skipped = 0
    while True:
        try:
            recorded = KINDS[kind](ground)
            return recorded, demonstration_of(ground.store, recorded.lesson), skipped
        except LeftNothing:
            skipped += 1
        except (UsageError, LessonFailed):  # answered at once, or longer than a session may be
            continue


def _controls(ground: Ground, recorded: Recorded, lesson: LessonRow, shown: Demonstration) -> Counter[str]:
    """Search lessons that hold a page's words, and ask the product for its opinion of them."""
    tally: Counter[str] = Counter()
    for other in broken(lesson, recorded, shown.steps, ground.rng):
        found = any(
            leaked(lines, recorded, shown.task)["leaked"]
            for lines in contexts(shown.task, (other.text,), shown.steps, checked=False)
        )
        tally += Counter({"broken lessons": 1, "broken lessons found": int(found)})
        tally["broken lessons refused"] += int(_refuses(lambda other=other: assert_trusted(ground.store, other)))
    student, teacher = cut(shown.task, (), shown.steps)[0], cut(shown.task, (lesson.text,), shown.steps)[0]
    page = recorded.site.page
    assert page is not None
    spoilt = replace(teacher, prompt=replace(teacher.prompt, user=f"{teacher.prompt.user}\n{page.render()}"))
    tally += Counter(
        {
            "spoilt teachers": 1,
            "spoilt teachers found": int(bool(leaked(teacher_only(student, spoilt), recorded, shown.task)["leaked"])),
        }
    )
    tally["spoilt teachers refused"] += int(
        _refuses(lambda: assert_privilege(student, spoilt, (lesson.text,), shown.task))
    )
    return tally


def _refuses(check: Callable[[], None]) -> bool:
    try:
        check()
    except (UntrustedLesson, PrivilegeLeak):
        return True
    return False


def in_memory() -> Path | None:
    """Return a folder in memory, where a store is a hundred times as fast as on a disk; None where there is none."""
    folder = Path("/dev/shm")
    return folder if os.access(folder, os.W_OK) else None


def measure(first: int, count: int, seed: int, folder: Path) -> Counter[str]:
    """Generate and search `count` sessions, the kinds in turn."""
    tally: Counter[str] = Counter()
    kinds, path = list(KINDS), folder / "trusted.db"
    vocabulary = Words(random.Random(seed))
    words = tuple(dict.fromkeys(vocabulary.word() for _ in range(2_000)))
    with Store.open(path) as store:
        for number in range(first, first + count):
            ground = Ground(store, random.Random(f"trusted {seed} {number}"))
            tally += measure_one(ground, kinds[number % len(kinds)], words)
    for file in folder.glob("trusted.db*"):
        file.unlink()
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 1 when a context leaked, or when a control was not found or not refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    tally: Counter[str] = Counter()
    seconds = 0.0
    if asked.json and asked.json.exists():
        before = json.loads(asked.json.read_text(encoding="utf-8"))
        if before["seed"] == asked.seed:
            tally, seconds = Counter(before["tally"]), before["seconds"]
    while tally["sessions"] < asked.sessions:
        started = time.monotonic()
        count = min(SAVED_EVERY, asked.sessions - tally["sessions"])
        with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
            tally += measure(tally["sessions"], count, asked.seed, Path(folder))
        seconds += time.monotonic() - started
        if asked.json:
            report = {"seed": asked.seed, "seconds": round(seconds, 1), "tally": dict(tally)}
            asked.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for name, value in tally.items():
        print(f"{value:9,}  {name}")  # noqa: T201 - the result
    return int(not holds(tally))


def holds(tally: Counter[str]) -> bool:
    """Whether nothing leaked and every control was found and refused."""
    controls = all(
        tally[name] == tally[f"{name} found"] == tally[f"{name} refused"] > 0
        for name in ("broken lessons", "spoilt teachers")
    )
    return tally["contexts"] > 0 and tally["leaked"] == 0 and controls


if __name__ == "__main__":
    sys.exit(main())
