"""`apprentice consolidate`: move what was taught into the weights, in a process of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.store import Store
from browser.errors import ApprenticeError, UsageError
from tui.config import load_settings
from tui.output import note, print_json, say
from tui.wiring import find_base

POLL_SECONDS = 0.3


def consolidate(
    app: Annotated[str, typer.Option(help="Only this app's lessons.")] = "",
    model: Annotated[
        str | None, typer.Option(help="Folder of a base model. Default: the embedded one, or $APPRENTICE_MODEL.")
    ] = None,
    approved: Annotated[bool, typer.Option("--approved", help="Only lessons that a person approved.")] = False,
    arm: Annotated[
        str,
        typer.Option(help="opsd, or a control that is never promoted: opsd_pure, sft, sft_dream, empty, mismatched."),
    ] = "opsd",
    updates: Annotated[int | None, typer.Option(min=1, help="Training updates.")] = None,
    variants: Annotated[int | None, typer.Option(min=1, help="Rehearsed variants.")] = None,
    seed: Annotated[int, typer.Option(help="Fixes rehearsal and training.")] = 1,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Learn everything again from the base, not only what the champion does not hold yet."
        ),
    ] = False,
    detach: Annotated[bool, typer.Option(help="Return at once; the dashboard shows the progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON event a line.")] = False,
) -> None:
    """Consolidate what was taught into a new adapter; promote it if the gate lets it pass. Goes on where a killed night stood.

    Where the champion holds lessons already, the new ones are learned on top of it and the others reviewed.
    """
    from consolidation.examples import Arm
    from consolidation.job import Request, prepare, spawn, teachable

    if arm not in set(Arm):
        raise UsageError(f"unknown arm {arm!r}", f"The arms are {', '.join(Arm)}")
    base = find_base(load_settings({"model": model}).model, note)
    with Store.open() as store:
        rows = [row for row in teachable(store, app or None) if row.approved_at or not approved]
    if not rows and approved:
        raise UsageError("no demonstration is approved", "Read it, then approve it: apprentice lessons --approve ID")
    if not rows:
        raise UsageError(
            "there is no demonstration to consolidate", 'Teach something first: apprentice teach "…" --url http://…'
        )
    request = Request(
        str(base.path),
        base.sha256,
        tuple(row.id for row in rows),
        arm,
        base.with_manual,
        seed,
        updates,
        variants,
        start="" if anew else None,
    )
    folder = prepare(request)
    child = spawn(folder)
    if detach:
        say(f"consolidating {len(rows)} lessons in process {child.pid}; log in {folder / 'log.txt'}")
        return
    state = follow(child, folder, as_json=as_json)
    raise typer.Exit({"done": 0, "refused": 3}.get(state, 7))


def follow(
    child: subprocess.Popen[bytes], folder: Path, *, as_json: bool = False, tell: Callable[[str], None] = say
) -> str:
    """Print a night's events until its process ends; return the state it ended in. Raises when it failed."""
    with Store.open() as store:
        job_id, seen = None, -1
        while True:
            ended = child.poll() is not None
            job_id = job_id or next((job.id for job in store.jobs(limit=3) if job.pid == child.pid), None)
            for item in store.job_events(job_id, seen) if job_id else []:
                seen = item.seq
                if as_json:
                    print_json({"event": "consolidation", **item.payload})
                else:
                    _show(item.payload, tell)
            if ended:
                break
            time.sleep(POLL_SECONDS)
        if job_id is None:
            raise ApprenticeError(f"the night ended before it began: {last_line(folder)}", f"Read {folder / 'log.txt'}")
        store.interrupt_dead_jobs()
        job = store.job(job_id)
        if job.state == "failed":
            raise ApprenticeError(job.error, f"Read {folder / 'log.txt'}")
        if job.state == "interrupted":
            raise ApprenticeError("the night was killed", "Run apprentice consolidate again: it goes on where it stood")
        return job.state


def last_line(folder: Path) -> str:
    """Return the last line that a night's process wrote."""
    lines = (folder / "log.txt").read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("error: ") if lines else "it wrote nothing"


def _show(event: dict[str, Any], tell: Callable[[str], None]) -> None:
    phase = event["phase"]
    if phase == "learn":
        if event["update"] % 10 == 0 or event["update"] == event["of"]:
            tell(
                f"learn     update {event['update']:3}/{event['of']}   divergence {event['divergence']:.4f}   {event['tokens']} tokens"
            )
    elif phase == "gate" and "rows" in event:
        for row in event["rows"]:
            tell(f"gate      {'ok  ' if row['passed'] else 'FAIL'} {row['name']}: {row['value']:.3f} ({row['bound']})")
    elif phase == "decided":
        tell(
            f"decided   adapter {event['adapter']}: {'passed' if event['passed'] else 'refused: the lesson stays in context'}"
        )
    elif "variant" not in event or event["variant"] == event["of"]:
        facts = ", ".join(f"{key} {value}" for key, value in event.items() if key not in ("phase", "rows"))
        tell(f"{phase:9} {facts}")
