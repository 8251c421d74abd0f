"""A consolidation as a process of its own: `python -m consolidation.job FOLDER`.

The folder holds what was asked (`request.json`) and everything the night has done so far. The parent only starts the process
and reads the store; killing either at any moment loses at most the update that was under way.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from agent.lessons.hindsight import path_of
from agent.paths import data_dir
from agent.store import LessonRow, SessionRow, Store
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, UsageError
from browser.types import StepResult
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Step
from consolidation.storage import write_atomically

KIND = "consolidation"
WITNESSES = 5
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
    start: str | None = None
    """The adapter to go on from; empty for the base; None for the champion, where that fits (and the base for control arms)."""
    scale: float = 1.0
    """Share of the usual dreams, probes and anchors, at least one of each; below 1 where nights are held by the hundred."""
    threads: int | None = None
    nice: int = 5
    """Background work gives way to the person."""
    privilege: str = "lesson"
    """What the teacher reads of a skill."""

    @property
    def may_act(self) -> bool:
        """Whether what this night trains may be promoted: controls never are, nor is what read more than lessons."""
        return (self.arm, self.privilege) == ("opsd", "lesson")


def jobs_dir() -> Path:
    """Return the directory of night folders."""
    path = data_dir() / "nights"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def night_folders() -> list[Path]:
    """Return the folders of all nights, the earliest first."""
    return sorted(path for path in jobs_dir().iterdir() if path.name.isdecimal())


def teachable(store: Store, app: str | None = None) -> list[LessonRow]:
    """Return the lessons that a night can learn: what was done, in sessions that nobody judged failed since, the oldest first."""
    rows = [
        row
        for row in store.lessons(app)
        if (row.kind == "demonstration" or (row.kind == "correction" and row.steps))
        and row.source_session_id
        and store.word_on(row.source_session_id) is not False
    ]
    return sorted(rows, key=lambda row: row.created_at)


def demonstration_of(store: Store, lesson: LessonRow) -> Demonstration:
    """Return the recorded session behind a lesson, ended by `done`. Raises UsageError when it cannot be rehearsed."""
    steps = recorded(store, lesson.source_session_id or "", path=lesson.kind == "correction")
    if not steps:
        raise UsageError(f"lesson {lesson.id[:8]} has no recorded steps", "Teach it again with apprentice teach")
    return Demonstration(lesson.task, steps)


def recorded(store: Store, session_id: str, *, path: bool = False) -> tuple[Step, ...]:
    """Return the steps of a session that succeeded, ended by `done`, up to one whose result is unknown; none when none did.

    With `path`, only those that led somewhere (`agent/lessons/hindsight.py`).
    """
    steps: list[Step] = []
    answer = Action(Verb.DONE)
    rows = store.steps(session_id)
    led = {row.step_no for row in path_of(rows)} if path else {row.step_no for row in rows}
    for row in rows:
        if row.action.verb is not Verb.DONE and row.step_no not in led:
            continue
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
    if not isinstance(record, dict):
        return None
    # What another version asked and this one does not know is left out; what it did not ask yet is as usual.
    known = {field.name: record[field.name] for field in fields(Request) if field.name in record}
    lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    return Request(**{**known, **lists}) if {"base", "base_sha256", "lesson_ids"} <= set(known) else None


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
    from consolidation.overnight import configured, hold

    with instance_lock("consolidation"), Store.open() as store:
        store.interrupt_dead_jobs()
        complete(store)
        job_id = store.begin_job(KIND)
        try:
            state = hold(store, job_id, folder, request, configured(request))
        except ApprenticeError as error:
            store.end_job(job_id, "failed", str(error))
            print(f"error: {error}", file=sys.stderr)  # noqa: T201
            return error.exit_code
        store.end_job(job_id, state)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
