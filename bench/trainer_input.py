"""What both trainers of `bench.trainers` learn from: recorded sessions of procedural apps that nothing was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from agent.policy.encode import Encoder
from consolidation.segments import Step, cut
from consolidation.tokens import encode
from foundation.dataset import HELD_OUT
from foundation.episodes import run_expert
from foundation.tasks import draw_task

FIRST = HELD_OUT + (1 << 20)
LENGTHS = (600, 1_300)
"""Tokens of a prompt with its replies, as they are in the apps that people use."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session with the lesson that explains it."""

    task: str
    lessons: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision as a trainer that knows prompts and replies sees it, in token ids."""

    student: list[int]
    """Everything before the reply."""
    teacher: list[int]
    """The same with the lesson in it."""
    reply: list[int]

    @property
    def tokens(self) -> int:
        """How many tokens of the student are trained on: prompt and reply."""
        return len(self.student) + len(self.reply)


def sessions(encoder: Encoder, number: int, lengths: tuple[int, int] = LENGTHS) -> list[Recorded]:
    """Return the first recorded sessions whose sequences are, in the mean, as long as asked."""
    found: list[Recorded] = []
    for seed in count(FIRST):
        if len(found) == number:
            return found
        task = draw_task(seed, "lesson")
        steps = tuple(run_expert(task.app, task.goal, task.answer))
        read = [len(encode(encoder, segment).ids) for segment in cut(task.text, (), steps)]
        if lengths[0] <= sum(read) / len(read) <= lengths[1]:
            found.append(Recorded(task.text, task.lessons, steps))
    raise AssertionError("there is always another seed")


def decisions(encoder: Encoder, recorded: Sequence[Recorded]) -> Iterator[Asked]:
    """Part sessions into single decisions: what came before each, without and with the lesson, and what was done."""
    for session in recorded:
        pairs = zip(
            cut(session.task, (), session.steps), cut(session.task, session.lessons, session.steps), strict=True
        )
        for without, with_lesson in pairs:
            student, teacher = encode(encoder, without), encode(encoder, with_lesson)
            for (start, end), (told, _) in zip(student.spans, teacher.spans, strict=True):
                begin, stop = int(student.positions[start]) + 1, int(student.positions[end - 1]) + 2
                before = int(teacher.positions[told]) + 1
                ids = student.ids.tolist()
                yield Asked(ids[:begin], teacher.ids[:before].tolist(), ids[begin:stop])
