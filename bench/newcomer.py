"""A newcomer: from an empty home to a taught and consolidated skill, in the dashboard, by keys alone, at 80 x 24.

    python -m bench.newcomer [--app NAME] [--model FOLDER] [--record FOLDER] [--root DIR] [--json FILE]

The dashboard runs in tmux, without a display, as over ssh. The script knows what a newcomer knows: a task, an address, how the
task is done. It types and presses keys, and goes on when the screen says that it may; every screen that it passes is kept as text.
The app is a real one, and its own data say whether the demonstration and the agent's first errand after it were done. Whether the gate lets
the adapter pass is reported, and no condition: the newcomer sees why, either way.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.store import Store
from bench.checks import Judge
from bench.definitions import AppSpec, SkillSpec, load_apps
from bench.servers import AppServer, no_app
from bench.terminal import COLUMNS, ROWS, Terminal
from browser.errors import ApprenticeError, UsageError

HERE = Path(__file__).parent
DASHBOARD = (sys.executable, "-m", "tui.cli")
NIGHT_PATIENCE = 3600.0
ERRAND_PATIENCE = 600.0
SEED = 1
ENDED = re.compile(r"(refused|done|interrupted): |failed")
"""How the screen begins to say how a night ended."""
GATE_ROWS = re.compile(r"Gate of adapter \w+: \d+ of \d+ ok\s.* (ok|FAIL) ", re.DOTALL)

Tell = Callable[[str], None]


@dataclass(slots=True)
class Journey:
    """One way through the dashboard. Each method is a chapter: it begins and ends on a screen that says where one is."""

    terminal: Terminal
    skill: SkillSpec
    url: str
    tell: Tell
    phases: list[str] = field(default_factory=list)
    """What the night said that it was doing, as the screen showed it."""

    def arrive(self) -> None:
        """See the first screen of an empty home, and what help says of it."""
        self.tell("opens the dashboard")
        self.terminal.shows("New here?", "Ctrl+T", "F5")
        self.terminal.keep("first-screen")
        self.terminal.press("F1")
        self.terminal.shows("Live starts one session")
        self.terminal.keep("help")
        self.terminal.press("Escape")
        self.terminal.wait(lambda screen: "Live starts one session" not in screen, "the fields again")

    def teach(self) -> None:
        """Do the task once, typing each action, and end the demonstration."""
        task, actions = self.skill.demonstration()
        self.tell(f"teaches: {task}")
        self._fill_in(task)
        self.terminal.press("C-t")
        for number, action in enumerate([*(action.render(with_ref=False) for action in actions), "done"], start=1):
            self.terminal.shows(f"Step {number}, done by you", "needs your next step")
            self._do(number, action)
        self.terminal.shows("taught:", "ended: done")
        self.terminal.keep("taught")

    def approve(self) -> None:
        """Read the lesson and say that it is right."""
        self.tell("reads the lesson and approves it")
        self.terminal.press("F9")
        self.terminal.shows("shown by the person", "Approve")
        self.terminal.keep("lesson")
        self.terminal.press("a")
        self.terminal.shows("The lesson is approved.")
        self.terminal.keep("approved")

    def run_errand(self) -> str:
        """Let the agent do another task of the kind; return what the screen says it came to."""
        task, _ = self.skill.variant(SEED)
        self.tell(f"gives an errand: {task}")
        self.terminal.press("F2")
        self.terminal.shows("ended: done")
        self.terminal.press("F6")
        self.terminal.shows("No session is running")
        self._empty("Add a bill of 12.50")
        self._fill_in(task, with_address=False)
        self.terminal.press("F5")
        self.terminal.shows("deciding", "1 lesson in context", patience=ERRAND_PATIENCE)
        self.terminal.keep("errand")
        screen = self.terminal.wait(
            lambda shown: "ended:" in shown or "needs your" in shown, "the errand's end", ERRAND_PATIENCE
        )
        self.terminal.keep("errand-ended")
        if "needs your" in screen:  # it asks about something that the newcomer did not mean
            self.terminal.press("F8")
            screen = self.terminal.shows("ended:")
        return re.findall(r"ended: *(.*)", screen)[-1].strip()

    def sleep(self) -> None:
        """Begin a night, watch it to its end, and go on to the gate's rows: a curve may stand above them."""
        self.tell("begins a night")
        self.terminal.press("F4")
        self.terminal.shows("Press c")
        self.terminal.keep("learning")
        self.terminal.press("c")
        screen = self.terminal.wait(self._night_is_over, "the night's end", NIGHT_PATIENCE)
        self.terminal.keep("night-over")
        if "failed" not in _night(screen):
            self.terminal.wait(lambda shown: GATE_ROWS.search(shown) or self._next_part(), "the gate's rows")
        self.terminal.keep("gate")

    def see_adapter(self) -> None:
        """See what was made of it."""
        self.tell("looks at the adapter")
        self.terminal.press("F10")
        self.terminal.shows("Receipt of")
        self.terminal.keep("adapter")

    def leave(self) -> int:
        """Leave the dashboard; return its exit code."""
        self.terminal.press("C-q")
        end = time.monotonic() + 60
        while (code := self.terminal.exit_code()) is None and time.monotonic() < end:
            time.sleep(0.05)
        return -1 if code is None else code

    def _empty(self, example: str) -> None:
        """Clear the field; it is empty when it shows its example."""
        self.terminal.wait(lambda shown: example in shown or self.terminal.press("C-u"), "an empty field")

    def _fill_in(self, task: str, *, with_address: bool = True) -> None:
        self.terminal.type(task)
        self.terminal.shows(task[-40:])
        if with_address:
            field = self.terminal.row()
            self.terminal.press("Enter")
            self.terminal.wait(lambda _: self.terminal.row() != field, "the next field")
            self.terminal.type(self.url)
        self.terminal.shows(self.url[-40:])
        self.terminal.keep("task")

    def _do(self, number: int, action: str) -> None:
        """Type an action; where the screen says that several controls have its name, take the first."""
        self.terminal.type(action)
        self.terminal.shows(action[:40])
        self.terminal.keep(f"step-{number}")
        self.terminal.press("Enter")
        later = re.compile(rf"Step {number + 1}, done by you|ended:")
        screen = self.terminal.wait(
            lambda shown: later.search(shown) or "controls are called" in shown, "the next step"
        )
        if "controls are called" in screen and not later.search(screen):
            ref = re.findall(r"write (\[\d+\])", " ".join(screen.split()))[0]
            which = re.sub(r'^(\w+ "(?:[^"\\]|\\.)*")', rf"\1 {ref}", action)
            self._empty('type "Name"')
            self.terminal.type(which)
            self.terminal.shows(which[:40])
            self.terminal.keep(f"step-{number}-which")
            self.terminal.press("Enter")

    def _next_part(self) -> None:
        """Go on to the next table, and leave the screen the time to follow; where it was in view before, nothing moves."""
        before, end = self.terminal.screen(), time.monotonic() + 1.0
        self.terminal.press("Tab")
        while self.terminal.screen() == before and time.monotonic() < end:
            time.sleep(0.05)

    def _night_is_over(self, screen: str) -> bool:
        """Note what the night says that it does, until it says how it ended."""
        for phase in re.findall(r"(starting|loading|rehearsing|learning|testing|deciding)\b", _night(screen)):
            if not self.phases or self.phases[-1] != phase:
                self.phases.append(phase)
                self.terminal.keep(f"night-{phase}")
        return bool(ENDED.search(_night(screen)))


def _night(screen: str) -> str:
    """Return the part of the screen that tells of the night."""
    return screen.partition("Night\n")[2].partition("Adapters\n")[0]


def run(app: AppSpec, model: str | None, root: Path, record: Path | None, tell: Tell) -> dict[str, Any]:
    """Make the whole journey in one app; return what came of it. Raises NeverShown where the newcomer was stuck."""
    skill = next(skill for skill in app.skills if not skill.unrelated)
    started = time.monotonic()
    with (
        AppServer(app, root) as server,
        tempfile.TemporaryDirectory(prefix="newcomer-", ignore_cleanup_errors=True) as folder,
    ):
        home = Path(folder) / "home"
        environment = _environment(home, model)
        with Terminal(DASHBOARD, environment, Path(folder), record) as terminal:
            journey = Journey(terminal, skill, server.url + skill.start, tell)
            facts = _travel(journey, server)
        return {
            "app": app.name,
            "model": model or "embedded",
            "size": [COLUMNS, ROWS],
            **facts,
            "phases": journey.phases,
            "screens": len(terminal.kept),
            **_kept(home),
            "seconds": round(time.monotonic() - started, 1),
        }


def choose(apps: Sequence[AppSpec], name: str) -> AppSpec:
    """Return an app that a newcomer can begin with. Raises UsageError for one that is not there or wants a login first."""
    by_name = {app.name: app for app in apps}
    if name not in by_name:
        raise no_app(name, apps)
    if by_name[name].login_steps:
        without = [app.name for app in apps if not app.login_steps]
        hint = (
            f"Choose an app that has none: {' or '.join(without)}"
            if without
            else "Name a folder with one that has none"
        )
        raise UsageError(f"{name} wants a login first", hint)
    return by_name[name]


def verdict(facts: dict[str, Any]) -> int:
    """Return the exit code: 0 where the app has what was taught and the dashboard ended well."""
    return 0 if facts["taught"] and facts["exit_code"] == 0 else 1


def _travel(journey: Journey, server: AppServer) -> dict[str, Any]:
    """Go through the chapters, each judged by what only the outside knows."""
    skill = journey.skill
    shown = Judge(skill.check, {**server.values, **skill.taught})
    journey.arrive()
    journey.teach()
    taught = shown.succeeded()
    journey.approve()
    _, values = skill.variant(SEED)
    errand = Judge(skill.check, {**server.values, **values})
    ended = journey.run_errand()
    facts = {"taught": taught, "errand": ended, "errand_achieved": errand.succeeded()}
    journey.sleep()
    journey.see_adapter()
    return {**facts, "exit_code": journey.leave()}


def _environment(home: Path, model: str | None) -> dict[str, str]:
    """Return the variables of the dashboard: a home that is empty, no display, colours as they come."""
    hidden = (
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "APPRENTICE_PROFILE",
        "APPRENTICE_CONFIG",
        "APPRENTICE_MODEL",
        "TMUX",
        "NO_COLOR",
    )
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "APPRENTICE_HOME": str(home), **({"APPRENTICE_MODEL": model} if model else {})}


def _kept(home: Path) -> dict[str, Any]:
    """Return what the store has after the journey."""
    before = os.environ.get("APPRENTICE_HOME")
    os.environ["APPRENTICE_HOME"] = str(home)
    try:
        with Store.open() as store:
            (lesson,), (adapter, *_) = store.lessons(), store.adapters()
            rows = adapter.receipt.get("gate", [])
            return {
                "steps": len(lesson.steps),
                "approved": lesson.approved_at is not None,
                "adapter": adapter.id,
                "state": adapter.state,
                "passed": store.champion() is not None,
                "gate": {row["name"]: row["passed"] for row in rows},
            }
    finally:
        os.environ.pop("APPRENTICE_HOME") if before is None else os.environ.update(APPRENTICE_HOME=before)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench.newcomer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--apps-dir", type=Path, default=HERE / "apps", help="folder of app definitions (docs/bench.md)")
    made.add_argument("--app", default="fava", help="the app, by name; one without a login")
    made.add_argument("--model", help="folder of a base model; default: the embedded one")
    made.add_argument("--record", type=Path, help="write every screen into this folder")
    made.add_argument("--root", type=Path, default=Path("runs/newcomer/apps"), help="where apps are installed")
    made.add_argument("--json", type=Path, help="write what came of it here")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Make the journey. The exit code is 3 where the newcomer was stuck, 1 where nothing was taught or the dashboard ended badly."""
    args = parser().parse_args(argv)
    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)  # noqa: T201 - the story

    try:
        app = choose(load_apps(args.apps_dir), args.app)
        facts = run(app, args.model, args.root.absolute(), args.record, tell)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    print(json.dumps(facts))  # noqa: T201 - the result
    if args.json:
        args.json.write_text(json.dumps(facts, indent=1) + "\n")
    return verdict(facts)


if __name__ == "__main__":
    raise SystemExit(main())
