"""A consolidation as a process of its own: `python -m consolidation.job FOLDER`.

The folder holds what was asked (`request.json`) and everything the night has done so far. The parent only starts the process
and reads the store; killing either at any moment loses at most the update that was under way.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agent.paths import adapters_dir, data_dir
from agent.store import LessonRow, SessionRow, Store
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, UsageError
from browser.types import StepResult
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Step
from consolidation.storage import write_atomically

KIND = "consolidation"
WITNESSES = 4
"""Live sessions of a lesson, the latest, that a challenger must do alone."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a night is asked to do."""

    base: str
    base_sha256: str
    lesson_ids: tuple[str, ...]
    arm: str = "opsd"
    with_manual: bool = False
    seed: int = 1
    updates: int | None = None
    variants: int | None = None
    headroom: float | None = None
    """How far a lesson in context must lift the base to be distilled; None for the gate's own bound."""
    witness_ids: tuple[str, ...] | None = None
    """Live sessions that the challenger must do alone; None for the latest of each lesson in the store."""
    judged: bool = True
    """Whether the gate is asked; what was not judged is never promoted."""
    threads: int | None = None
    nice: int = 5
    """Background work gives way to the person."""


def jobs_dir() -> Path:
    """Return the directory of night folders."""
    path = data_dir() / "nights"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def night_folders() -> list[Path]:
    """Return the folders of all nights, the earliest first."""
    return sorted(path for path in jobs_dir().iterdir() if path.name.isdecimal())


def teachable(store: Store, app: str | None = None) -> list[LessonRow]:
    """Return the lessons that a night can learn: demonstrations whose session nobody judged failed since, the oldest first."""
    rows = [
        row
        for row in store.lessons(app)
        if row.kind == "demonstration"
        and row.source_session_id
        and store.session(row.source_session_id).outcome is not False
    ]
    return sorted(rows, key=lambda row: row.created_at)


def demonstration_of(store: Store, lesson: LessonRow) -> Demonstration:
    """Return the recorded session behind a lesson, ended by `done`. Raises UsageError when it cannot be rehearsed."""
    steps = recorded(store, lesson.source_session_id or "")
    if not steps:
        raise UsageError(f"lesson {lesson.id[:8]} has no recorded steps", "Teach it again with apprentice teach")
    return Demonstration(lesson.task, steps)


def recorded(store: Store, session_id: str) -> tuple[Step, ...]:
    """Return the steps of a session that succeeded, ended by `done`, up to one whose result is unknown; none when none did."""
    steps: list[Step] = []
    answer = Action(Verb.DONE)
    for row in store.steps(session_id):
        if row.action.verb is Verb.DONE:
            answer = row.action
        elif row.ok is None or row.result_observation is None:
            break
        elif row.ok:
            steps.append(Step(row.observation, row.action, StepResult(row.result_observation, row.ok, row.note)))
    if not steps:
        return ()
    last = steps[-1].result.observation
    return (*steps, Step(last, answer, StepResult(last)))


def witnesses_of(store: Store, request: Request) -> list[tuple[str, SessionRow, tuple[Step, ...]]]:
    """Return live sessions that show what a lesson brings about: the lesson, the session, and what was done in it."""
    found: list[tuple[str, SessionRow]] = []
    for lesson_id in request.lesson_ids:
        if request.witness_ids is None:
            sessions = store.sessions_with(lesson_id, limit=WITNESSES)
        else:
            named = map(store.session, request.witness_ids)
            sessions = [session for session in named if session.lesson_ids[:1] == (lesson_id,)]
        found += [(lesson_id, session) for session in sessions]
    done = [(lesson_id, session, recorded(store, session.id)) for lesson_id, session in found]
    return [item for item in done if item[2]]  # a session that only said that it was done shows nothing


def prepare(request: Request) -> Path:
    """Make the folder of a new night, or return that of an unfinished one with the same request."""
    folders = night_folders()
    for folder in reversed(folders):
        if read_request(folder) == request and not (folder / "finished.json").exists():
            return folder
    number = int(folders[-1].name) + 1 if folders else 1
    folder = jobs_dir() / f"{number:05d}"
    folder.mkdir()
    write_atomically(folder / "request.json", lambda path: path.write_text(json.dumps(asdict(request))))
    return folder


def read_request(folder: Path) -> Request | None:
    """Return what a night was asked, None when its folder was killed before it was written."""
    try:
        record = json.loads((folder / "request.json").read_text())
    except (OSError, ValueError):
        return None
    named = record.get("witness_ids")
    return Request(
        **{
            **record,
            "lesson_ids": tuple(record["lesson_ids"]),
            "witness_ids": None if named is None else tuple(named),
        }
    )


def spawn(folder: Path) -> subprocess.Popen[bytes]:
    """Start the night in a process group of its own; its words go to `log.txt` in the folder."""
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "consolidation.job", str(folder)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the night of a folder to its end."""
    parser = argparse.ArgumentParser(prog="python -m consolidation.job", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder
    request = read_request(folder)
    if request is None:
        print(f"error: no request in {folder}", file=sys.stderr)  # noqa: T201 - this is a program of its own
        return 2
    from agent.lock import instance_lock
    from consolidation.forget import complete

    with instance_lock("consolidation"), Store.open() as store:
        store.interrupt_dead_jobs()
        complete(store)
        job_id = store.begin_job(KIND)
        try:
            state = _night(store, job_id, folder, request)
        except ApprenticeError as error:
            store.end_job(job_id, "failed", str(error))
            print(f"error: {error}", file=sys.stderr)  # noqa: T201
            return error.exit_code
        store.end_job(job_id, state)
    return 0


def _night(store: Store, job_id: str, folder: Path, request: Request) -> Any:
    import torch

    from agent.policy.encode import Encoder
    from agent.policy.local import load_model, load_tokenizer
    from consolidation.adapters import sound_champion, sweep, write_adapter
    from consolidation.config import NightConfig
    from consolidation.evidence import Champion, Skill, Witness
    from consolidation.examples import Arm
    from consolidation.gate import passes
    from consolidation.night import Night

    os.nice(request.nice)
    if request.threads:
        torch.set_num_threads(request.threads)
    sweep(adapters_dir())
    config = NightConfig(
        arm=Arm(request.arm), judged=request.judged, with_manual=request.with_manual, seed=request.seed
    )
    if request.variants:
        config = replace(config, variants=request.variants)
    if request.headroom is not None:
        config = replace(config, bounds=replace(config.bounds, headroom=request.headroom))
    if request.updates:
        config = replace(config, distill=replace(config.distill, updates=request.updates))
    lessons = [store.lesson(lesson_id) for lesson_id in request.lesson_ids]
    skills = [Skill(lesson.id, lesson.text, demonstration_of(store, lesson)) for lesson in lessons]

    def report(phase: str, facts: dict[str, Any]) -> None:
        store.update_job(job_id, {"phase": phase, "folder": str(folder), **facts})
        store.job_event(job_id, {"phase": phase, **facts})

    report("load", {"base": request.base, "lessons": [lesson.task for lesson in lessons]})
    base = Path(request.base)
    acting, _ = sound_champion(store, request.base_sha256)
    champion = Champion(Path(acting.path), tuple(acting.lesson_ids)) if acting else None
    witnesses = [Witness(lesson_id, row.task, steps) for lesson_id, row, steps in witnesses_of(store, request)]
    night = Night(load_model(base), Encoder(load_tokenizer(base)), skills, config, folder, report, champion, witnesses)
    rows = night.run()
    learned = tuple(skill.id for skill in night.learned)
    receipt = {
        "gate": [row.to_json() for row in rows],
        "passed": passes(rows),
        "config": asdict(config),
        "lessons": list(learned),
    }
    manifest = {
        "base_sha256": request.base_sha256,
        "lessons": list(learned),
        "arm": request.arm,
        "receipt": receipt,
    }
    adapter_id, path = write_adapter(adapters_dir(), night.model, manifest)
    if adapter_id not in {row.id for row in store.adapters()}:
        store.add_adapter(
            adapter_id,
            request.base_sha256,
            str(path),
            parent_id=acting.id if acting else None,
            lesson_ids=learned,
            receipt=receipt,
            state="challenger",
        )
    state = _decide(store, adapter_id, request.arm, receipt)
    write_atomically(
        folder / "finished.json", lambda target: target.write_text(json.dumps({"adapter": adapter_id, "state": state}))
    )
    report("decided", {"adapter": adapter_id, "passed": receipt["passed"], "arm": request.arm})
    return state


def _decide(store: Store, adapter_id: str, arm: str, receipt: dict[str, Any]) -> str:
    """Promote what passed the gate; control arms never act, whatever they score."""
    if arm != "opsd":
        return "done"
    if not receipt["passed"]:
        store.judge_adapter(adapter_id, "refused", receipt)
        return "refused"
    store.promote(adapter_id, "passed the gate")
    for lesson_id in receipt["lessons"]:
        store.mark_in_weights(lesson_id, adapter_id)
    return "done"


if __name__ == "__main__":
    raise SystemExit(main())
