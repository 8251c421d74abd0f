"""An adapter for other programs: the folder that `peft` wrote, checked again, and loaded in `peft` before it is handed out.

It is copied byte for byte, so its manifest still verifies. vLLM and llama.cpp's converter read the same two files; what they ask
of them is checked here: `r`, `lora_alpha`, `target_modules`, nothing beside low-rank matrices, and the names of the tensors.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from agent.store import AdapterRow
from browser.errors import AdapterCorrupt, StorageError, UsageError
from consolidation.adapters import verify_adapter

_TENSOR = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_[AB]\.weight")
_ONLY_LORA = {
    "bias": "none",
    "lora_bias": False,
    "modules_to_save": None,
    "use_dora": False,
    "use_rslora": False,
    "rank_pattern": {},
    "alpha_pattern": {},
    "trainable_token_indices": None,
    "target_parameters": None,
    "layer_replication": None,
    "fan_in_fan_out": False,
    "alora_invocation_tokens": None,
}
"""What vLLM or llama.cpp's converter refuses, or passes over and so reads as plain LoRA of one rank and scale, when it is anything else."""


def export_adapter(row: AdapterRow, target: Path) -> dict[str, Any]:
    """Copy an adapter to a folder that does not exist yet and return its PEFT configuration.

    Raises AdapterCorrupt when it is not whole, UsageError when the folder exists, StorageError when it cannot be written.
    """
    folder = Path(row.path)
    verify_adapter(folder, row.base_id)
    config = check_layout(folder)
    if target.exists():
        raise UsageError(f"{target} exists", "Name a new folder: an export never mixes with other files")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, target)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise StorageError(
            f"{target} cannot be written: {error.strerror or error}", "Choose another place, or free some space"
        ) from error
    verify_adapter(target, row.base_id)
    return config


def check_layout(folder: Path) -> dict[str, Any]:
    """Return the configuration of an adapter that other programs can read. Raises AdapterCorrupt and says what they cannot."""
    from safetensors import safe_open

    config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
    with safe_open(str(folder / "adapter_model.safetensors"), "numpy") as weights:
        names = list(weights.keys())
    wrong = [f"{key} is {config[key]!r}" for key, value in _ONLY_LORA.items() if config.get(key, value) != value]
    wrong += [f"{key} is missing" for key in ("r", "lora_alpha", "target_modules") if not config.get(key)]
    wrong += [f"{name} is no low-rank matrix" for name in names if not _TENSOR.fullmatch(name)][:3]
    if wrong:
        raise AdapterCorrupt(
            f"adapter {folder.name} is not plain LoRA: {'; '.join(wrong)}", "Load it with peft, which knows more kinds"
        )
    return config


def modules_of(folder: Path) -> set[str]:
    """Return the modules of the base that an adapter changes, like `model.layers.0.self_attn.q_proj`."""
    from safetensors import safe_open

    with safe_open(str(folder / "adapter_model.safetensors"), "numpy") as weights:
        return {match["module"] for name in weights.keys() if (match := _TENSOR.fullmatch(name))}  # noqa: SIM118


def check_in_peft(folder: Path, base: Path) -> int:
    """Load the folder in `peft` on its base and return how many tensors it took. Raises AdapterCorrupt when one found no place."""
    from peft import PeftModel, get_peft_model_state_dict

    from agent.policy.local import load_model

    model = PeftModel.from_pretrained(load_model(base), str(folder))
    taken = set(get_peft_model_state_dict(model))
    missing = {
        f"base_model.model.{module}.lora_{side}.weight" for module in modules_of(folder) for side in "AB"
    } ^ taken
    if missing:
        raise AdapterCorrupt(
            f"peft does not find {len(missing)} tensors of {folder.name} on this base, {min(missing)} among them",
            "Give the base that the adapter was trained on",
        )
    return len(taken)
