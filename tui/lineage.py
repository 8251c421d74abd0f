"""Where adapters come from: a tree in words, the parents first, and what a comparison of two of them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.store import AdapterRow

SHOWN = 8
"""So many of the steps at which two adapters differ are shown."""


def lineage(adapters: Sequence[AdapterRow]) -> list[tuple[AdapterRow, int]]:
    """Return each adapter after the one it came from, with its depth; the latest root first, its children in their order.

    Adapters whose parent is not recorded are roots.
    """
    known = {row.id for row in adapters}
    children: dict[str | None, list[AdapterRow]] = {}
    for row in adapters:
        children.setdefault(row.parent_id if row.parent_id in known else None, []).append(row)
    found: list[tuple[AdapterRow, int]] = []
    waiting = [(row, 0) for row in reversed(children.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        found.append((row, depth))
        waiting += [(child, depth + 1) for child in children.get(row.id, [])]
    return found


def comparison(answer: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Say what `apprentice decide --json` found of two voices on the same steps; `names` says how each voice is called."""
    reports = answer["reports"]
    lines = [
        f"{names.get(report['voice'], report['voice'])} does what was done at {report['agreement']:.0%} of {report['steps']}"
        f" steps of {report['sessions']} sessions; probability {report['probability']:.2f}"
        for report in reports
    ]
    first, second = (report["decisions"] for report in reports)
    differ = [(one, other) for one, other in zip(first, second, strict=True) if one["action"] != other["action"]]
    lines.append(f"They differ at {len(differ)} steps." if differ else "They decide alike at every step.")
    for one, other in differ[:SHOWN]:
        lines.append(f"session {one['session']}, step {one['step']}, done: {one['done']}")
        lines.append(f"  first: {one['action']}   second: {other['action']}")
    return lines
