"""What an unfinished night left, as far as this version can go on from it.

A night may be begun by one version and taken up by the next. A measure that lacks something is made anew. Sequences, dreams and
training state belong together: when one of them cannot be read, all of them are made anew, and what was measured of the adapter.
Without its plan, all of it is.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch

from consolidation.distill import Progress
from consolidation.examples import unpack

_UNREADABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, EOFError, pickle.UnpicklingError)


def drop_unreadable(folder: Path, weights: Collection[str]) -> list[str]:
    """Delete what this version cannot go on from, and return the names of the files that could not be read.

    `weights` are the names of the weights that are trained.
    """

    def trained(state: Any) -> bool:
        Progress(*state["progress"])
        return "optimizer" in state and set(state["weights"]) == set(weights)

    files = {
        folder / "examples.pt": lambda kept: all(unpack(part) is not None for part in kept) and len(kept) == 2,
        **dict.fromkeys(sorted(folder.glob("dreams-*.pt")), lambda kept: unpack(kept) is not None),
        folder / "checkpoint.pt": trained,
    }
    unreadable = [path.name for path, fits in files.items() if path.exists() and not _fits(path, fits)]
    if unreadable:
        for path in (*files, folder / "gate.json"):
            path.unlink(missing_ok=True)
    return unreadable


def drop_all(folder: Path) -> None:
    """Delete all that a night has made: it was begun under another plan, or without one."""
    for pattern in ("headroom.json", "examples.pt", "dreams-*.pt", "checkpoint.pt", "gate.json"):
        for path in folder.glob(pattern):
            path.unlink()


def measured_before(path: Path, keys: Collection[str]) -> dict[str, Any] | None:
    """Return what was measured, None when it was not, or not all of it."""
    try:
        result = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) and set(keys) <= set(result) else None


def _fits(path: Path, fits: Callable[[Any], bool]) -> bool:
    try:
        return fits(torch.load(path, weights_only=True))
    except _UNREADABLE:
        return False
