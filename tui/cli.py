"""The command line. Every command takes --help and --json; every error is one line with a fixed exit code.

Exit codes: 0 done, 2 usage or set-up, 3 the task failed, 4 a person is needed, 5 blocked by a login or a CAPTCHA, 6 budget
spent, 7 internal; 128 and the signal's number when a signal ended it (130 Ctrl+C, 143 SIGTERM, 141 nobody reads the output).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from typer.main import get_command

from agent.paths import PROFILE_VARIABLE, logs_dir
from browser.errors import ApprenticeError, UsageError
from tui.commands import (
    adapters,
    batch,
    config,
    consolidate,
    decide,
    demo,
    doctor,
    dream,
    export,
    forget,
    idle,
    importing,
    lessons,
    mcp,
    replay,
    rerun,
    run,
    secrets,
    sessions,
    setup,
    teach,
)
from tui.output import out, print_error
from tui.stopping import Stopped

INTERRUPTED, BROKEN_PIPE = 130, 141
"""What a shell reports of a program that Ctrl+C ended, and of one that wrote to a closed pipe."""

app = typer.Typer(
    name="apprentice",
    help="A desktop agent that learns on the job. Without a command: the dashboard.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    profile: Annotated[
        str, typer.Option(envvar=PROFILE_VARIABLE, help="Work in this profile: its own store, browser and adapters.")
    ] = "",
    plain: Annotated[
        bool, typer.Option("--plain", help="Without a command: say in plain lines what the dashboard shows.")
    ] = False,
) -> None:
    """Open the dashboard when no command is given."""
    if profile:
        from tui.config import choose_profile

        choose_profile(profile)
    if plain and context.invoked_subcommand is None:
        from agent.store import Store
        from tui.plain import lines

        with Store.open() as store:
            for line in lines(store):
                out.print(line, markup=False, soft_wrap=True)
    elif context.invoked_subcommand is None:
        from tui.app import run_dashboard

        run_dashboard()


app.command("run")(run.run)
app.command("batch")(batch.batch)
app.command("teach")(teach.teach)
app.command("sessions")(sessions.sessions)
app.command("outcome")(sessions.outcome)
app.command("replay")(replay.replay)
app.command("rerun")(rerun.rerun)
app.command("decide")(decide.decide)
app.add_typer(dream.dream, name="dream")
app.command("lessons")(lessons.lessons)
app.command("consolidate")(consolidate.consolidate)
app.add_typer(idle.idle_app, name="idle")
app.command("adapters")(adapters.adapters)
app.command("promote")(adapters.promote)
app.command("rollback")(adapters.rollback)
app.command("forget")(forget.forget)
app.add_typer(config.config, name="config")
app.command("doctor")(doctor.doctor)
app.command("setup")(setup.setup)
app.command("demo")(demo.demo)
app.command("mcp")(mcp.mcp)
app.add_typer(export.export, name="export")
app.add_typer(importing.imports, name="import")
app.add_typer(secrets.secret, name="secret")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (the process's own arguments without any) and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in (given[: given.index("--")] if "--" in given else given)
    try:
        with get_command(app).make_context("apprentice", given) as context:
            return int(context.command.invoke(context) or 0)
    except typer.Exit as stop:
        return stop.exit_code
    except Stopped as stop:
        return stop.exit_code
    except (KeyboardInterrupt, EOFError, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone: nothing is left to be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets one line
        shown = as_ours(error)
        print_error(shown, as_json=as_json)
        return shown.exit_code


def as_ours(error: Exception) -> ApprenticeError:
    """Return the error of our own tree that says what ended the command."""
    match error:
        case ApprenticeError():
            return error
        case typer.TyperException():
            command = getattr(getattr(error, "ctx", None), "command_path", "apprentice")
            words = error.format_message().rstrip(".")
            said = "a command is missing" if words.startswith("Usage:") else words  # a whole help page is no one line
            return UsageError(said, f"{command} --help lists what it takes")
        case _:
            return _unforeseen(error)


def _unforeseen(error: Exception) -> ApprenticeError:
    """Keep the details of an error that nobody foresaw, and make one of ours of it."""
    path = logs_dir() / f"error-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    path.chmod(0o600)
    return ApprenticeError(
        f"something went wrong inside Apprentice: {type(error).__name__}: {error}", f"Please report it with {path}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
