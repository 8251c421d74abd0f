"""Begins nights when the rules allow it and something waits to be learned, and kills them when the person comes back.

A night is made to be killed: it resumes where it stood and ends with the same adapter (`consolidation/job.py`). So the machine is
given back by SIGKILL to the night's process group: memory and cores are free as soon as the system has cleaned up.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.lock import holder
from agent.store import AdapterRow, Store
from consolidation.idle.machine import Machine
from consolidation.idle.rules import IdleRules, Readings, Verdict
from consolidation.job import Request, night_folders, prepare, read_request, spawn, teachable

POLL_S = 0.5
"""How often the machine is read: a person who comes back waits for one poll and for the system to clean up."""

Tell = Callable[[str], None]


def due(store: Store, asked: Request) -> Request | None:
    """Return the night that waits: all demonstrations, unless the champion carries just them or the same night has ended already.

    A champion that carries more, since a lesson was retired or its session judged failed, is built anew from the base; so is one that was
    found damaged. One that was taken back for what it did is not: the same night would make it again.
    """
    lessons, acting = tuple(row.id for row in teachable(store)), store.champion()
    champion = acting if acting and acting.base_id == asked.base_sha256 else None
    if not lessons or (champion is not None and set(lessons) == set(champion.lesson_ids)):
        return None
    request = replace(asked, lesson_ids=lessons)
    return None if any(_has_ended(store, folder, request, champion) for folder in night_folders()) else request


def _has_ended(store: Store, folder: Path, request: Request, champion: AdapterRow | None) -> bool:
    """Whether this night was held, and holding it again would change nothing."""
    if read_request(folder) != request or not (folder / "finished.json").exists():
        return False
    finished = json.loads((folder / "finished.json").read_text())
    if finished.get("acting") == (champion.id if champion else ""):
        return True
    made = next((row for row in store.adapters() if row.id == finished.get("adapter")), None)
    carries_more = champion is not None and not set(champion.lesson_ids) <= set(request.lesson_ids)
    return not carries_more and (made is None or (made.state != "corrupt" and made.forgotten_at is None))


@dataclass(slots=True)
class Scheduler:
    """One watcher of one machine. `asked` says with which base nights are held; its lessons are filled in."""

    asked: Request
    rules: IdleRules = field(default_factory=IdleRules)
    tell: Tell = lambda _: None
    read: Callable[[], Readings] | None = None
    """How the machine is read; None for `machine`."""
    machine: Machine = field(default_factory=Machine)
    night: subprocess.Popen[bytes] | None = None
    failed: set[Path] = field(default_factory=set)
    """Nights that failed by themselves: they are not begun again until this watcher is."""
    _folder: Path | None = None
    _said: str = ""

    def watch(self, stop: Callable[[], bool]) -> None:
        """Watch until told to stop; a night that runs then is killed, and resumes the next time."""
        try:
            while not stop():
                self.poll()
                time.sleep(POLL_S)
        finally:
            self.give_back("stopped")

    def poll(self) -> Verdict:
        """Look once, and begin or kill a night."""
        self._notice_end()
        now = self.read() if self.read else self.machine.read()
        verdict = self.rules.judge(now, running=self.night is not None)
        if self.night is not None and not verdict.may_run:
            self.give_back(verdict.reason)
        elif self.night is None:
            self._begin(verdict)
        return verdict

    def give_back(self, why: str) -> None:
        """Kill the night, if one runs, and wait until its processes are gone."""
        if self.night is None:
            return
        _kill_group(self.night)
        self._forget_night()
        with Store.open() as store:
            store.interrupt_dead_jobs()
        self._say(f"the night was put aside ({why}); it goes on where it stood")

    def _begin(self, verdict: Verdict) -> None:
        with Store.open() as store:
            request = due(store, self.asked)
        if request is None:
            self._say("nothing waits to be learned")
        elif not verdict.may_run:
            self._say(f"{len(request.lesson_ids)} lessons wait: {verdict.reason}")
        elif holder("consolidation") is not None:
            self._say("a night that somebody else began is running")
        elif (folder := prepare(request)) not in self.failed:
            self.night, self._folder = spawn(folder), folder
            self.machine.night = self.night.pid
            self._say(f"learning {len(request.lesson_ids)} lessons; log in {folder / 'log.txt'}")

    def _notice_end(self) -> None:
        if self.night is None or self._folder is None or self.night.poll() is None:
            return
        if not (self._folder / "finished.json").exists():
            self.failed.add(self._folder)
            self._say(f"the night failed; read {self._folder / 'log.txt'}")
        else:
            self._say("the night has ended")
        self._forget_night()

    def _forget_night(self) -> None:
        self.night = self._folder = self.machine.night = None

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            self.tell(what)


def _kill_group(night: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(night.pid, signal.SIGKILL)  # `spawn` made it the leader of its own group
        else:
            night.kill()
    night.wait()
