"""The command line. Every command takes --help and --json; every error is one line with a fixed exit code.

Exit codes: 0 done, 2 usage or set-up, 3 the task failed, 4 a person is needed, 6 budget spent, 7 internal.
"""

from __future__ import annotations

import sys

import typer

from browser.errors import ApprenticeError
from tui.commands import (
    adapters,
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
    sessions,
    setup,
    teach,
)
from tui.output import print_error

app = typer.Typer(
    name="apprentice",
    help="A desktop agent that learns on the job. Without a command: the dashboard.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def dashboard(context: typer.Context) -> None:
    """Open the dashboard when no command is given."""
    if context.invoked_subcommand is None:
        from tui.app import run_dashboard

        run_dashboard()


app.command("run")(run.run)
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
app.command("doctor")(doctor.doctor)
app.command("setup")(setup.setup)
app.command("demo")(demo.demo)
app.command("mcp")(mcp.mcp)
app.add_typer(export.export, name="export")
app.add_typer(importing.imports, name="import")


def main() -> int:
    """Run the command line and return the exit code."""
    as_json = "--json" in sys.argv
    try:
        return int(app(standalone_mode=False) or 0)
    except ApprenticeError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from click import ClickException

        if not isinstance(error, ClickException):
            raise
        error.show()
        return error.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
