"""The page of the gate: its rows, as it judges, and its bounds."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields

from tui.reference.tables import table

_HEAD = """# The gate

What must hold before an adapter acts by day; one row that does not, and the champion stays. All rows are in the receipt
(`apprentice adapters --show ID`) and on the screen Learning. [method.md](method.md) says how each is measured.

This page is written from `consolidation/gate.py` (`python -m tui.reference docs`).
"""


def page() -> str:
    """Return the page."""
    from consolidation.gate import LEAST_STRINGS, Bounds, Evidence, judge  # late: torch comes with it
    from consolidation.probes import Measured

    perfect = Measured((1.0,))
    each = {"LESSON": perfect}
    several = Measured((1.0,) * LEAST_STRINGS)
    evidence = Evidence(
        *(each, each, each, each, each, each, perfect, 0.0, perfect, perfect, perfect, perfect, several, several)
    )
    rows = [(row.name.replace("LESSON", "each lesson"), row.bound) for row in judge(evidence, Bounds())]
    meanings = _docstrings(Bounds)
    bounds = [(f"`{field.name}`", f"{field.default}", meanings[field.name]) for field in fields(Bounds)]
    parts = (
        _HEAD,
        "## Rows\n",
        table(("row", "must be"), rows),
        "\n## Bounds\n",
        table(("bound", "value", "meaning"), bounds),
    )
    return "\n".join(parts) + "\n"


def _docstrings(kind: type) -> dict[str, str]:
    """Return what stands below each field of a class, which Python itself does not keep."""
    tree = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            found[field.target.id] = str(ast.literal_eval(below.value))
    return found
