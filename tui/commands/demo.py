"""`apprentice demo`: the main job, from failing to knowing, in an app that none of us wrote."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object and nothing else.")] = False,
    variants: Annotated[int, typer.Option(min=1, help="Test variants.")] = 10,
    seed: Annotated[int, typer.Option(help="Fixes variants, rehearsal and training.")] = 1,
) -> None:
    """Fail at a task, be taught once, do it with the lesson, consolidate, do new variants alone."""
    from bench.demo import run_demo

    raise typer.Exit(run_demo(as_json=as_json, variants=variants, seed=seed))
