"""`apprentice batch`: work through a file of tasks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.lock import file_lock
from tui.config import load_settings
from tui.output import note, print_json, say
from tui.stopping import stopped_by_signal

if TYPE_CHECKING:
    from tui.batch import BatchTask


def batch(
    file: Annotated[Path, typer.Argument(help="A TOML or JSONL file of tasks.")],
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Tasks at the same time, never two on one origin. Default: 1.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an earlier run: tasks that it finished are skipped.")
    ] = False,
    results: Annotated[
        Path | None, typer.Option(help="Where results are kept. Default: FILE with the ending .results.jsonl.")
    ] = None,
    storage_state: Annotated[
        Path | None, typer.Option(help="Cookies and local storage that every task begins with (Playwright's format).")
    ] = None,
    logins: Annotated[
        bool, typer.Option("--logins/--no-logins", help="Let every task begin with a copy of the person's logins.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a task.")] = False,
) -> None:
    """Work through the tasks in FILE without a window. The exit code is the worst of theirs."""
    from tui.batch import load_batch
    from tui.commands.run import read_storage_state
    from tui.crew import task_ended, work_through
    from tui.results import Results

    tasks = load_batch(file)
    settings = load_settings({"jobs": jobs})
    if storage_state is not None:
        read_storage_state(storage_state)
    path = results or file.with_suffix(".results.jsonl")
    show = print_json if as_json else _show
    with stopped_by_signal(), file_lock(path):
        book = Results(path, resume=resume)
        earlier = {task.id: record for task in tasks if (record := book.finished(task.id, task.key))}
        worst = 0
        for task in tasks:
            if record := earlier.get(task.id):
                show(task_ended(task, record["exit_code"], record["result"], record["error"], skipped=True))
                worst = max(worst, record["exit_code"])
        left = [task for task in tasks if task.id not in earlier]
        with _begun_with(left, storage_state, settings.browser or None, logins=logins) as options:
            code = work_through(left, settings.jobs, options, keep=book.add, show=show, note=note)
    raise typer.Exit(max(worst, code))


@contextmanager
def _begun_with(
    tasks: Sequence[BatchTask], state: Path | None, browser: str | None, *, logins: bool
) -> Iterator[list[str]]:
    """Give the options of `apprentice run` that say which logins a task begins with."""
    if state is not None or not logins or not tasks:
        yield ["--storage-state", str(state)] if state else ["--isolated"]
        return
    from tui.logins import copy_logins

    with tempfile.TemporaryDirectory(prefix="apprentice-logins-") as folder:
        copy = Path(folder) / "state.json"
        there = copy_logins(dict.fromkeys(task.url for task in tasks), copy, browser)
        yield ["--storage-state", str(copy)] if there else ["--isolated"]


def _show(record: dict[str, Any]) -> None:
    """Print a task's end for people."""
    result, error, code = record["result"], record["error"], record["exit_code"]
    ended = f"{result['stop_reason']}: {result['answer']}".removesuffix(": ") if result else ""
    failed = [check["expect"] for check in result["checks"] if not check["passed"]] if result else []
    words = [error["error"] if error else ended]
    if failed:
        words.append(f"not as expected: {', '.join(failed)}")
    if record["skipped"]:
        words.append("finished by an earlier run")
    say(f"{'ok' if code == 0 else code:<4} {record['id']}  {'; '.join(words)}")
