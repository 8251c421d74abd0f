"""Cut a session into training sequences: one prompt, then every decision until the page is shown whole again.

The unit of all training, by cloning and by distillation: the page is computed once for several decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from agent.policy.encode import Encoder
from agent.prompt import Prompt, Transcript
from browser.actions import Action, Verb
from browser.types import Observation, StepResult

ENDS = (Verb.DONE, Verb.FAIL)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an episode. Only `taught` actions carry loss: a planted mistake or a slip of the student's does not have to."""

    observation: Observation
    action: Action
    result: StepResult
    taught: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A prompt without reply, and the reply as (text, taught) pairs."""

    prompt: Prompt
    reply: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """A segment as tokens: ids (T,), and the positions (N,) whose next token is taught."""

    ids: torch.Tensor
    positions: torch.Tensor
    spans: tuple[tuple[int, int], ...]
    """Start and end, within `positions`, of each taught action."""

    @property
    def targets(self) -> torch.Tensor:
        """The taught tokens (N,)."""
        return self.ids[self.positions + 1]

    def exact(self, predicted: torch.Tensor) -> list[bool]:
        """Say of each taught action whether all its tokens were predicted (N,) rightly."""
        right = predicted == self.targets
        return [bool(right[start:end].all()) for start, end in self.spans]


def cut(task: str, lessons: Sequence[str], steps: Iterable[Step], *, with_manual: bool = False) -> list[Segment]:
    """Cut an episode at its keyframes. Each decision stands in exactly one segment.

    Where the cuts fall depends on pages and actions alone, so the same episode with and without lessons has the same replies.
    """
    steps = list(steps)
    transcript = Transcript(task, lessons, with_manual)
    transcript.start(steps[0].observation)
    out: list[Segment] = []
    prompt, reply, keyframe = transcript.prompt(), list[tuple[str, bool]](), transcript.keyframes
    for step in steps:
        reply.append((step.action.render() + "\n", step.taught))
        if step.action.verb in ENDS:
            break
        transcript.advance(step.action, step.result)
        if transcript.keyframes == keyframe:
            known = len(reply)
            reply.extend((piece.text, False) for piece in transcript.prompt().reply[known:])
        else:
            out.append(Segment(prompt, tuple(reply)))
            prompt, reply, keyframe = transcript.prompt(), [], transcript.keyframes
    if reply:
        out.append(Segment(prompt, tuple(reply)))
    return out


def encode(encoder: Encoder, segment: Segment) -> Tokens:
    """Encode a segment as the policy would read and write it."""
    ids = encoder.head(segment.prompt)
    positions: list[int] = []
    spans: list[tuple[int, int]] = []
    for text, taught in segment.reply:
        piece = encoder.text(text)
        if taught:
            spans.append((len(positions), len(positions) + len(piece)))
            positions.extend(range(len(ids) - 1, len(ids) + len(piece) - 1))
        ids.extend(piece)
    return Tokens(torch.tensor(ids), torch.tensor(positions, dtype=torch.long), tuple(spans))
