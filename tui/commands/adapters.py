"""`apprentice adapters`, `promote`, `rollback`: what was learned, and which of it acts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.store import Store
from tui.output import print_json, print_table, say


def adapters(
    show: Annotated[str, typer.Option(help="Show one adapter's receipt: its id, or its beginning.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List adapters, or show one's receipt."""
    with Store.open() as store:
        champion = store.champion()
        rows = [store.adapter(show)] if show else store.adapters()
    if as_json:
        print_json({"champion": champion.id if champion else None, "adapters": rows})
        return
    if not rows:
        say("No adapters yet: the base acts. Teach something, then: apprentice consolidate")
        return
    print_table(
        ("adapter", "state", "made", "lessons", "gate"),
        [
            (
                row.id,
                "champion" if champion and champion.id == row.id else row.state,
                row.created_at[:16],
                len(row.lesson_ids),
                f"{sum(item['passed'] for item in row.receipt.get('gate', []))}/{len(row.receipt.get('gate', []))}",
            )
            for row in rows
        ],
    )
    if show:
        for item in rows[0].receipt.get("gate", []):
            say(f"{'ok  ' if item['passed'] else 'FAIL'} {item['name']}: {item['value']:.3f} ({item['bound']})")


def promote(
    adapter: Annotated[str, typer.Argument(help="The adapter's id, or its beginning.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by hand",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make an adapter champion: it acts from the next session on."""
    with Store.open() as store:
        row = store.adapter(adapter)
        from consolidation.adapters import verify_adapter  # heavy: a wrong id is said before

        verify_adapter(Path(row.path), row.base_id)
        store.promote(row.id, reason, row.lesson_ids)
    if as_json:
        print_json({"champion": row.id})
    else:
        say(f"{row.id} is champion")


def rollback(
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by hand",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let the adapter before the champion act again; without one, the base."""
    with Store.open() as store:
        row = store.roll_back(reason)
    if as_json:
        print_json({"champion": row.id if row else None})
    else:
        say(f"{row.id} is champion again" if row else "the base acts again, without an adapter")
