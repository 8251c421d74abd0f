"""The composition root: which model, which adapter, which lessons, put together for one session.

torch is imported inside `load_policy`, so that no other command waits for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.paths import models_dir
from agent.store import AdapterRow, Store
from browser.errors import UsageError

if TYPE_CHECKING:
    from agent.types import Policy
    from browser.actions import Action

EMBEDDED = "embedded"
MODEL_VARIABLE = "APPRENTICE_MODEL"


@dataclass(frozen=True, slots=True)
class Base:
    """A base model on disk. `sha256` is its identity: adapters belong to one base."""

    path: Path
    sha256: str
    with_manual: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy that is ready to act."""

    policy: Policy
    adapter_id: str | None = None
    with_manual: bool = False
    """Whether the model has to be told what the actions are."""


def scripted(actions: Sequence[Action]) -> Loaded:
    """Return a policy that performs these actions and asks no model."""
    from agent.policy.scripted import ScriptedPolicy

    return Loaded(ScriptedPolicy(actions))


def find_base(model: str | None, progress: Callable[[str], None] = lambda _: None) -> Base:
    """Return the base to use: the folder given, $APPRENTICE_MODEL, or the embedded one, set up on first use.

    Raises UsageError for a folder without a model, SetupError when the embedded base cannot be had.
    """
    choice = model or os.environ.get(MODEL_VARIABLE) or EMBEDDED
    if choice == EMBEDDED:
        from agent.policy.embedded import set_up

        path = set_up(models_dir(), progress)
        return Base(path, json.loads((path / "apprentice.json").read_text())["sha256"], with_manual=False)
    path = Path(choice).expanduser()
    weights = sorted(path.glob("*.safetensors"))
    if not (path / "config.json").is_file() or not weights:
        raise UsageError(
            f"no model in {choice}",
            "Give a folder with config.json and safetensors files, or leave --model away to use the embedded one",
        )
    return Base(path, _hash(weights), with_manual=True)


def is_address(model: str | None) -> bool:
    """Whether the model is one that a server serves."""
    return (model or os.environ.get(MODEL_VARIABLE) or "").startswith(("http://", "https://"))


def served(address: str, progress: Callable[[str], None], **options: Any) -> Loaded:
    """Connect to a model server. It is told what the actions are, and no adapter of ours is used."""
    from agent.policy.served import ServedPolicy

    policy = ServedPolicy.connect(address, **options)
    progress(f"{policy.name}: pages, tasks and lessons are sent there")
    return Loaded(policy, with_manual=True)


def load_policy(
    store: Store,
    model: str | None,
    adapter: str,
    progress: Callable[[str], None],
    temperature: float = 0.0,
    seed: int = 0,
) -> Loaded:
    """Load the base with an adapter: `champion` (the base alone when there is none), `none`, or an id."""
    if is_address(model):
        return served(model or os.environ[MODEL_VARIABLE], progress, temperature=temperature, seed=seed)
    base = find_base(model, progress)
    row = find_adapter(store, base, adapter, progress)
    progress(f"loading {base.path.name}" + (f" with adapter {row.id[:8]}" if row else ""))
    from agent.policy.local import LocalPolicy

    policy = LocalPolicy.load(base.path, Path(row.path) if row else None, temperature=temperature, seed=seed)
    return Loaded(policy, row.id if row else None, base.with_manual)


def find_adapter(store: Store, base: Base, adapter: str, progress: Callable[[str], None]) -> AdapterRow | None:
    """Return the adapter that is meant, verified: `champion` (None when there is none), `none`, or an id.

    Raises UsageError for an unknown id, AdapterCorrupt for one that does not verify.
    """
    if adapter == "champion":
        from consolidation.adapters import sound_champion

        row, problems = sound_champion(store, base.sha256)
        for problem in problems:
            progress(problem)
        return row
    if adapter == "none":
        return None
    from consolidation.adapters import verify_adapter

    row = store.adapter(adapter)
    verify_adapter(Path(row.path), base.sha256)
    return row


def _hash(weights: list[Path]) -> str:
    from agent.policy.embedded import file_sha256

    if len(weights) == 1:
        return file_sha256(weights[0])
    import hashlib

    return hashlib.sha256("".join(file_sha256(path) for path in weights).encode()).hexdigest()
