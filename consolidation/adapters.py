"""The adapter store on disk: immutable folders, named by their content, verified before every use.

A folder holds the weights and configuration in PEFT's own format, and a manifest with the hash of every file and of the base.
It is written aside, forced to disk and renamed; only then does one row in the database make it champion. What does not
verify is never loaded: the champion before it acts instead, and without one the base.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from peft import PeftModel

from agent.regressions import after_outcome
from agent.store import AdapterRow, Store
from browser.errors import AdapterCorrupt, StorageError
from consolidation.storage import WRITING, sha256, sync

MANIFEST = "manifest.json"
FORMAT = 1


def write_adapter(root: Path, model: PeftModel, manifest: dict[str, Any]) -> tuple[str, Path]:
    """Write the model's adapter and return its id (the hash of its weights) and folder. Writing it twice is harmless; damaged files of an
    earlier time are replaced.
    """
    root.mkdir(parents=True, exist_ok=True)
    aside = root / f"{WRITING}{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        model.save_pretrained(str(aside))
        (aside / "README.md").unlink(missing_ok=True)
        files = {path.name: sha256(path) for path in sorted(aside.iterdir())}
        adapter_id = files["adapter_model.safetensors"][:16]
        (aside / MANIFEST).write_text(
            json.dumps({"format": FORMAT, "id": adapter_id, "files": files, **manifest}, indent=1) + "\n"
        )
        for path in [*aside.iterdir(), aside]:
            sync(path)
        folder = root / adapter_id
        if folder.exists() and not _is_whole(folder):
            folder.rename(damaged := root / f".writing-damaged-{adapter_id}")
            shutil.rmtree(damaged)
        if not folder.exists():
            aside.rename(folder)
            sync(root)
    except OSError as error:
        raise StorageError(
            f"the adapter could not be written to {root}: {error.strerror}",
            "Free some disk space; the champion acts on as before",
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return adapter_id, folder


def verify_adapter(folder: Path, base_sha256: str | None = None) -> dict[str, Any]:
    """Return the manifest of a whole adapter. Raises AdapterCorrupt when a file is missing, changed, or for another base."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        hashes = {name: sha256(folder / name) for name in manifest["files"]}
    except (OSError, ValueError, KeyError) as error:
        raise AdapterCorrupt(
            f"adapter {folder.name} is not whole: {error}",
            "The adapter before it acts instead; run apprentice consolidate to learn again",
        ) from error
    changed = [name for name, value in manifest["files"].items() if hashes[name] != value]
    if changed:
        raise AdapterCorrupt(
            f"adapter {folder.name} was changed after it was written: {', '.join(changed)}",
            "The adapter before it acts instead; run apprentice consolidate to learn again",
        )
    if base_sha256 is not None and manifest["base_sha256"] != base_sha256:
        raise AdapterCorrupt(
            f"adapter {folder.name} belongs to another base model",
            "Use the base it was trained on, or consolidate again",
        )
    return manifest


def _is_whole(folder: Path) -> bool:
    try:
        verify_adapter(folder)
    except AdapterCorrupt:
        return False
    return True


def sound_champion(store: Store, base_sha256: str) -> tuple[AdapterRow | None, list[str]]:
    """Return the champion if it verifies, else the one before it, and so on; None means that the base acts alone.

    One that does not verify is recorded as corrupt and rolled back; the second value says what was wrong. A champion
    of another base is left as it is and not used. One that too many outcomes speak against is taken back here when whoever
    recorded the last of them was killed before it was.
    """
    taken_back = after_outcome(store)
    problems = [str(taken_back)] if taken_back else []
    row = store.champion()
    while row is not None and row.base_id == base_sha256:
        try:
            verify_adapter(Path(row.path), base_sha256)
        except AdapterCorrupt as error:
            problems.append(str(error))
            store.judge_adapter(row.id, "corrupt")
            row = store.roll_back(error.message)
            continue
        return row, problems
    return None, problems


def sweep(root: Path) -> int:
    """Remove what killed writers left behind; return how many."""
    strays = list(root.glob(f"{WRITING}*")) if root.exists() else []
    for stray in strays:
        shutil.rmtree(stray, ignore_errors=True)
    return len(strays)
