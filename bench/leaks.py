"""What only the teacher reads, searched for what a page said; and lessons of broken extractors, which the search must find."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from agent.lessons.provenance import UntrustedLesson, assert_trusted
from agent.store import LessonRow
from bench.trusted_sessions import Ground, Recorded
from consolidation.examples import PrivilegeLeak, assert_privilege
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Segment, cut

PAGES = 3
"""So many sayings of pages a broken extractor adds."""


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
    said = [line.name for line in page.lines if line.ref is None and recorded.site.is_marked(line.name)][:PAGES]
    body = lesson.text.removesuffix("\ndone")
    whole = "\n".join([lesson.text, *(step.observation.render() for step in steps)])
    texts = [f"{body}\n{rng.choice(said)}", f'{body}\ndone "{page.title}"', f'{body}\nopen "{page.url}"\ndone', whole]
    return [replace(lesson, text=text) for text in texts]


def controls(ground: Ground, recorded: Recorded, lesson: LessonRow, shown: Demonstration) -> Counter[str]:
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
