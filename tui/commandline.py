"""Which commands there are. A command's module is imported when it is named: `--help` and every command start without the others."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from agent.paths import PROFILE_VARIABLE
from browser.errors import UsageError


class Entry(NamedTuple):
    """Where a command is defined, below `tui.commands`, and what it is for: the first sentence of its own help."""

    module: str
    name: str
    about: str


COMMANDS = {
    "run": Entry("run", "run", "Work on TASK in the app at URL."),
    "batch": Entry("batch", "batch", "Work through the tasks in FILE without a window."),
    "teach": Entry(
        "teach",
        "teach",
        "Teach a TASK: record it in a browser window, type it, perform it from a file, or put it in words.",
    ),
    "sessions": Entry("sessions", "sessions", "List sessions."),
    "outcome": Entry("sessions", "outcome", "Say, now or months later, whether a session achieved its task."),
    "replay": Entry("replay", "replay", "Show what a session saw and did, step by step."),
    "rerun": Entry("rerun", "rerun", "Perform a recorded session's actions again, without a model."),
    "decide": Entry("decide", "decide", "Ask at each recorded observation what a policy would do."),
    "lessons": Entry("lessons", "lessons", "List lessons, show one, approve or retire one, or say one in other words."),
    "consolidate": Entry(
        "consolidate",
        "consolidate",
        "Consolidate what was taught into a new adapter; promote it if the gate lets it pass.",
    ),
    "adapters": Entry("adapters", "adapters", "List adapters, or show one's receipt."),
    "promote": Entry("adapters", "promote", "Make an adapter champion: it acts from the next session on."),
    "rollback": Entry("adapters", "rollback", "Let the adapter before the champion act again; without one, the base."),
    "forget": Entry(
        "forget",
        "forget",
        "Forget a session, or all that was done in a site: steps, pages, pictures, lessons, adapters, nights.",
    ),
    "doctor": Entry("doctor", "doctor", "Examine the installation and say what to do about what is wrong."),
    "setup": Entry("setup", "setup", "Find, check, convert and cache the embedded model, and check the browser."),
    "demo": Entry(
        "demo", "demo", "Fail at a task, be taught once, do it with the lesson, consolidate, do new variants alone."
    ),
    "mcp": Entry(
        "mcp", "mcp", "Serve MCP on standard input and output: run, sessions, outcome, and teach with --teaching."
    ),
    "dream": Entry("dream", "dream", "Dreams of recorded sites."),
    "idle": Entry("idle", "idle_app", "Watch the machine in the foreground; learn while nobody is there."),
    "config": Entry("config", "config", "Show or check the configuration."),
    "export": Entry("export", "export", "Write sessions and adapters for other tools."),
    "import": Entry("importing", "imports", "Take over what other tools recorded."),
    "secret": Entry("secrets", "secret", "Keep secrets that the agent may type without seeing them."),
}


class Commands(MutableMapping[str, Any]):
    """The commands by name, each made when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, COMMANDS[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandLine(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        """List the names, without the commands."""
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands for `--help` as typer does, from what the table says of each."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, TyperCommand(name, help=entry.about).get_short_help_str(limit))
                    for name, entry in COMMANDS.items()
                ]
            )


def _made(name: str, entry: Entry) -> Any:
    defined = getattr(import_module(f"tui.commands.{entry.module}"), entry.name)
    if isinstance(defined, typer.Typer):
        group = get_group(defined)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(defined)
    return get_command(alone)


app = typer.Typer(
    name="apprentice",
    help="A desktop agent that learns on the job. Without a command: the dashboard.",
    cls=CommandLine,
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def without_command(
    context: typer.Context,
    profile: Annotated[
        str, typer.Option(envvar=PROFILE_VARIABLE, help="Work in this profile: its own store, browser and adapters.")
    ] = "",
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="Without a command: the dashboard in plain lines, which reads what to do from standard input.",
        ),
    ] = False,
) -> None:
    """Open the dashboard when no command is given."""
    from tui import opening

    opening.use_profile(profile)
    if plain and context.invoked_subcommand is None:
        opening.open_prompt()
    elif context.invoked_subcommand is None:
        raise typer.Exit(opening.open_dashboard())


def perform(arguments: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code. Raises UsageError for what cannot be understood."""
    try:
        with get_command(app).make_context("apprentice", list(arguments)) as context:
            return int(context.command.invoke(context) or 0)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort as stop:
        raise KeyboardInterrupt from stop
    except typer.TyperException as error:
        raise understood(error) from error


def understood(error: typer.TyperException) -> UsageError:
    """Return the error of our own tree that says what is wrong with the arguments."""
    command = getattr(getattr(error, "ctx", None), "command_path", "apprentice")
    words = error.format_message().rstrip(".")
    said = "a command is missing" if words.startswith("Usage:") else words  # a whole help page is no one line
    return UsageError(said, f"{command} --help lists what it takes")
