"""What one training sequence is: the student's tokens, and what the frozen teacher says about each of them.

Teacher and student are the same weights: the teacher is the model with its adapter switched off, and it reads the lesson that
the student does not. Its opinion is computed once and kept as the K most probable tokens and a tail bucket. Control arms
differ only here: in what the teacher reads, or in putting the demonstrated token in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import torch
from peft import PeftModel

from agent.lessons.cues import without_cues
from agent.policy.encode import Encoder
from browser.errors import ApprenticeError
from consolidation.lora import logits_at, logits_beside, mixed_precision
from consolidation.losses import on_support, top_ids
from consolidation.segments import Segment, Step, cut
from consolidation.tokens import Tokens, encode

TOP_K = 64


class Arm(StrEnum):
    """What is learned from: the method and its controls, on one budget."""

    OPSD = "opsd"
    """On-policy self-distillation: the teacher reads the lesson. Where it contradicts an action that is known to be right (the
    person's own, with other values), that action is the target: a weak teacher is no ceiling."""
    OFF_POLICY = "opsd_off_policy"
    """The same, but the dreams that it learns from are the teacher's: whose states are visited is the one difference."""
    PURE = "opsd_pure"
    """The same without corrections: where the teacher is wrong, nothing is learned."""
    SFT = "sft"
    """Cross-entropy on the demonstration as it was recorded."""
    SFT_DREAM = "sft_dream"
    """Cross-entropy on the rehearsed variants: the same data as OPSD, without the teacher."""
    EMPTY = "empty"
    """The teacher reads no lesson either: what distillation alone does."""
    MISMATCHED = "mismatched"
    """The teacher reads somebody else's lesson."""


DREAMING = (Arm.OPSD, Arm.OFF_POLICY, Arm.PURE)
"""Arms that learn from dreams: the student's own, or the teacher's."""


class Known(StrEnum):
    """What is known of the actions of an episode that a teacher scores."""

    NOTHING = "nothing"
    """They are the student's own: the teacher's opinion of each token stands."""
    KEEP = "keep"
    """They are right: tokens that the teacher would not have put there are left out."""
    CORRECT = "correct"
    """They are right: where the teacher would have put another token, the right one is the target."""


class Support(StrEnum):
    """Over which words teacher and student are compared. What is not among them counts together, as a tail."""

    TEACHER = "teacher"
    """The teacher's most probable ones."""
    UNION = "union"
    """These, and those of the student before it knows anything: mass that it must give up is seen word by word."""
    FULL = "full"
    """All of them."""


class PrivilegeLeak(ApprenticeError):
    """The teacher's context holds more than the lesson: learning stops rather than write page text into weights."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sequence of the student with the teacher's opinion: support_ids (N, K), teacher_logp (N, K + 1); (N, V) where all words count."""

    tokens: Tokens
    support_ids: torch.Tensor | None
    """None for all words."""
    teacher_logp: torch.Tensor
    skill: str
    """Which lesson it rehearses; `anchor` for what must stay as it is."""


def assert_privilege(student: Segment, teacher: Segment, lessons: Sequence[str], task: str) -> None:
    """Check the law of learning: the teacher reads what the student reads, and these trusted lessons, and nothing else.

    The lessons stand in the prompt, and line by line in the reply as cues, with values of the task. Raises PrivilegeLeak otherwise.
    """
    block = "\n".join(["Lessons:", *lessons]) + "\n" if lessons else ""
    extra = teacher.prompt.user
    if block:
        at = extra.rfind(block) if block in extra else extra.rfind(block.rstrip("\n"))
        if at < 0:
            raise PrivilegeLeak("the teacher's prompt does not hold its lessons", "This is a bug; nothing was trained")
        extra = (extra[:at] + extra[at + len(block) :]).rstrip("\n")
    told = without_cues([text for text, _ in teacher.reply], lessons, task)
    read = [text for text, _ in student.reply]
    if (extra, teacher.prompt.system, told) != (
        student.prompt.user,
        student.prompt.system,
        read,
    ):
        raise PrivilegeLeak(
            "the teacher reads more than the student and its lesson", "This is a bug; nothing was trained"
        )


@torch.no_grad()
def score(
    model: PeftModel, encoder: Encoder, segment: Segment, device: str = "cpu", *, adapter: bool = False
) -> tuple[Tokens, torch.Tensor]:
    """Return the segment's tokens and logits_N_V of its taught tokens, the adapter switched off unless asked for."""
    tokens = encode(encoder, segment)
    with mixed_precision(model, device), nullcontext() if adapter else model.disable_adapter():
        return tokens, logits_at(model, tokens.ids.to(device), tokens.positions.to(device)).float().cpu()


@torch.no_grad()
def score_beside(
    model: PeftModel, encoder: Encoder, segments: Sequence[Segment], *, adapter: bool = False
) -> list[tuple[Tokens, torch.Tensor]]:
    """Do what `score` does for segments of one page, whose prompts begin alike: the page is computed once."""
    told = [encode(encoder, segment) for segment in segments]
    with mixed_precision(model), nullcontext() if adapter else model.disable_adapter():
        logits = logits_beside(model, [(tokens.ids, tokens.positions) for tokens in told])
    return [(tokens, logits_N_V.float()) for tokens, logits_N_V in zip(told, logits, strict=True)]


def distilled(
    model: PeftModel,
    encoder: Encoder,
    task: str,
    lessons: Sequence[str],
    steps: Iterable[Step],
    skill: str,
    known: Known = Known.NOTHING,
    support: Support = Support.TEACHER,
    **options: Any,
) -> list[Example]:
    """Score an episode by the teacher that reads `lessons`, for the student that reads none.

    `known` says what to do with tokens that the teacher would not have put there. Where the student is asked too, what both read of a page
    is computed once.
    """
    steps = list(steps)
    examples = []
    students = cut(task, (), steps, **options)
    for student, teacher in zip(students, cut(task, lessons, steps, **options), strict=True):
        assert_privilege(student, teacher, lessons, task)
        tokens, first = encode(encoder, student), None
        if support is Support.UNION:
            (told, logits_N_V), (_, first) = score_beside(model, encoder, [teacher, student])
        else:
            told, logits_N_V = score(model, encoder, teacher)
        if not torch.equal(tokens.targets, told.targets):
            raise PrivilegeLeak(
                "teacher and student would learn from different actions", "This is a bug; nothing was trained"
            )
        right_N = logits_N_V.argmax(-1) == tokens.targets
        if known is Known.CORRECT:
            logits_N_V = _corrected(logits_N_V, tokens.targets, right_N)
        ids = _support(support, logits_N_V, first)
        example = Example(tokens, ids, on_support(logits_N_V, ids), skill)
        if known is Known.KEEP:
            example = _only(example, right_N)
        if len(example.tokens.positions):
            examples.append(example)
    return examples


def anchors(
    model: PeftModel, encoder: Encoder, segments: Iterable[Segment], support: Support = Support.TEACHER
) -> list[Example]:
    """Score what must not change: the base itself is the target."""
    examples = []
    for segment in segments:
        tokens, logits_N_V = score(model, encoder, segment)
        ids = _support(support, logits_N_V, None)
        examples.append(Example(tokens, ids, on_support(logits_N_V, ids), "anchor"))
    return examples


def imitated(encoder: Encoder, task: str, steps: Iterable[Step], skill: str, **options: Any) -> list[Example]:
    """Take the recorded tokens themselves as the target."""
    return [certain(encode(encoder, segment), skill) for segment in cut(task, (), steps, **options)]


def certain(tokens: Tokens, skill: str) -> Example:
    """Return a sequence whose target is its own tokens: forward KL to them is cross-entropy."""
    sure_N_2 = torch.tensor([[0.0, float("-inf")]]).expand(len(tokens.positions), 2)
    return Example(tokens, tokens.targets[:, None], sure_N_2, skill)


def pack(examples: Sequence[Example]) -> list[list[Any]]:
    """Return examples as a file of tensors keeps them."""
    return [
        [example.tokens.ids, example.tokens.positions, example.support_ids, example.teacher_logp, example.skill]
        for example in examples
    ]


def unpack(packed: Sequence[Sequence[Any]]) -> list[Example]:
    """Read what `pack` wrote. Which tokens make an action is not kept: only probes ask for that."""
    return [
        Example(Tokens(ids, positions, ()), support, logp, skill) for ids, positions, support, logp, skill in packed
    ]


def _corrected(logits_N_V: torch.Tensor, targets_N: torch.Tensor, right_N: torch.Tensor) -> torch.Tensor:
    """Put certainty about the target in every row where the teacher is wrong."""
    certain_N_V = torch.full_like(logits_N_V, float("-inf")).scatter(-1, targets_N[:, None], 0.0)
    return torch.where(right_N[:, None], logits_N_V, certain_N_V)


def _only(example: Example, keep_N: torch.Tensor) -> Example:
    tokens, ids = example.tokens, example.support_ids
    return replace(
        example,
        tokens=Tokens(tokens.ids, tokens.positions[keep_N], ()),
        support_ids=None if ids is None else ids[keep_N],
        teacher_logp=example.teacher_logp[keep_N],
    )


def _support(kind: Support, teacher_N_V: torch.Tensor, student_N_V: torch.Tensor | None) -> torch.Tensor | None:
    """Return the ids to compare on; a word that both find probable stands twice, and counts once."""
    if kind is Support.FULL:
        return None
    ids_N_K = top_ids(teacher_N_V, TOP_K)
    return ids_N_K if student_N_V is None else torch.cat([ids_N_K, top_ids(student_N_V, TOP_K)], dim=-1)
