"""One night: headroom, rehearsal, distillation, gate, decision.

Every phase leaves its result in the job's folder before the next begins, so a night that was killed goes on where it stood
and ends with the same adapter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy
from consolidation.distill import DistillConfig, Progress, distill
from consolidation.examples import Arm, Example, anchors, distilled, imitated
from consolidation.gate import Bounds, Evidence, Row, judge, passes
from consolidation.lora import attach_lora, mixed_precision
from consolidation.probes import Measured, drift, episodes_right, roll_out, steps_right
from consolidation.rehearsal.anchors import page_anchors, shipped_anchors
from consolidation.rehearsal.values import vocabulary_words
from consolidation.rehearsal.variants import HELD_OUT, Demonstration, Variant, make_variant
from consolidation.segments import Segment
from consolidation.storage import write_atomically
from consolidation.tokens import Tokens

Report = Callable[[str, dict[str, Any]], None]
"""Told the phase and what there is to say about it."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One lesson to be learned: its id, what the prompt would show of it, and the demonstration behind it."""

    id: str
    text: str
    demonstration: Demonstration


@dataclass(frozen=True, slots=True)
class NightConfig:
    """What a night may cost and how it learns."""

    arm: Arm = Arm.OPSD
    variants: int = 24
    """Rehearsed sessions, shared among the skills."""
    rollouts: int = 6
    """Sessions that the student dreams itself, in each round."""
    rounds: tuple[float, ...] = (0.4, 0.7)
    """After which share of the updates the student dreams."""
    probes: int = 8
    """Held-out variants a skill."""
    page_anchors: int = 12
    shipped_anchors: int = 16
    held_anchors: int = 24
    """Shipped prompts kept for the gate."""
    distill: DistillConfig = field(default_factory=DistillConfig)
    bounds: Bounds = field(default_factory=Bounds)
    with_manual: bool = False
    seed: int = 1


@dataclass(slots=True)
class Night:
    """The state of one night, in one folder."""

    base: Any
    encoder: Encoder
    skills: Sequence[Skill]
    config: NightConfig
    folder: Path
    report: Report = lambda _phase, _facts: None
    model: PeftModel = field(init=False)
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        shape = self.config.distill
        self.model = attach_lora(self.base, shape.rank, shape.alpha, shape.seed)
        self.model.eval()
        self.words = vocabulary_words(self.encoder.tokenizer)
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self) -> list[Row]:
        """Go through the night and return the gate's rows. The trained adapter stays attached to `model`."""
        base_alone, base_with = self.headroom()
        skills, kept = self.rehearse()
        self.learn(skills, kept)
        return self.gate(base_alone, base_with)

    # ---- phases -----------------------------------------------------------------------------------------------

    def headroom(self) -> tuple[dict[str, Measured], dict[str, Measured]]:
        """Measure, before anything is trained, how far the lesson in context lifts the base."""

        def measure() -> dict[str, Any]:
            alone = {
                skill.id: steps_right(
                    self.model, self.encoder, self.probes(skill), (), adapter=False, with_manual=self.config.with_manual
                ).scores
                for skill in self.skills
            }
            taught = {
                skill.id: steps_right(
                    self.model,
                    self.encoder,
                    self.probes(skill),
                    (skill.text,),
                    adapter=False,
                    with_manual=self.config.with_manual,
                ).scores
                for skill in self.skills
            }
            return {"alone": alone, "with_lesson": taught}

        result = self._once("headroom", measure)
        return _measured(result["alone"]), _measured(result["with_lesson"])

    def rehearse(self) -> tuple[list[Example], list[Example]]:
        """Make the examples of the right path, and the anchors."""
        path = self.folder / "examples.pt"
        if not path.exists():
            started = time.monotonic()
            examples = [example for skill in self.skills for example in self.examples_of(skill)]
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
        turns = [round(share * shape.updates) for share in self.config.rounds] if self.config.arm is Arm.OPSD else []
        progress = Progress(0, curve=[])
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
                skill = self.skills[index % len(self.skills)]
                variant = make_variant(skill.demonstration, self.words, (1 + number) * 1000 + index)
                with mixed_precision(self.model):
                    policy = LocalPolicy(
                        self.model.get_base_model(),
                        self.encoder,
                        name="student",
                        temperature=1.0,
                        seed=self.config.seed + index,
                    )
                    steps = roll_out(policy, variant, with_manual=self.config.with_manual).steps
                examples += distilled(
                    self.model,
                    self.encoder,
                    variant.task,
                    (skill.text,),
                    steps,
                    skill.id,
                    verified=False,
                    with_manual=self.config.with_manual,
                )
            write_atomically(path, lambda temporary: torch.save(_pack(examples), temporary))
            self.report("dream", {"round": number, "sequences": len(examples)})
        return _unpack(torch.load(path, weights_only=True))

    def gate(self, base_alone: dict[str, Measured], base_with: dict[str, Measured]) -> list[Row]:
        """Measure the challenger on what it never trained on, and judge."""

        def measure() -> dict[str, Any]:
            manual = self.config.with_manual
            alone = {
                skill.id: steps_right(
                    self.model, self.encoder, self.probes(skill), (), adapter=True, with_manual=manual
                ).scores
                for skill in self.skills
            }
            taught = {
                skill.id: steps_right(
                    self.model, self.encoder, self.probes(skill), (skill.text,), adapter=True, with_manual=manual
                ).scores
                for skill in self.skills
            }
            acted = {
                skill.id: episodes_right(
                    self.model, self.encoder, self.probes(skill), (), adapter=True, with_manual=manual
                )
                for skill in self.skills
            }
            moved, same = drift(self.model, self.encoder, shipped_anchors()[-self.config.held_anchors :])
            return {
                "alone": alone,
                "with_lesson": taught,
                "episodes": {key: value[0].scores for key, value in acted.items()},
                "admitted": [score for _, shares in acted.values() for score in shares.scores],
                "drift": moved,
                "same": same.scores,
            }

        result = self._once("gate", measure)
        alone = _measured(result["alone"])
        evidence = Evidence(
            base_alone,
            base_with,
            alone,
            _measured(result["with_lesson"]),
            {},
            {},
            result["drift"],
            Measured(tuple(result["same"])),
            Measured(tuple(result["admitted"])),
        )
        rows = judge(evidence, self.config.bounds)
        self.report(
            "gate",
            {
                "rows": [row.to_json() for row in rows],
                "passed": passes(rows),
                "episodes": {key: sum(value) / len(value) for key, value in result["episodes"].items()},
            },
        )
        return rows

    # ---- what the phases are made of --------------------------------------------------------------------------

    def probes(self, skill: Skill) -> list[Variant]:
        """Return the held-out variants of a skill."""
        return [make_variant(skill.demonstration, self.words, HELD_OUT + index) for index in range(self.config.probes)]

    def examples_of(self, skill: Skill) -> list[Example]:
        """Make one skill's share of the examples, as the arm wants it."""
        config, options = self.config, {"with_manual": self.config.with_manual}
        if config.arm is Arm.SFT:
            return imitated(self.encoder, skill.demonstration.task, skill.demonstration.steps, skill.id, **options)
        examples: list[Example] = []
        for seed in range(max(1, config.variants // len(self.skills))):
            variant = make_variant(skill.demonstration, self.words, config.seed * 10_000 + seed)
            if config.arm is Arm.SFT_DREAM:
                examples += imitated(self.encoder, variant.task, variant.steps, skill.id, **options)
                continue
            lessons = {Arm.OPSD: (skill.text,), Arm.EMPTY: (), Arm.MISMATCHED: (self._other(skill).text,)}[config.arm]
            examples += distilled(
                self.model,
                self.encoder,
                variant.task,
                lessons,
                variant.steps,
                skill.id,
                verified=config.arm is Arm.OPSD,
                **options,
            )
            self.report("rehearse", {"skill": skill.id, "variant": seed + 1, "of": config.variants // len(self.skills)})
        return examples

    def anchor_segments(self) -> list[Segment]:
        """Return what must stay: shipped prompts, and other tasks on the recorded pages. Plain SFT has none."""
        if self.config.arm in (Arm.SFT, Arm.SFT_DREAM):
            return []
        with mixed_precision(self.model), self.model.disable_adapter():
            policy = LocalPolicy(self.model.get_base_model(), self.encoder, name="base")
            own = page_anchors(
                policy,
                [skill.demonstration for skill in self.skills],
                self.words,
                self.config.page_anchors,
                self.config.seed,
                with_manual=self.config.with_manual,
            )
        return own + shipped_anchors()[: self.config.shipped_anchors]

    def _other(self, skill: Skill) -> Skill:
        return next((other for other in self.skills if other.id != skill.id), skill)

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
                    **{key: _means(value) for key, value in result.items() if isinstance(value, dict)},
                },
            )
        return json.loads(path.read_text())

    def _tell(self, progress: Progress) -> None:
        assert progress.curve is not None
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


def _measured(scores: Mapping[str, Sequence[float]]) -> dict[str, Measured]:
    return {key: Measured(tuple(value)) for key, value in scores.items()}


def _means(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {key: round(sum(value) / len(value), 3) for key, value in scores.items() if value}


def _pack(examples: Sequence[Example]) -> list[list[Any]]:
    return [
        [example.tokens.ids, example.tokens.positions, example.support_ids, example.teacher_logp, example.skill]
        for example in examples
    ]


def _unpack(packed: Sequence[Sequence[Any]]) -> list[Example]:
    return [
        Example(Tokens(ids, positions, ()), support, logp, skill) for ids, positions, support, logp, skill in packed
    ]
