"""The curriculum of a night: the sequences that are learned from, and those that must stay as they are.

From a demonstration come rehearsed variants, which walk the right path, and dreams, in which the student acts itself; each arm makes
of them what it compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from peft import PeftModel

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy
from consolidation.config import NightConfig
from consolidation.evidence import Skill
from consolidation.examples import Arm, Example, Known, anchors, distilled, imitated
from consolidation.lora import merged, mixed_precision
from consolidation.privilege import privileged
from consolidation.probes import Rollout, roll_out
from consolidation.rehearsal.anchors import Turn, dictated, dictations, page_anchors, shipped_anchors
from consolidation.rehearsal.variants import HELD_OUT, Variant, make_variant
from consolidation.segments import Segment, Step, only_last

_UNRELATED = 'Asked: water the plants\nclick "Garden"\nclick "Water now"\ndone'
"""What the mismatched arm's teacher reads where there is no other lesson."""

WHOLE = 3
"""One in so many rehearsed variants teaches every step; the others only where something is filled in, which differs."""
RECORDED = 6
"""One in so many is the recording itself, scored once: the one page and the one wording that are known to be real."""


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Makes the sequences of one night. Everything is drawn from its seed."""

    model: PeftModel
    encoder: Encoder
    words: tuple[str, ...]
    config: NightConfig
    skills: Sequence[Skill]
    """All lessons of the night: the mismatched arm reads another one's."""

    def rehearsed(self, skill: Skill, count: int) -> Iterator[list[Example]]:
        """Make the sequences of the right path, as the arm wants them, for each of `count` variants of a skill in turn."""
        shown = skill.demonstration
        recording = self._walked(skill, Variant(shown.task, shown.steps))
        for number in range(1 if self.config.arm is Arm.SFT else count):
            if number % RECORDED == 0:
                yield recording
                continue
            variant = make_variant(shown, self.words, self.config.seed * 10_000 + number)
            yield self._walked(skill, variant if number % WHOLE == 0 else variant.only_filling())

    def reviewed(self, skill: Skill, count: int, generation: int) -> Iterator[list[Example]]:
        """Make the sequences of `count` variants of a skill that is held already, other ones in each generation."""
        first = generation * max(count, self.config.reviewed)
        for number in range(first, first + count):
            variant = make_variant(skill.demonstration, self.words, self.config.seed * 10_000 + 5_000 + number)
            yield self._walked(skill, variant if number % WHOLE == 0 else variant.only_filling())

    def dreamt(self, skill: Skill, round_no: int, index: int) -> list[Example]:
        """Let the student act without the lesson in a fresh variant; the teacher says what it would have done instead.

        Off the policy it is the teacher itself that acts, with the lesson.
        """
        variant = make_variant(skill.demonstration, self.words, (1 + round_no) * 1000 + index)
        sampled = {"temperature": 1.0, "seed": self.config.seed + index}
        if self.config.arm is Arm.OFF_POLICY:
            with mixed_precision(self.model), self.model.disable_adapter():
                teacher = LocalPolicy(self.model.get_base_model(), self.encoder, name="teacher", **sampled)
                rollout = roll_out(teacher, variant, self._privilege(skill), **self._form)
        else:
            student = LocalPolicy(merged(self.model), self.encoder, name="student", **sampled)
            rollout = roll_out(student, variant, **self._form)
        return self._learned_from(skill, variant, rollout)

    def kept(self, learned: Sequence[Skill]) -> list[Example]:
        """Make the anchors: shipped prompts, and other tasks on the pages of what is learned, dictated ones too. Imitation has none."""
        if self.config.arm in (Arm.SFT, Arm.SFT_DREAM):
            return []
        config, shown = self.config, [skill.demonstration for skill in learned]
        with mixed_precision(self.model), self.model.disable_adapter():
            base = LocalPolicy(self.model.get_base_model(), self.encoder, name="base")
            own = page_anchors(base, shown, self.words, config.page_anchors, config.seed, **self._form)
        own += dictations(shown, self.words, config.dictations, config.seed, **self._form)
        segments = own + shipped_anchors()[: config.shipped_anchors]
        return anchors(self.model, self.encoder, segments, config.distill.support)

    def unrelated(self) -> list[Segment]:
        """Return what the gate asks whether it stayed as it was: shipped prompts that no arm trains on."""
        return shipped_anchors()[-self.config.held_anchors :]

    def dictated(self, learned: Sequence[Skill]) -> list[Variant]:
        """Return sessions, dictated on the pages of what is learned, that no arm trains on: only their turn is asked for.

        In half of them the person leaves out what the skill does next.
        """
        shown, seed = [skill.demonstration for skill in learned], HELD_OUT + self.config.seed
        half = self.config.held_dictations // 2
        sessions = {session.task: session for turn in Turn for session in dictated(shown, self.words, half, seed, turn)}
        return [replace(session, steps=only_last(session.steps)) for session in sessions.values()]

    def _walked(self, skill: Skill, variant: Variant) -> list[Example]:
        """Score a session on the right path, or imitate it."""
        if self.config.arm in (Arm.SFT, Arm.SFT_DREAM):
            return self._imitated(skill, variant.task, variant.steps)
        return self._distilled(skill, variant.task, variant.steps, self._known())

    def _learned_from(self, skill: Skill, variant: Variant, rollout: Rollout) -> list[Example]:
        """Score a dream by the teacher: what the student did right as it was, what it did wrong with the right action in its place.

        Without corrections (the pure arm) the teacher's opinion of every step stands, and with it the teacher's mistakes.
        """
        known, sessions = self._known(), [rollout.steps, *rollout.mended()]
        if known is not Known.CORRECT:
            known, sessions = Known.NOTHING, [tuple(replace(step, taught=True) for step in rollout.steps)]
        return [example for steps in sessions for example in self._distilled(skill, variant.task, steps, known)]

    def _distilled(self, skill: Skill, task: str, steps: Sequence[Step], known: Known) -> list[Example]:
        shape, read = self.config.distill, self._privilege(skill)
        return distilled(self.model, self.encoder, task, read, steps, skill.id, known, shape.support, **self._form)

    def _imitated(self, skill: Skill, task: str, steps: Sequence[Step]) -> list[Example]:
        return imitated(self.encoder, task, steps, skill.id, **self._form)

    @property
    def _form(self) -> dict[str, Any]:
        return {"with_manual": self.config.with_manual}

    def _privilege(self, skill: Skill) -> tuple[str, ...]:
        """Return what the teacher reads under the present arm."""
        match self.config.arm:
            case Arm.OPSD | Arm.OFF_POLICY | Arm.PURE:
                return (privileged(skill, self.config.privilege),)
            case Arm.MISMATCHED:
                others = (privileged(one, self.config.privilege) for one in self.skills if one.id != skill.id)
                return (next(others, _UNRELATED),)
            case _:
                return ()

    def _known(self) -> Known:
        """Say whether the rehearsed actions count as right."""
        known = {Arm.OPSD: Known.CORRECT, Arm.OFF_POLICY: Known.CORRECT, Arm.PURE: Known.KEEP}
        return known.get(self.config.arm, Known.NOTHING)
