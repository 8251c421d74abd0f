"""`apprentice idle`: hold nights by oneself, while nobody is at the machine."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from agent.lock import instance_lock
from browser.errors import SetupError, UsageError
from consolidation.idle.away import FOREVER
from consolidation.idle.machine import Machine
from consolidation.idle.rules import Hours, IdleRules
from tui.output import note, print_json, say

UNIT = "apprentice-idle.service"
_UNIT_TEXT = """\
[Unit]
Description=Apprentice learns while nobody is at the machine

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=60
Nice=10
KillMode=control-group

[Install]
WantedBy=default.target
"""

idle_app = typer.Typer(
    help="Watch the machine in the foreground; learn while nobody is there.",
    invoke_without_command=True,
    no_args_is_help=False,
    rich_markup_mode=None,
)

AwayOption = Annotated[float, typer.Option(min=0, help="Seconds without input before a night begins.")]
HoursOption = Annotated[
    list[str] | None, typer.Option(help="When nights may run, e.g. 'mon-fri 22:00-07:00' or sat; can be repeated.")
]
BatteryOption = Annotated[bool, typer.Option("--on-battery", help="Also learn on battery.")]


@idle_app.callback()
def watch(
    context: typer.Context,
    away: AwayOption = 180.0,
    hours: HoursOption = None,
    on_battery: BatteryOption = False,
    model: Annotated[
        str | None, typer.Option(help="Folder of a base model. Default: the embedded one, or $APPRENTICE_MODEL.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes rehearsal and training.")] = 1,
) -> None:
    """Watch the machine in the foreground; learn while nobody is there, and give it back within two seconds."""
    if context.invoked_subcommand is not None:
        return
    from consolidation.idle.scheduler import Scheduler
    from consolidation.job import Request
    from tui.wiring import find_base

    rules, stopped = make_rules(away, hours, on_battery=on_battery), _Stopped()
    base = find_base(model, note)
    asked = Request(str(base.path), base.sha256, (), with_manual=base.with_manual, seed=seed)
    with instance_lock("idle"):
        Scheduler(asked, rules, say).watch(stopped)


@idle_app.command("status")
def status(
    away: AwayOption = 180.0,
    hours: HoursOption = None,
    on_battery: BatteryOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a night may begin now, and what was read."""
    now = Machine().read()
    verdict = make_rules(away, hours, on_battery=on_battery).judge(now, running=False)
    if as_json:
        away_now = None if now.away == FOREVER else now.away  # JSON knows no infinity
        read = {**asdict(now), "at": now.at.isoformat(), "away": away_now, "logged_in": now.away != FOREVER}
        print_json({**read, "may_run": verdict.may_run, "reason": verdict.reason})
    else:
        say(f"{'a night may begin' if verdict.may_run else 'no night now'}: {verdict.reason}")


@idle_app.command("install")
def install(
    away: AwayOption = 180.0,
    hours: HoursOption = None,
    on_battery: BatteryOption = False,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Begin to watch at once.")] = True,
) -> None:
    """Watch from every login on, as a systemd user service."""
    make_rules(away, hours, on_battery=on_battery)
    unit = unit_path()
    unit.parent.mkdir(parents=True, exist_ok=True)
    unit.write_text(unit_text(away, hours or [], on_battery=on_battery))
    say(f"wrote {unit}")
    if start:
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", UNIT)
        say("watching; stop it with: apprentice idle uninstall")


@idle_app.command("uninstall")
def uninstall() -> None:
    """Stop watching, and remove the systemd user service."""
    unit = unit_path()
    if not unit.exists():
        raise UsageError(f"there is no {unit}", "Nothing is installed: apprentice idle install")
    if shutil.which("systemctl"):
        _systemctl("disable", "--now", UNIT)
    unit.unlink()
    say(f"removed {unit}")


def make_rules(away: float, hours: list[str] | None, *, on_battery: bool) -> IdleRules:
    """Make the rules of what was typed. Raises UsageError for hours that cannot be read."""
    try:
        return IdleRules(away=away, hours=tuple(map(Hours.parse, hours or [])), on_battery=on_battery)
    except ValueError as error:
        raise UsageError(str(error), "Days are mon to sun, times 00:00 to 24:00") from error


def unit_path() -> Path:
    """Return where systemd looks for the person's own services."""
    return platformdirs.user_config_path("systemd", appauthor=False) / "user" / UNIT


def unit_text(away: float, hours: list[str], *, on_battery: bool) -> str:
    """Write the service."""
    words = [sys.executable, "-m", "tui.cli", "idle", "--away", f"{away:g}"]
    words += [word for entry in hours for word in ("--hours", entry)]
    words += ["--on-battery"] if on_battery else []
    return _UNIT_TEXT.format(command=" ".join(_quoted(word) for word in words))


def _quoted(word: str) -> str:
    """Quote a word for a systemd command line."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or " " in word else word


def _systemctl(*words: str) -> None:
    try:
        subprocess.run(["systemctl", "--user", *words], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise SetupError("there is no systemd here", "Run apprentice idle in the foreground instead") from error
    except subprocess.CalledProcessError as error:
        reason = " ".join(error.stderr.split()) or f"exit code {error.returncode}"
        raise SetupError(
            f"systemd refuses: {reason}", "Run apprentice idle in the foreground instead, or add --no-start"
        ) from error


class _Stopped:
    """Turns SIGTERM and Ctrl+C into an answer, so that a night is put aside before we go."""

    def __init__(self) -> None:
        self._asked = False
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._ask)

    def __call__(self) -> bool:
        return self._asked

    def _ask(self, *_: object) -> None:
        self._asked = True
