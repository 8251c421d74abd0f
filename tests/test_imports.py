"""What is really loaded: the screen, the loop and the store open without torch; each command starts without a model."""

import subprocess
import sys

import pytest
from typer.main import get_command

from tui.commandline import COMMANDS, app

HEAVY = ("torch", "transformers", "peft")


def loaded(code: str) -> set[str]:
    """Return the top-level modules that a fresh process has loaded after some code."""
    script = f"import sys\n{code}\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "tui.cli",
        "tui.app",
        "agent.loop",
        "agent.store",
        "agent.guard",
        "agent.prompt",
        "browser.environment",
        "consolidation.job",
    ],
)
def test_opening_loads_no_torch(module: str) -> None:
    assert not loaded(f"import {module}") & set(HEAVY)


@pytest.mark.parametrize("module", ["agent.loop", "agent.store", "agent.guard", "agent.prompt"])
def test_the_agent_itself_needs_no_browser_and_no_screen(module: str) -> None:
    assert not loaded(f"import {module}") & {"playwright", "textual", "typer"}


def test_the_local_policy_does_load_torch() -> None:
    assert set(HEAVY[:2]) <= loaded("import agent.policy.local")


def imported(*arguments: str) -> set[str]:
    """Return every module that `apprentice` has loaded when it has done what its arguments say."""
    script = (
        "import sys, contextlib, io\nfrom tui.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()): code = main({list(arguments)})\n"
        "print(code, *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, *names = done.stdout.split()
    assert code == "0", done.stderr
    return set(names)


def test_a_command_starts_without_the_others() -> None:
    commands = {f"tui.commands.{entry.module}" for entry in COMMANDS.values()}
    screen = {"textual", "tui.app", "numpy", *HEAVY}
    listed = imported("--help")
    assert not listed & (commands | screen | {"rich", "sqlite3", "agent.store", "pydantic"})
    as_json = imported("sessions", "--json")
    assert as_json & commands == {"tui.commands.sessions"}
    assert not as_json & (screen | {"rich", "ulid", "psutil", "agent.guard", "agent.loop"})
    assert not imported("run", "--help") & (commands - {"tui.commands.run"} | screen | {"rich", "playwright"})


def test_screens_are_known_without_what_draws_their_curves() -> None:
    assert not loaded("import tui.app as app\nfor mode in app.MODES: app.screen_of(mode)") & {
        "numpy",
        "textual_plot",
        *HEAVY,
    }


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    own = {name: command.get_short_help_str(1000) for name, command in get_command(app).commands.items()}
    assert own == {name: entry.about for name, entry in COMMANDS.items()}
