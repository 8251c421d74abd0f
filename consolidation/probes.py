"""Probes: what an adapter can do, measured on variants that were never trained on.

Four measures. *Step*: at every state of the right path, is the next action exactly right (greedy, no grammar)? Cheap, and the
most sensitive. *Episode*: let the policy act in the dream, under the grammar, until it says done; was everything done?
*Turn*: on the last page of a dictated session, under the grammar, does it still turn where the person says?
*Witness*: on the pages of a live session that was done with the lesson in context, under the grammar, does it do the same alone?
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from peft import PeftModel

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy
from agent.prompt import Transcript
from agent.types import Policy
from browser.actions import WITHOUT_PAGE, Action
from browser.types import StepResult
from consolidation.examples import score, score_beside
from consolidation.lora import merged
from consolidation.losses import Divergence, divergence, on_support
from consolidation.rehearsal.dream import Dream
from consolidation.rehearsal.variants import Variant, same_action
from consolidation.segments import Segment, Step, cut, granted
from consolidation.tokens import Tokens

EXTRA_STEPS = 6
"""How many steps more than the demonstration took an episode may take."""
DECIDED = 2.0
"""The base has decided on a token that it finds so many times as likely as any other."""
MENDED = 3
"""So many mistakes of one dream are corrected: later ones stand on pages that only earlier ones led to."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A share of successes, one score for each probe: paired comparisons need to know which."""

    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The share of successes; 0 without probes."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


def steps_right(
    model: PeftModel,
    encoder: Encoder,
    variants: Sequence[Variant],
    contexts: Sequence[Sequence[str]],
    *,
    adapter: bool,
    with_manual: bool = False,
) -> list[Measured]:
    """Measure exact next actions on the right path (greedy, no grammar), beside the lessons of each context.

    Returns one measure a context, with one score (share of taught steps) a variant.
    """
    shares: list[list[float]] = [[] for _ in contexts]
    for variant in variants:
        exact: list[list[bool]] = [[] for _ in contexts]
        sessions = [cut(variant.task, lessons, variant.steps, with_manual=with_manual) for lessons in contexts]
        for page in zip(*sessions, strict=True):
            scored = score_beside(model, encoder, page, adapter=adapter)
            for so_far, (tokens, logits_N_V) in zip(exact, scored, strict=True):
                so_far += tokens.exact(logits_N_V.argmax(-1))
        for share, right in zip(shares, exact, strict=True):
            share.append(sum(right) / len(right))
    return [Measured(tuple(share)) for share in shares]


def turn_kept(
    model: PeftModel, encoder: Encoder, student: Policy, session: Variant, *, with_manual: bool = False
) -> list[float]:
    """Say whether the student, under the grammar as by day, takes the last step of a session: nothing unless the base takes it rightly
    and has decided on it.
    """
    tokens, base_N_V = score(model, encoder, cut(session.task, (), session.steps, with_manual=with_manual)[-1])
    if not tokens.exact(base_N_V.argmax(-1))[-1] or not decided_on(tokens, base_N_V)[-1]:
        return []
    *before, last = session.steps
    transcript = Transcript(session.task, (), with_manual, granted=granted(session.steps))
    transcript.start(session.steps[0].observation)
    for step in before:
        transcript.advance(step.action, step.result)
    return [float(same_action(student.decide(transcript.prompt(), last.observation).action, last.action))]


def done_alike(student: Policy, task: str, steps: Sequence[Step], *, with_manual: bool = False) -> bool:
    """Say whether the student, under the grammar as by day and without a lesson, does every step of a recorded session."""
    transcript = Transcript(task, (), with_manual, granted=granted(steps))
    transcript.start(steps[0].observation)
    for step in steps:
        if not same_action(student.decide(transcript.prompt(), step.observation).action, step.action):
            return False
        transcript.advance(step.action, step.result)
    return True


def decided_on(tokens: Tokens, logits_N_V: torch.Tensor) -> list[bool]:
    """Say of each taught action whether every token of it was decided on: others are turned by any change at all."""
    first_N, second_N = logits_N_V.topk(2).values.unbind(-1)
    decided_N = first_N - second_N > math.log(DECIDED)
    return [bool(decided_N[start:end].all()) for start, end in tokens.spans]


def episodes_right(
    model: PeftModel, encoder: Encoder, variants: Sequence[Variant], *, with_manual: bool = False
) -> tuple[Measured, Measured]:
    """Let the adapter act alone in whole dreamt episodes, greedy and under the grammar.

    Returns (1 or 0 a variant: was everything done, the lowest share of probability that the grammar admitted).
    """
    policy = LocalPolicy(merged(model), encoder, name="probe")
    rollouts = [roll_out(policy, variant, with_manual=with_manual) for variant in variants]
    finished = tuple(float(rollout.finished) for rollout in rollouts)
    return Measured(finished), Measured(tuple(rollout.admitted for rollout in rollouts))


@dataclass(frozen=True, slots=True)
class Rollout:
    """A dreamt session of a policy. Its wrong steps are marked as not taught; `right` holds what was right at each step."""

    steps: tuple[Step, ...]
    right: tuple[Action, ...]
    finished: bool
    admitted: float

    def mended(self) -> list[tuple[Step, ...]]:
        """Return, for each of the first wrong steps, the session up to it with the right action in its place, alone taught."""
        wrong = [i for i, step in enumerate(self.steps) if not step.taught][:MENDED]
        return [
            (
                *(replace(step, taught=False) for step in self.steps[:i]),
                Step(self.steps[i].observation, self.right[i], StepResult(self.steps[i].observation)),
            )
            for i in wrong
        ]


def roll_out(
    policy: LocalPolicy,
    variant: Variant,
    lessons: Sequence[str] = (),
    *,
    with_manual: bool = False,
) -> Rollout:
    """Let a policy act in the dream of a variant until it ends or has taken too many steps."""
    dream = Dream(variant)
    page = dream.reset()
    transcript = Transcript(variant.task, lessons, with_manual, granted=granted(variant.steps))
    transcript.start(page)
    steps: list[Step] = []
    right: list[Action] = []
    admitted = 1.0
    for _ in range(len(variant.steps) + EXTRA_STEPS):
        prompt = transcript.prompt()
        decision = policy.decide(prompt, page)
        action = decision.action
        if not prompt.futile:  # what is left out for that can be performed all the same
            admitted = min(admitted, decision.admitted)
        meant = dream.right(action)
        if meant is None:
            break  # an earlier mistake cannot be taken back: nothing is right from here on
        right.append(meant)
        result = dream.step(action)
        steps.append(Step(page, action, result, taught=same_action(action, meant)))
        if action.verb in WITHOUT_PAGE:
            break
        transcript.advance(action, result)
        page = result.observation
    return Rollout(tuple(steps), tuple(right), dream.finished, admitted)


def drift(model: PeftModel, encoder: Encoder, segments: Iterable[Segment]) -> tuple[float, Measured]:
    """Return what the adapter does to unrelated prompts: mean KL(base || adapted) in nats a token, and whether greedy actions are kept.

    An action is kept when it stays, or turns from a wrong one into the right one. Actions on which the base itself is undecided
    count for the first and not for the second: any change turns them.
    """
    total, count = 0.0, 0
    kept: list[float] = []
    for segment in segments:
        tokens, base_N_V = score(model, encoder, segment)
        _, adapted_N_V = score(model, encoder, segment, adapter=True)
        per_token = divergence(on_support(base_N_V), on_support(adapted_N_V), Divergence.FORWARD_KL)
        total, count = total + float(per_token.sum()), count + len(per_token)
        chosen_N = adapted_N_V.argmax(-1)
        stays_N, right = base_N_V.argmax(-1) == chosen_N, tokens.exact(chosen_N)
        decided = zip(tokens.spans, decided_on(tokens, base_N_V), right, strict=True)
        kept += [float(is_right or stays_N[start:end].all()) for (start, end), counts, is_right in decided if counts]
    return (total / count if count else 0.0), Measured(tuple(kept))


def bootstrap(
    differences: Sequence[float], seed: int = 0, draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Return a percentile interval of the mean of paired differences."""
    if not differences:
        return (-math.inf, math.inf)
    rng = random.Random(seed)
    means = sorted(sum(rng.choices(differences, k=len(differences))) / len(differences) for _ in range(draws))
    tail = (1 - level) / 2
    return means[int(tail * draws)], means[min(draws - 1, int((1 - tail) * draws))]
