"""`apprentice export`: what was done and learned, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.store import Store
from browser.errors import UsageError
from tui.output import note, print_json, say

export = typer.Typer(help="Write sessions and adapters for other tools.", no_args_is_help=True, rich_markup_mode=None)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@export.command("sessions")
def sessions(
    file: Annotated[Path, typer.Argument(help="File to write: its name ends in .jsonl or .parquet.")],
    search: Annotated[str, typer.Option(help="Only sessions whose task has all these words.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write every session with its steps to FILE; `datasets` loads both formats."""
    from agent.export.records import session_records
    from agent.export.tables import write_sessions

    with Store.open() as store:
        count = write_sessions(file, session_records(store, search or None))
    if as_json:
        print_json({"file": str(file), "sessions": count})
    else:
        say(f"{count} sessions in {file}")


@export.command("session")
def session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="The session's id, or its beginning.")],
    playwright: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a Playwright program in Python that does it again.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a trace.zip for: playwright show-trace FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one session for Playwright: as a program, as a trace, or both."""
    from agent.export.script import playwright_script
    from agent.export.tables import written_aside
    from agent.export.trace import write_trace

    if playwright is None and trace is None:
        raise UsageError("say what to write", f"For example: apprentice export session {session_id} --playwright do.py")
    with Store.open() as store:
        row = store.session(session_id)
        if playwright is not None:
            text = playwright_script(row, store.steps(row.id))
            with written_aside(playwright) as aside:
                aside.write_text(text, encoding="utf-8")
        if trace is not None:
            with written_aside(trace) as aside:
                write_trace(aside, store, row)
    if as_json:
        print_json({"session": row.id, "playwright": playwright and str(playwright), "trace": trace and str(trace)})
        return
    if playwright is not None:
        say(f"{playwright} does what session {row.id} did; run it with: python {playwright}")
    if trace is not None:
        say(f"{trace} shows session {row.id}; open it with: playwright show-trace {trace}")


@export.command("adapter")
def adapter(
    adapter_id: Annotated[str, typer.Argument(metavar="ID", help="The adapter's id, or its beginning.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    model: Annotated[
        str | None, typer.Option(help="Folder of its base model. Default: the embedded one, or $APPRENTICE_MODEL.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy an adapter to DIR in PEFT's format, and load it there in peft on its base."""
    from consolidation.export import check_in_peft, export_adapter
    from tui.wiring import find_base

    with Store.open() as store:
        row = store.adapter(adapter_id)
    base = find_base(model, note)
    if base.sha256 != row.base_id:
        raise UsageError(
            f"adapter {row.id} belongs to another base than {base.path}", "Give its base with --model FOLDER"
        )
    config = export_adapter(row, folder)
    tensors = check_in_peft(folder, base.path)
    if as_json:
        print_json({"folder": str(folder), "base": str(base.path), "rank": config["r"], "tensors": tensors})
    else:
        say(f"{folder}: {tensors} tensors of rank {config['r']}, loaded in peft on {base.path}")
