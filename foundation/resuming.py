"""A checkpoint is taken up by the run that it is of, and by no other: the weights of both would be nobody's."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from agent.policy.embedded import file_sha256
from browser.errors import UsageError

CHECKPOINT = "checkpoint.pt"


def identity(base: Path, start: Path | None, config: Any, free: Collection[str]) -> dict[str, Any]:
    """Return what a run is of: the base, the adapter it begins from, and the options (a dataclass), but for those that may change."""
    options = {name: value for name, value in asdict(config).items() if name not in free}
    return {"base": _sha256(sorted(base.glob("*.safetensors"))), "start": start and _adapter(start), **options}


def stopped(out: Path, of: dict[str, Any], device: str) -> dict[str, Any] | None:
    """Load the checkpoint of a folder, None where there is none. Raises UsageError, naming what differs, where it is another run's."""
    path = out / CHECKPOINT
    if not path.exists():
        return None
    saved: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    began = saved.get("of", {})
    differing = [name for name in of if name not in began or began[name] != of[name]]
    if differing:
        raise UsageError(
            f"{path} is of another run: {', '.join(differing)}",
            "Give another folder with --out, or the base and the options that the run was begun with",
        )
    return saved


def _adapter(folder: Path) -> str:
    weights = folder / "adapter_model.safetensors"
    if not weights.exists():
        raise UsageError(f"no adapter in {folder}", "Give the folder of one with --start, or leave it away")
    return _sha256([weights])


def _sha256(files: Sequence[Path]) -> str:
    return hashlib.sha256("".join(map(file_sha256, files)).encode()).hexdigest()
