"""One night: headroom, rehearsal, distillation, gate, decision.

Every phase leaves its result in the job's folder before the next begins, so a night that was killed goes on where it stood
and ends with the same adapter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy
from consolidation.distill import DistillConfig, Progress, distill
from consolidation.evidence import Prober, Skill, means, measured
from consolidation.examples import ON_POLICY, Arm, Example, Known, anchors, distilled, imitated
from consolidation.gate import Bounds, Evidence, Row, judge, passes
from consolidation.lora import attach_lora, mixed_precision
from consolidation.probes import Measured, Rollout, drift, roll_out
from consolidation.rehearsal.anchors import page_anchors, shipped_anchors
from consolidation.rehearsal.values import vocabulary_words
from consolidation.rehearsal.variants import Variant, make_variant
from consolidation.segments import Segment
from consolidation.storage import write_atomically
from consolidation.tokens import Tokens

_UNRELATED = 'Asked: water the plants\nclick "Garden"\nclick "Water now"\ndone'
"""What the mismatched arm's teacher reads where there is no other lesson."""

WHOLE = 3
"""One in so many rehearsed variants teaches every step; the others only where something is filled in, which differs."""

Report = Callable[[str, dict[str, Any]], None]
"""Told the phase and what there is to say about it."""


@dataclass(frozen=True, slots=True)
class NightConfig:
    """What a night may cost and how it learns."""

    arm: Arm = Arm.OPSD
    variants: int = 30
    """Rehearsed sessions, shared among the skills."""
    rollouts: int = 4
    """Sessions that the student dreams itself, in each round."""
    rounds: tuple[float, ...] = (0.4, 0.7)
    """After which share of the updates the student dreams."""
    probes: int = 6
    """Held-out variants a skill."""
    page_anchors: int = 12
    shipped_anchors: int = 32
    held_anchors: int = 10
    """Shipped prompts kept for the gate."""
    distill: DistillConfig = field(default_factory=DistillConfig)
    bounds: Bounds = field(default_factory=Bounds)
    with_manual: bool = False
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Champion:
    """The adapter that acts now: a challenger may not do worse on the lessons that it holds."""

    path: Path
    lesson_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Headroom:
    """What was measured before training, by lesson."""

    alone: Mapping[str, Measured]
    with_lesson: Mapping[str, Measured]
    champion: Mapping[str, Measured]

    def gain(self, lesson_id: str) -> float:
        """How far the lesson in context lifts the base."""
        return self.with_lesson[lesson_id].mean - self.alone[lesson_id].mean


@dataclass(slots=True)
class Night:
    """The state of one night, in one folder."""

    base: Any
    encoder: Encoder
    skills: Sequence[Skill]
    config: NightConfig
    folder: Path
    report: Report = lambda _phase, _facts: None
    champion: Champion | None = None
    model: PeftModel = field(init=False)
    words: tuple[str, ...] = field(init=False)
    prober: Prober = field(init=False)
    learned: list[Skill] = field(init=False)
    """The skills whose lesson helps in context: the others have nothing to distil and stay in the prompt."""

    def __post_init__(self) -> None:
        shape = self.config.distill
        self.model = attach_lora(self.base, shape.rank, shape.alpha, shape.seed)
        self.model.eval()
        self.words = vocabulary_words(self.encoder.tokenizer)
        self.prober = Prober(self.model, self.encoder, self.words, self.config.probes, self.config.with_manual)
        self.learned = list(self.skills)
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self) -> list[Row]:
        """Go through the night and return the gate's rows. The trained adapter stays attached to `model`."""
        before = self.headroom()
        least = self.config.bounds.headroom if self.config.arm in ON_POLICY else -1.0
        self.learned = [skill for skill in self.skills if before.gain(skill.id) >= least]
        if not self.learned:
            best = max(before.gain(skill.id) for skill in self.skills)
            rows = [Row("a lesson helps in context", best, f">= {least}", passed=False)]
            self._report_gate(rows, {})
            return rows
        skills, kept = self.rehearse()
        self.learn(skills, kept)
        return self.gate(before)

    # ---- phases -----------------------------------------------------------------------------------------------

    def headroom(self) -> Headroom:
        """Measure, before anything is trained, how far the lesson in context lifts the base, and what the champion can do."""

        def measure() -> dict[str, Any]:
            held = [skill for skill in self.skills if self.champion and skill.id in self.champion.lesson_ids]
            return {
                "alone": self.prober.alone(self.skills, adapter=False),
                "with_lesson": self.prober.taught(self.skills, adapter=False),
                "champion": self.prober.champion(self.champion.path, held) if self.champion else {},
            }

        result = self._once("headroom", measure)
        return Headroom(measured(result["alone"]), measured(result["with_lesson"]), measured(result["champion"]))

    def rehearse(self) -> tuple[list[Example], list[Example]]:
        """Make the examples of the right path, and the anchors."""
        path = self.folder / "examples.pt"
        if not path.exists():
            started = time.monotonic()
            examples = [example for skill in self.learned for example in self.examples_of(skill)]
            kept = anchors(self.model, self.encoder, self.anchor_segments())
            write_atomically(path, lambda temporary: torch.save([_pack(examples), _pack(kept)], temporary))
            self.report(
                "rehearse",
                {"sequences": len(examples), "anchors": len(kept), "seconds": round(time.monotonic() - started, 1)},
            )
        packed: list[Any] = torch.load(path, weights_only=True)
        return _unpack(packed[0]), _unpack(packed[1])

    def learn(self, skills: list[Example], kept: list[Example]) -> Progress:
        """Train, letting the student dream in between: from then on its own sessions are learned from too."""
        shape = self.config.distill
        turns = [round(share * shape.updates) for share in self.config.rounds] if self.config.arm in ON_POLICY else []
        progress = Progress()
        for number, last in enumerate([*turns, shape.updates]):
            first = turns[number - 1] if number else 0
            progress = distill(self.model, skills, kept, shape, first, last, self.folder / "checkpoint.pt", self._tell)
            if last < shape.updates:
                skills = skills + self.dream(number)
        return progress

    def dream(self, number: int) -> list[Example]:
        """Let the student act without the lesson in fresh variants; the teacher says what it would have done instead."""
        path = self.folder / f"dreams-{number}.pt"
        if not path.exists():
            examples: list[Example] = []
            for index in range(self.config.rollouts):
                skill = self.learned[index % len(self.learned)]
                variant = make_variant(skill.demonstration, self.words, (1 + number) * 1000 + index)
                with mixed_precision(self.model):
                    policy = LocalPolicy(
                        self.model.get_base_model(),
                        self.encoder,
                        name="student",
                        temperature=1.0,
                        seed=self.config.seed + index,
                    )
                    rollout = roll_out(policy, variant, with_manual=self.config.with_manual, reminded=True)
                examples += self._learned_from(skill, variant, rollout)
            write_atomically(path, lambda temporary: torch.save(_pack(examples), temporary))
            self.report("dream", {"round": number, "sequences": len(examples)})
        return _unpack(torch.load(path, weights_only=True))

    def _learned_from(self, skill: Skill, variant: Variant, rollout: Rollout) -> list[Example]:
        """Score a dream by the teacher: what the student did right as it was, what it did wrong with the right action in its place.

        Without corrections (the pure arm) the teacher's opinion of every step stands, and with it the teacher's mistakes.
        """
        lessons, known = self._privilege(skill)
        sessions = [rollout.steps, *rollout.mended()]
        if known is not Known.CORRECT:
            known, sessions = Known.NOTHING, [tuple(replace(step, taught=True) for step in rollout.steps)]
        return [
            example
            for steps in sessions
            for example in distilled(
                self.model,
                self.encoder,
                variant.task,
                lessons,
                steps,
                skill.id,
                known,
                with_manual=self.config.with_manual,
            )
        ]

    def gate(self, before: Headroom) -> list[Row]:
        """Measure the challenger on what it never trained on, and judge."""

        def measure() -> dict[str, Any]:
            episodes, admitted = self.prober.episodes(self.learned)
            moved, same = drift(self.model, self.encoder, shipped_anchors()[-self.config.held_anchors :])
            return {
                "alone": self.prober.alone(self.learned, adapter=True),
                "with_lesson": self.prober.taught(self.learned, adapter=True),
                "episodes": episodes,
                "admitted": admitted,
                "drift": moved,
                "same": same.scores,
            }

        result = self._once("gate", measure)
        alone = measured(result["alone"])
        evidence = Evidence(
            before.alone,
            before.with_lesson,
            alone,
            measured(result["with_lesson"]),
            {lesson: scores for lesson, scores in before.champion.items() if lesson in alone},
            result["drift"],
            Measured(tuple(result["same"])),
            Measured(tuple(result["admitted"])),
        )
        rows = judge(evidence, self.config.bounds)
        self._report_gate(rows, means(result["episodes"]))
        return rows

    def _report_gate(self, rows: list[Row], episodes: Mapping[str, float]) -> None:
        facts = {"rows": [row.to_json() for row in rows], "passed": passes(rows), "episodes": dict(episodes)}
        self.report("gate", facts)

    # ---- what the phases are made of --------------------------------------------------------------------------

    def examples_of(self, skill: Skill) -> list[Example]:
        """Make one skill's share of the examples, as the arm wants it."""
        config, options = self.config, {"with_manual": self.config.with_manual}
        if config.arm is Arm.SFT:
            return imitated(self.encoder, skill.demonstration.task, skill.demonstration.steps, skill.id, **options)
        examples: list[Example] = []
        for seed in range(max(1, config.variants // len(self.learned))):
            variant = make_variant(skill.demonstration, self.words, config.seed * 10_000 + seed)
            steps = variant.steps if seed % WHOLE == 0 else variant.only_filling()
            if config.arm is Arm.SFT_DREAM:
                examples += imitated(self.encoder, variant.task, steps, skill.id, **options)
                continue
            lessons, known = self._privilege(skill)
            examples += distilled(
                self.model, self.encoder, variant.task, lessons, steps, skill.id, known=known, **options
            )
            self.report(
                "rehearse", {"skill": skill.id, "variant": seed + 1, "of": config.variants // len(self.learned)}
            )
        return examples

    def anchor_segments(self) -> list[tuple[Segment, Segment]]:
        """Return what must stay, as student and teacher read it: shipped prompts, and other tasks on the recorded pages.

        Plain SFT has none.
        """
        if self.config.arm in (Arm.SFT, Arm.SFT_DREAM):
            return []
        with mixed_precision(self.model), self.model.disable_adapter():
            policy = LocalPolicy(self.model.get_base_model(), self.encoder, name="base")
            own = page_anchors(
                policy,
                [skill.demonstration for skill in self.learned],
                self.words,
                self.config.page_anchors,
                self.config.seed,
                with_manual=self.config.with_manual,
            )
        shipped = shipped_anchors()[: self.config.shipped_anchors]
        return own + list(zip(shipped, shipped, strict=True))

    def _privilege(self, skill: Skill) -> tuple[tuple[str, ...], Known]:
        """Say what the teacher reads under the present arm, and whether the rehearsed actions count as right."""
        match self.config.arm:
            case Arm.OPSD:
                return (skill.text,), Known.CORRECT
            case Arm.PURE:
                return (skill.text,), Known.KEEP
            case Arm.MISMATCHED:
                return (next((other.text for other in self.skills if other.id != skill.id), _UNRELATED),), Known.NOTHING
            case _:
                return (), Known.NOTHING

    def _once(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Do a phase whose result is a small JSON object, or read what it left."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            started = time.monotonic()
            result = measure()
            write_atomically(path, lambda temporary: temporary.write_text(json.dumps(result)))
            self.report(
                name,
                {
                    "seconds": round(time.monotonic() - started, 1),
                    **{key: means(value) for key, value in result.items() if isinstance(value, dict)},
                },
            )
        return json.loads(path.read_text())

    def _tell(self, progress: Progress) -> None:
        self.report(
            "learn",
            {
                "update": progress.update,
                "of": self.config.distill.updates,
                "divergence": progress.curve[-1],
                "tokens": progress.tokens,
                "skipped": progress.skipped,
            },
        )


def config_record(config: NightConfig) -> dict[str, Any]:
    """Return the configuration as the receipt keeps it."""
    return asdict(config)


def _pack(examples: Sequence[Example]) -> list[list[Any]]:
    return [
        [example.tokens.ids, example.tokens.positions, example.support_ids, example.teacher_logp, example.skill]
        for example in examples
    ]


def _unpack(packed: Sequence[Sequence[Any]]) -> list[Example]:
    return [
        Example(Tokens(ids, positions, ()), support, logp, skill) for ids, positions, support, logp, skill in packed
    ]
