"""Running the tasks of a batch: each in a process of its own, several at the same time, never two on one origin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from agent.events import event
from browser.errors import ApprenticeError
from tui.batch import BatchTask
from tui.feed import Child

RUN = (sys.executable, "-m", "tui.cli", "run")
INTERNAL = 7


@dataclass(slots=True)
class Attempt:
    """One task in its process."""

    task: BatchTask
    child: Child = field(init=False)
    _result: dict[str, Any] | None = None
    _error: dict[str, Any] | None = None
    _note: str = "it said nothing"
    code: int = INTERNAL

    def prepare(self, options: Sequence[str], note: Callable[[str], object]) -> None:
        """Choose the command. `options` go before the task's own; `note` is told what the process says on the side."""

        def told(text: str) -> None:
            self._note = text
            note(f"{self.task.id}: {text}")

        self.child = Child([*RUN, *options, *self.task.arguments()], self._hear, told)

    def follow(self) -> None:
        """Run the process to its end."""
        try:
            self.code = self.child.follow()
        except ApprenticeError as error:
            self._error = event("error", error=error.message, next_step=error.next_step, exit_code=error.exit_code)
            self.code = error.exit_code
        if self.code < 0 or (self._result is None and self._error is None and self.code != 0):
            how = f"signal {-self.code} ended it" if self.code < 0 else f"it ended with {self.code}: {self._note}"
            self.code = INTERNAL if self.code < 0 else self.code
            self._error = event(
                "error",
                error=f"the task's process broke off: {how}",
                next_step="Run it alone to see more",
                exit_code=self.code,
            )

    def record(self) -> dict[str, Any]:
        """Return what came of it."""
        return task_ended(self.task, self.code, self._result, self._error, skipped=False)

    def _hear(self, record: dict[str, Any]) -> None:
        match record.get("event"):
            case "result":
                self._result = record
            case "error":
                self._error = record


def task_ended(
    task: BatchTask, code: int, result: dict[str, Any] | None, error: dict[str, Any] | None, *, skipped: bool
) -> dict[str, Any]:
    """Make the event of a task's end."""
    return event("task_ended", id=task.id, key=task.key, skipped=skipped, exit_code=code, result=result, error=error)


def work_through(
    tasks: Sequence[BatchTask],
    jobs: int,
    options: Sequence[str],
    *,
    keep: Callable[[dict[str, Any]], object],
    show: Callable[[dict[str, Any]], object],
    note: Callable[[str], object],
) -> int:
    """Run all tasks; each record is kept, then shown. Return the worst exit code.

    Told to stop, or without a reader, every running task is told to stop, and kept, before the exception goes on.
    """
    waiting, running, worst = list(tasks), {}, 0
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while waiting or running:
                for task in startable(waiting, [attempt.task for attempt in running.values()], jobs):
                    waiting.remove(task)
                    attempt = Attempt(task)
                    attempt.prepare(options, note)
                    running[pool.submit(attempt.follow)] = attempt
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    record = _ended(future, running[future])
                    keep(record)
                    del running[future]
                    show(record)
                    worst = max(worst, record["exit_code"])
        except BaseException:
            for attempt in running.values():
                attempt.child.stop()
            for future, attempt in running.items():
                keep(_ended(future, attempt))
            raise
    return worst


def startable(waiting: Sequence[BatchTask], running: Sequence[BatchTask], jobs: int) -> list[BatchTask]:
    """Return the tasks that may begin now, in their order: as many as there are hands, each on origins that nobody works on."""
    chosen: list[BatchTask] = []
    taken = {origin for task in running for origin in task.origins}
    for task in waiting:
        if len(running) + len(chosen) >= jobs:
            break
        if not task.origins & taken:
            chosen.append(task)
        taken |= task.origins  # one that waits keeps its place before later ones on the same origin
    return chosen


def _ended(future: Future[None], attempt: Attempt) -> dict[str, Any]:
    future.result()
    return attempt.record()
