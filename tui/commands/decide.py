"""`apprentice decide`: what would another policy have done at every recorded step?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.store import SessionRow, Store
from browser.errors import ApprenticeError, UsageError
from tui.output import note, print_json, print_table, say
from tui.wiring import find_adapter, find_base

if TYPE_CHECKING:
    from consolidation.decide import Lessons, Report, Voice

LESSONS = ("recorded", "today", "none")
MANY = 1 << 30


class Disagrees(ApprenticeError):
    """A policy agrees with the recordings less often than was asked for."""

    exit_code = 3


def decide(
    sessions: Annotated[
        list[str] | None, typer.Argument(help="Sessions, by id or its beginning. Default: the whole store.")
    ] = None,
    search: Annotated[str, typer.Option(help="Only sessions whose task has these words.")] = "",
    by: Annotated[
        list[str] | None,
        typer.Option(help="Who is asked: base, champion, teacher, or an adapter's id. Default: base and champion."),
    ] = None,
    lessons: Annotated[
        str, typer.Option(help=f"What base and adapters read: {', '.join(LESSONS)}. The teacher reads today's.")
    ] = LESSONS[0],
    model: Annotated[
        str | None, typer.Option(help="Folder of a base model. Default: the embedded one, or $APPRENTICE_MODEL.")
    ] = None,
    require: Annotated[
        float, typer.Option(min=0, max=1, help="Exit with 3 when anybody agrees on a smaller share of the steps.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask at each recorded observation what a policy would do. Nothing is performed.

    Says how often each one agrees with what was done, where it first turns off, and how probable it finds what was done.
    """
    if lessons not in LESSONS:
        raise UsageError(f"unknown choice of lessons {lessons!r}", f"The choices are {', '.join(LESSONS)}")
    with Store.open() as store:
        rows = _sessions(store, sessions or [], search)
        meant = by or (["base", "champion"] if store.champion() else ["base"])
        names = list(dict.fromkeys(meant))
        reports = _ask(store, rows, names, lessons, model)
    if as_json:
        from consolidation.decide import SCHEMA

        print_json({"schema": SCHEMA, "reports": reports})
    else:
        _show(reports)
    short = [report for report in reports if report.agreement < require]
    if short:
        said = ", ".join(f"{report.voice} {report.agreement:.3f}" for report in short)
        raise Disagrees(
            f"less agreement than the {require:g} that is required: {said}", "Look at the first divergences"
        )


def _sessions(store: Store, names: Sequence[str], search: str) -> list[SessionRow]:
    """Return the sessions that are meant and have a step, the earliest first. Raises UsageError when there are none."""
    rows = [store.session(name) for name in names] or store.sessions(search or None, MANY)
    found = sorted({row.id: row for row in rows if row.steps}.values(), key=lambda row: row.id)
    if not found:
        raise UsageError("no recorded step to decide again", "List the sessions to see what there is")
    return found


def _ask(
    store: Store, rows: Sequence[SessionRow], names: Sequence[str], lessons: str, model: str | None
) -> list[Report]:
    """Ask one after the other: a model is loaded once, an adapter is merged into a copy of its own."""
    from consolidation.decide import redecide

    steps = sum(row.steps for row in rows)
    return [
        redecide(store, rows, voice, _progress(voice.name, steps)) for voice in _voices(store, names, lessons, model)
    ]


def _voices(store: Store, names: Sequence[str], lessons: str, model: str | None) -> list[Voice]:
    """Check who is meant before the first model is loaded."""
    base = find_base(model, note)
    meant = {name: find_adapter(store, base, _adapter_of(name), note) for name in names}
    if "champion" in meant and meant["champion"] is None:
        raise UsageError(
            "there is no champion for this base", "Ask the base or an adapter: apprentice decide --by base"
        )
    from agent.policy.redecide import Redecider
    from consolidation.decide import Lessons, Voice

    policies = {
        row.path if row else "": Redecider.load(base.path, Path(row.path) if row else None) for row in meant.values()
    }
    reads: dict[str, Lessons] = {name: Lessons.TODAY if name == "teacher" else Lessons(lessons) for name in names}
    return [
        Voice(name, policies[row.path if row else ""], row.id if row else None, reads[name], base.with_manual)
        for name, row in meant.items()
    ]


def _adapter_of(name: str) -> str:
    return "none" if name in ("base", "teacher") else name


def _progress(name: str, of: int) -> Callable[[int], None]:
    """Return what says, at every tenth, how far one is."""
    said = 0

    def told(done: int) -> None:
        nonlocal said
        if done - said >= max(20, of // 10):
            said = done
            note(f"{name}: {done} of {of} steps")

    return told


def _show(reports: Sequence[Report]) -> None:
    print_table(
        ("asked", "lessons", "sessions", "steps", "agrees", "whole sessions", "probability"),
        [
            (
                report.voice,
                report.lessons,
                report.sessions,
                len(report.decisions),
                f"{report.agreement:.3f}",
                report.sessions - len(report.first_divergences),
                f"{report.probability:.3f}",
            )
            for report in reports
        ],
    )
    for report in reports:
        if report.first_divergences:
            say(f"\n{report.voice} first turns off at")
        for session, item in report.first_divergences.items():
            say(f"  {session} step {item.step}: {item.action.render()}")
            say(f"    instead of {item.done.render()}, which it finds {item.probability:.3f} probable")
