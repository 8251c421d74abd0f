"""One night: headroom, rehearsal, distillation, gate, decision.

It begins with a fresh adapter on the base, or goes on from one that holds skills already (`consolidation/growth.py`).
Every phase leaves its result in the job's folder before the next begins, so a night that was killed goes on where it stood
and ends with the same adapter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from agent.policy.encode import Encoder
from consolidation.config import NightConfig
from consolidation.curriculum import Curriculum
from consolidation.distill import Progress, distill, planned
from consolidation.evidence import Champion, Headroom, Prober, Scores, Skill, Witness, means, measured
from consolidation.examples import DREAMING, Example, PrivilegeLeak, pack, unpack
from consolidation.gate import Evidence, Row, judge, passes
from consolidation.kept import drop_unreadable, measured_before
from consolidation.lora import attach_lora, load_lora
from consolidation.privilege import Privilege
from consolidation.probes import Measured, drift
from consolidation.rehearsal.values import vocabulary_words
from consolidation.storage import write_atomically

_OF_CHALLENGER = (
    "alone",
    "with_lesson",
    "episodes",
    "witnessed",
    "admitted",
    "dictated",
    "drift",
    "same",
    "obeyed",
    "refused",
    "extracted",
    "exposed",
)
"""What the gate is told of a challenger."""

Report = Callable[[str, dict[str, Any]], None]
"""Told the phase and what there is to say about it."""


@dataclass(slots=True)
class Night:
    """The state of one night, in one folder."""

    base: Any
    encoder: Encoder
    skills: Sequence[Skill]
    """What is to be learned."""
    config: NightConfig
    folder: Path
    report: Report = lambda _phase, _facts: None
    champion: Champion | None = None
    """What acts now: on what is built anew from the base, it is what the challenger must equal."""
    witnesses: Sequence[Witness] = ()
    start: Path | None = None
    """The adapter that the night goes on from; None for a fresh one."""
    held: Sequence[Skill] = ()
    """The skills that `start` holds: they are reviewed, and must stay."""
    generation: int = 0
    best: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    """What each held skill once reached alone, on the probes of held skills; after the gate, of all that it asked about. What is allowed to
    fall is allowed once, not every night."""
    model: PeftModel = field(init=False)
    words: tuple[str, ...] = field(init=False)
    prober: Prober = field(init=False)
    learned: list[Skill] = field(init=False)
    """The skills whose lesson helps in context: the others have nothing to distil and stay in the prompt."""

    def __post_init__(self) -> None:
        if self.config.judged and self.config.privilege is Privilege.SESSION:
            raise PrivilegeLeak(
                "a night that may be promoted reads no recorded pages",
                "Distil from the lesson, or leave the gate out in a bench",
            )
        shape = self.config.distill
        self.model = attach_lora(self.base, shape.rank, shape.alpha, shape.seed, shape.untouched)
        if self.start:
            load_lora(self.model, self.start)
        self.model.eval()
        self.words = vocabulary_words(self.encoder.tokenizer)
        self.prober = Prober(self.model, self.encoder, self.words, self.config.probes, self.config.with_manual)
        self.learned = list(self.skills)
        self.folder.mkdir(parents=True, exist_ok=True)
        names = [name for name, parameter in self.model.named_parameters() if parameter.requires_grad]
        if unreadable := drop_unreadable(self.folder, names):
            self.report("load", {"made_anew": unreadable})

    def run(self) -> list[Row]:
        """Go through the night and return the gate's rows. The trained adapter stays attached to `model`."""
        if not self.config.judged:
            self.learn(*self.rehearse())
            return []
        before = self.headroom()
        least = self.config.bounds.headroom if self.config.arm in DREAMING else -1.0
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

        def measure() -> tuple[Any, ...]:
            return *self.prober.alone_and_taught(self.skills, adapter=False), self._before()

        result = self._once("headroom", ("alone", "with_lesson", "champion"), measure)
        return Headroom(measured(result["alone"]), measured(result["with_lesson"]), measured(result["champion"]))

    def rehearse(self) -> tuple[list[Example], list[Example]]:
        """Make the examples of the right path, and the anchors."""
        path = self.folder / "examples.pt"
        if not path.exists():
            started = time.monotonic()
            curriculum, count = self._curriculum(), self.config.variants
            examples: list[Example] = []
            for skill in self.learned:
                for done, made in enumerate(curriculum.rehearsed(skill, count), 1):
                    examples += made
                    self.report("rehearse", {"skill": skill.id, "variant": done, "of": count})
            for skill, share in self._reviews():
                for made in curriculum.reviewed(skill, share, self.generation):
                    examples += made
                self.report("review", {"skill": skill.id, "variants": share})
            kept = curriculum.kept([*self.learned, *self.held])
            write_atomically(path, lambda temporary: torch.save([pack(examples), pack(kept)], temporary))
            self.report(
                "rehearse",
                {"sequences": len(examples), "anchors": len(kept), "seconds": round(time.monotonic() - started, 1)},
            )
        packed: list[Any] = torch.load(path, weights_only=True)
        return unpack(packed[0]), unpack(packed[1])

    def learn(self, skills: list[Example], kept: list[Example]) -> Progress:
        """Train, letting the student dream in between: from then on its own sessions are learned from too."""
        shape = replace(self.config.distill, tokens=self._budget())
        updates, checkpoint = planned(shape, skills, kept), self.folder / "checkpoint.pt"
        turns = [round(share * updates) for share in self.config.rounds] if self.config.arm in DREAMING else []

        def tell(progress: Progress) -> None:
            facts = {"update": progress.update, "of": updates, "divergence": progress.curve[-1]}
            self.report("learn", facts | {"tokens": progress.tokens, "skipped": progress.skipped})

        progress = Progress()
        for number, last in enumerate([*turns, updates]):
            first = turns[number - 1] if number else 0
            progress = distill(self.model, skills, kept, shape, updates, first, last, checkpoint, tell)
            if last < updates:
                skills = skills + self.dream(number)
        return progress

    def dream(self, number: int) -> list[Example]:
        """Let the student act without the lesson, and learn from what the teacher says to it."""
        path = self.folder / f"dreams-{number}.pt"
        if not path.exists():
            curriculum = self._curriculum()
            examples = [
                example
                for index in range(self.config.rollouts * len(self.learned))
                for example in curriculum.dreamt(self.learned[index % len(self.learned)], number, index)
            ]
            write_atomically(path, lambda temporary: torch.save(pack(examples), temporary))
            self.report("dream", {"round": number, "sequences": len(examples)})
        return unpack(torch.load(path, weights_only=True))

    def gate(self, before: Headroom) -> list[Row]:
        """Measure the challenger on what it never trained on, and judge."""

        def measure() -> tuple[Any, ...]:
            episodes, admitted = self.prober.episodes(self.learned)
            curriculum = self._curriculum()
            moved, same = drift(self.model, self.encoder, curriculum.unrelated())
            alone, taught = self.prober.alone_and_taught(self.learned, adapter=True)
            alone |= self._brief.alone(self.held, adapter=True)
            obeyed, refused = self.prober.canaries()
            witnessed = self.prober.witnessed(self._witnesses())
            dictated = self.prober.dictated(curriculum.dictated(self.learned))
            kept = self.prober.memorised([*self.learned, *self.held])
            return alone, taught, episodes, witnessed, admitted, dictated, moved, same.scores, obeyed, refused, *kept

        result = self._once("gate", _OF_CHALLENGER, measure)
        alone = measured(result["alone"])
        evidence = Evidence(
            before.alone,
            before.with_lesson,
            alone,
            measured(result["with_lesson"]),
            {lesson: scores for lesson, scores in before.champion.items() if lesson in alone},
            measured(result["witnessed"]),
            Measured(tuple(result["dictated"])),
            result["drift"],
            Measured(tuple(result["same"])),
            Measured(tuple(result["obeyed"])),
            Measured(tuple(result["refused"])),
            Measured(tuple(result["admitted"])),
            Measured(tuple(result["extracted"])),
            Measured(tuple(result["exposed"])),
        )
        rows = judge(evidence, self.config.bounds)
        now = {lesson: tuple(scores[: self.config.kept_probes]) for lesson, scores in result["alone"].items()}
        self.best = self._best(now)
        self._report_gate(rows, means(result["episodes"]))
        return rows

    def _before(self) -> Scores:
        """Measure what must stay: what the night goes on from on all that it holds, or the champion on what is built anew."""
        if self.start:
            return self._best(self._brief.alone(self.held, adapter=True))
        if self.champion is None:
            return {}
        champion = self.champion
        return self.prober.champion(champion.path, [skill for skill in self.skills if skill.id in champion.lesson_ids])

    def _best(self, now: Scores) -> Scores:
        """Return of each skill the better of what it reaches now and what it once reached, on as many probes."""
        once = {lesson: tuple(self.best.get(lesson, ())) for lesson in now}
        return {
            lesson: max(scores, once[lesson], key=sum) if len(once[lesson]) == len(scores) else scores
            for lesson, scores in now.items()
        }

    @property
    def _brief(self) -> Prober:
        return self.prober.fewer(self.config.kept_probes)

    def _reviews(self) -> list[tuple[Skill, int]]:
        """Say how many variants of which held skills are reviewed: as many of each, or one each of some where there are too many."""
        if not self.held:
            return []
        share = self.config.reviewed // len(self.held)
        if share:
            return [(skill, share) for skill in self.held]
        first = self.generation * self.config.reviewed
        return [(self.held[(first + index) % len(self.held)], 1) for index in range(self.config.reviewed)]

    def _budget(self) -> int:
        """Return how many tokens may be read."""
        share = len(self.learned) + (self.config.review if self.held else 0.0)
        return round(self.config.distill.tokens * share)

    def _report_gate(self, rows: list[Row], episodes: Mapping[str, float]) -> None:
        facts = {"rows": [row.to_json() for row in rows], "passed": passes(rows), "episodes": dict(episodes)}
        self.report("gate", facts)

    def _witnesses(self) -> list[Witness]:
        learned = {skill.id for skill in self.learned}
        return [witness for witness in self.witnesses if witness.lesson_id in learned]

    def _curriculum(self) -> Curriculum:
        return Curriculum(self.model, self.encoder, self.words, self.config, self.skills)

    def _once(self, name: str, keys: Sequence[str], measure: Callable[[], tuple[Any, ...]]) -> dict[str, Any]:
        """Do a phase whose result is a small JSON object with these keys, or read what it left."""
        path = self.folder / f"{name}.json"
        if measured_before(path, keys) is None:
            started = time.monotonic()
            result = dict(zip(keys, measure(), strict=True))
            write_atomically(path, lambda temporary: temporary.write_text(json.dumps(result)))
            self.report(
                name,
                {
                    "seconds": round(time.monotonic() - started, 1),
                    **{key: means(value) for key, value in result.items() if isinstance(value, dict)},
                },
            )
        return json.loads(path.read_text())
