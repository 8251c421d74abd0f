"""Hold the night of a folder: from what was asked to an adapter that acts, or to the reason why it does not."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from agent.lessons.provenance import assert_trusted
from agent.paths import adapters_dir
from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from agent.store import AdapterRow, Store
from agent.store.rows import JobState
from browser.errors import UsageError
from consolidation.adapters import sound_champion, sweep, verify_adapter, write_adapter
from consolidation.config import NightConfig
from consolidation.evidence import Champion, Skill, Witness
from consolidation.examples import Arm
from consolidation.gate import Row, passes
from consolidation.growth import Plan, digest, plan
from consolidation.job import Request, demonstration_of, witnesses_of
from consolidation.kept import drop_all, measured_before
from consolidation.night import Night, Report
from consolidation.privilege import Privilege
from consolidation.storage import sweep_temporaries, write_atomically


def hold(store: Store, job_id: str, folder: Path, request: Request, config: NightConfig) -> JobState:
    """Run a night to its end; return the state in which its job ends."""
    os.nice(request.nice)
    if request.threads:
        torch.set_num_threads(request.threads)
    sweep(adapters_dir())
    sweep_temporaries(folder)

    def report(phase: str, facts: dict[str, Any]) -> None:
        store.update_job(job_id, {"phase": phase, "folder": str(folder), **facts})
        store.job_event(job_id, {"phase": phase, **facts})

    tasks = [store.lesson(lesson_id).task for lesson_id in request.lesson_ids]
    report("load", {"base": request.base, "lessons": tasks})
    champion, _ = sound_champion(store, request.base_sha256)
    begun = _begin(store, folder, request, champion, config)
    night = _night(store, folder, request, config, begun, champion, report)
    ended = _Ended(store, request, config, begun, champion, night, night.run())
    adapter_id, state = ended.keep()
    acting = store.champion()
    finished = json.dumps({"adapter": adapter_id, "state": state, "acting": acting.id if acting else ""})
    write_atomically(folder / "finished.json", lambda target: target.write_text(finished))
    report("decided", {"adapter": adapter_id, "passed": passes(ended.rows), "arm": request.arm})
    return state


def configured(request: Request) -> NightConfig:
    """Return what a night may cost, with what was asked otherwise."""
    config = NightConfig(
        arm=Arm(request.arm),
        privilege=Privilege(request.privilege),
        judged=request.judged,
        with_manual=request.with_manual,
        seed=request.seed,
    )
    if request.scale != 1.0:
        config = config.scaled(request.scale)
    if request.variants:
        config = replace(config, variants=request.variants)
    if request.headroom is not None:
        config = replace(config, bounds=replace(config.bounds, headroom=request.headroom))
    if request.updates:
        config = replace(config, distill=replace(config.distill, updates=request.updates))
    return config


def _begin(store: Store, folder: Path, request: Request, champion: AdapterRow | None, config: NightConfig) -> Plan:
    """Return how this night begins, or how it began, when it is taken up again and can go on so.

    It cannot when what it grew from was taken back meanwhile. Where only something else acts by now, that is measured anew.
    """
    path, acting = folder / "plan.json", champion.id if champion else ""
    record = measured_before(path, [field.name for field in fields(Plan)])
    begun = Plan.from_json(record) if record else None
    if begun is None or begun.config != digest(config) or not _goes_on(begun, request, champion):
        drop_all(folder)
        begun = _planned(store, request, champion, config)
    elif begun.champion != acting:
        (folder / "headroom.json").unlink(missing_ok=True)
    begun = replace(begun, champion=acting)
    write_atomically(path, lambda target: target.write_text(json.dumps(begun.to_json())))
    return begun


def _planned(store: Store, request: Request, champion: AdapterRow | None, config: NightConfig) -> Plan:
    parent = champion if request.may_act else None
    if request.start is not None:
        parent = store.adapter(request.start) if request.start else None
    made = plan(request.lesson_ids, parent, config)
    if request.start and not made.start:
        raise UsageError(f"this night cannot go on from adapter {request.start}", "Begin with the base instead")
    return made


def _goes_on(begun: Plan, request: Request, champion: AdapterRow | None) -> bool:
    """Whether a night may go on as it began: from the base, from what it was told to, or from what acts, if that is not its own child."""
    if not begun.start or request.start is not None:
        return True
    return champion is not None and begun.start in (champion.id, champion.parent_id)


def _night(
    store: Store,
    folder: Path,
    request: Request,
    config: NightConfig,
    begun: Plan,
    champion: AdapterRow | None,
    report: Report,
) -> Night:
    base = Path(request.base)

    def skills(lesson_ids: tuple[str, ...]) -> list[Skill]:
        rows = [store.lesson(lesson_id) for lesson_id in lesson_ids]
        for row in rows:
            assert_trusted(store, row)
        return [Skill(row.id, row.text, demonstration_of(store, row)) for row in rows]

    return Night(
        load_model(base),
        Encoder(load_tokenizer(base)),
        skills(begun.new),
        config,
        folder,
        report,
        Champion(Path(champion.path), champion.lesson_ids) if champion else None,
        [Witness(lesson_id, row.task, steps) for lesson_id, row, steps in witnesses_of(store, request)],
        _verified(store, begun.start, request.base_sha256) if begun.start else None,
        skills(begun.held),
        begun.generation,
        store.adapter(begun.start).receipt.get("best", {}) if begun.start else {},
    )


def _verified(store: Store, adapter_id: str, base_sha256: str) -> Path:
    path = Path(store.adapter(adapter_id).path)
    verify_adapter(path, base_sha256)
    return path


@dataclass(frozen=True, slots=True)
class _Ended:
    """A night that has gone through, and what its gate says."""

    store: Store
    request: Request
    config: NightConfig
    begun: Plan
    champion: AdapterRow | None
    night: Night
    rows: list[Row]

    def keep(self) -> tuple[str, JobState]:
        """Write the adapter and its receipt and decide; return its id and the state in which the job ends."""
        learned = tuple(skill.id for skill in self.night.learned)
        if self.begun.start and not learned:
            return self.begun.start, "refused"  # nothing was trained: it is the adapter that the night began with
        lesson_ids = (*self.begun.held, *learned)
        receipt = self._receipt(lesson_ids)
        manifest = {
            "base_sha256": self.request.base_sha256,
            "lessons": list(lesson_ids),
            "arm": self.request.arm,
            "receipt": receipt,
        }
        adapter_id, path = write_adapter(adapters_dir(), self.night.model, manifest)
        self.store.add_adapter(
            adapter_id,
            self.request.base_sha256,
            str(path),
            parent_id=self.begun.start or (self.champion.id if self.champion else None),
            lesson_ids=lesson_ids,
            receipt=receipt,
            state="challenger",
        )
        return adapter_id, decide(self.store, adapter_id, receipt, may_act=self.request.may_act)

    def _receipt(self, lesson_ids: tuple[str, ...]) -> dict[str, Any]:
        return {
            "gate": [row.to_json() for row in self.rows],
            "passed": passes(self.rows),
            "config": asdict(self.config),
            "lessons": list(lesson_ids),
            "start": self.begun.start,
            "generation": self.begun.generation,
            "best": self.night.best,
        }


def decide(store: Store, adapter_id: str, receipt: dict[str, Any], *, may_act: bool) -> JobState:
    """Promote what passed the gate; controls never act, whatever they score, nor does what grew from what may not act (any more)."""
    if not may_act:
        return "done"
    start = receipt.get("start", "")
    if not receipt["passed"] or (start and not store.stands(start)):
        store.judge_adapter(adapter_id, "refused", receipt)
        return "refused"
    store.promote(adapter_id, "passed the gate", receipt["lessons"])
    return "done"
