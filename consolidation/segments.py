"""Cut a session into training sequences: one prompt, then every decision until the page is shown whole again.

The unit of all training, by cloning and by distillation: the page is computed once for several decisions. Plain data: the
tokens are made in `consolidation.tokens`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from agent.prompt import Prompt, Transcript
from browser.actions import Action, Verb
from browser.types import Observation, StepResult

ENDS = (Verb.DONE, Verb.FAIL)


class Acted(Protocol):
    """A recorded step, in a night or in the store."""

    @property
    def observation(self) -> Observation:
        """The page that was acted on."""
        ...

    @property
    def action(self) -> Action:
        """What was done."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an episode. Only `taught` actions carry loss: a planted mistake or a slip of the student's does not have to."""

    observation: Observation
    action: Action
    result: StepResult
    taught: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A prompt without reply, and the reply as (text, taught) pairs: cues, actions, and what came of them."""

    prompt: Prompt
    reply: tuple[tuple[str, bool], ...]


def cut(task: str, lessons: Sequence[str], steps: Iterable[Step], *, with_manual: bool = False) -> list[Segment]:
    """Cut an episode at its keyframes. Each taught decision stands in exactly one segment.

    Where the cuts fall depends on pages and actions alone: the same episode with lessons has the same replies, and cues
    in them.
    """
    steps = list(steps)
    transcript = Transcript(task, lessons, with_manual, granted=granted(steps))
    transcript.start(steps[0].observation)
    out: list[Segment] = []
    prompt, reply, keyframe = *_opening(transcript), transcript.keyframes
    for step in steps:
        reply.append((step.action.render() + "\n", step.taught))
        if step.action.verb in ENDS:
            break
        transcript.advance(step.action, step.result)
        if transcript.keyframes == keyframe:
            known = len(reply)
            reply.extend((piece.text, False) for piece in transcript.prompt().reply[known:])
        else:
            if any(taught for _, taught in reply):
                out.append(Segment(prompt, tuple(reply)))
            prompt, reply, keyframe = *_opening(transcript), transcript.keyframes
    if any(taught for _, taught in reply):
        out.append(Segment(prompt, tuple(reply)))
    return out


def granted(steps: Iterable[Acted]) -> dict[str, list[str]]:
    """Return the secrets that recorded steps typed, each with the origins where they did: what was granted by day."""
    secrets: dict[str, list[str]] = {}
    for step in steps:
        if step.action.secret:
            secrets.setdefault(step.action.secret, []).append(step.observation.origin)
    return secrets


def only_last(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps with the last one alone marked as taught."""
    return (*(replace(step, taught=False) for step in steps[:-1]), replace(steps[-1], taught=True))


def _opening(transcript: Transcript) -> tuple[Prompt, list[tuple[str, bool]]]:
    """Return the prompt at a keyframe without its reply, and the reply so far: nothing but a cue."""
    prompt = transcript.prompt()
    return replace(prompt, reply=()), [(piece.text, False) for piece in prompt.reply]
