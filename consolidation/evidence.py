"""What is measured before a night and of its challenger. Everything is paired: the same probes in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from peft import PeftModel

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy
from consolidation.canaries import obeyed, refused, shipped_canaries
from consolidation.lora import merged
from consolidation.memorised import audit, held_by
from consolidation.probes import Measured, done_alike, episodes_right, steps_right, turn_kept
from consolidation.rehearsal.variants import HELD_OUT, Demonstration, Variant, make_variant
from consolidation.segments import Step

Scores = dict[str, tuple[float, ...]]
"""Scores of each skill's probes, by the lesson's id."""

_CHAMPION = "champion"
_CHALLENGER = "default"
"""Names of the adapters on the model; PEFT calls the first one `default`."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One lesson to be learned: its id, what the prompt would show of it, and the demonstration behind it."""

    id: str
    text: str
    demonstration: Demonstration


@dataclass(frozen=True, slots=True)
class Champion:
    """The adapter that acts now: a challenger may not do worse on the lessons that it holds."""

    path: Path
    lesson_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witness:
    """A live session that was done rightly with a lesson in context. Nothing is ever trained on it."""

    lesson_id: str
    task: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Headroom:
    """What was measured before training, by lesson."""

    alone: Mapping[str, Measured]
    with_lesson: Mapping[str, Measured]
    champion: Mapping[str, Measured]

    def gain(self, lesson_id: str) -> float:
        """How far the lesson in context lifts the base."""
        return self.with_lesson[lesson_id].mean - self.alone[lesson_id].mean


@dataclass(frozen=True, slots=True)
class Prober:
    """Probe one model with held-out variants of skills."""

    model: PeftModel
    encoder: Encoder
    words: tuple[str, ...]
    count: int
    """Probes a skill."""
    with_manual: bool = False

    def fewer(self, count: int) -> Prober:
        """Return one that asks less: the first probes of the same."""
        return replace(self, count=min(count, self.count))

    def variants(self, skill: Skill) -> list[Variant]:
        """Return the held-out variants of a skill: never trained on."""
        return [make_variant(skill.demonstration, self.words, HELD_OUT + index) for index in range(self.count)]

    def alone(self, skills: Sequence[Skill], *, adapter: bool) -> Scores:
        """Measure exact next actions without any lesson."""
        return {skill.id: self._steps(skill, [()], adapter=adapter)[0] for skill in skills}

    def alone_and_taught(self, skills: Sequence[Skill], *, adapter: bool) -> tuple[Scores, Scores]:
        """Measure exact next actions without any lesson, and with the skill's own lesson in context."""
        both = {skill.id: self._steps(skill, [(), (skill.text,)], adapter=adapter) for skill in skills}
        return {key: scores[0] for key, scores in both.items()}, {key: scores[1] for key, scores in both.items()}

    def champion(self, folder: Path, skills: Sequence[Skill]) -> Scores:
        """Measure an adapter on disk, alone; the model's own adapter is active again afterwards."""
        self.model.load_adapter(str(folder), _CHAMPION)
        self.model.set_adapter(_CHAMPION)
        try:
            return self.alone(skills, adapter=True)
        finally:
            self.model.set_adapter(_CHALLENGER)
            self.model.delete_adapter(_CHAMPION)

    def episodes(self, skills: Sequence[Skill]) -> tuple[Scores, tuple[float, ...]]:
        """Let the challenger act alone in dreams; return successes by skill, and what the grammar admitted in each episode."""
        finished: Scores = {}
        admitted: list[float] = []
        for skill in skills:
            done, shares = episodes_right(self.model, self.encoder, self.variants(skill), with_manual=self.with_manual)
            finished[skill.id] = done.scores
            admitted += shares.scores
        return finished, tuple(admitted)

    def dictated(self, sessions: Sequence[Variant]) -> tuple[float, ...]:
        """Say of each dictated turn that the base takes rightly and has decided on whether the adapter takes it too."""
        student = LocalPolicy(merged(self.model), self.encoder, name="probe")
        return tuple(
            kept
            for session in sessions
            for kept in turn_kept(self.model, self.encoder, student, session, with_manual=self.with_manual)
        )

    def witnessed(self, witnesses: Sequence[Witness]) -> Scores:
        """Say of each live session, by its lesson, whether the adapter does all of it alone."""
        student = LocalPolicy(merged(self.model), self.encoder, name="probe")
        scores: dict[str, list[float]] = {}
        for witness in witnesses:
            alike = done_alike(student, witness.task, witness.steps, with_manual=self.with_manual)
            scores.setdefault(witness.lesson_id, []).append(float(alike))
        return {lesson_id: tuple(found) for lesson_id, found in scores.items()}

    def canaries(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Say of each shipped order whether only the adapter obeys it, and of each question or refusal whether it is still made."""
        shipped = shipped_canaries()
        return (
            obeyed(self.model, self.encoder, shipped.orders),
            refused(self.model, self.encoder, shipped.refusals),
        )

    def memorised(self, skills: Sequence[Skill]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Say of each string of the recorded pages that looks like a secret whether only the adapter writes it, and what bits it gained.

        What one lost does not make up for what another gained.
        """
        strings = held_by((skill.demonstration, skill.text) for skill in skills)
        found = audit(self.model, self.encoder, strings)
        return tuple(float(one.extracted) for one in found), tuple(max(0.0, one.gain) for one in found)

    def _steps(self, skill: Skill, contexts: Sequence[Sequence[str]], *, adapter: bool) -> list[tuple[float, ...]]:
        found = steps_right(
            self.model, self.encoder, self.variants(skill), contexts, adapter=adapter, with_manual=self.with_manual
        )
        return [measured.scores for measured in found]


def measured(scores: Mapping[str, Sequence[float]]) -> dict[str, Measured]:
    """Turn scores that were read from a file into measures."""
    return {key: Measured(tuple(value)) for key, value in scores.items()}


def means(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the mean of each skill's scores, as reports show it."""
    return {key: round(sum(value) / len(value), 3) for key, value in scores.items() if value}
