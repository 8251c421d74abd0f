"""An exported adapter loads in peft from its own folder, and has the layout that vLLM and llama.cpp's converter read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from agent.paths import adapters_dir
from agent.policy.local import LocalPolicy, load_model
from agent.store import AdapterRow, Store
from browser.errors import AdapterCorrupt, UsageError
from consolidation.adapters import verify_adapter, write_adapter
from consolidation.distill import DistillConfig
from consolidation.export import check_in_peft, check_layout, export_adapter, modules_of
from consolidation.lora import attach_lora

LINEAR = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
"""The linear layers of a Llama: vLLM fuses some of them, and knows each by this name."""


def adapter(base: Path, untouched: float = 0.0) -> AdapterRow:
    """An adapter whose every matrix does something; a share of the layers has none."""
    model = attach_lora(load_model(base), 4, 8, 1, untouched)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.normal_(std=0.02)
    adapter_id, folder = write_adapter(adapters_dir(), model, {"base_sha256": "base", "lessons": []})
    with Store.open() as store:
        store.add_adapter(adapter_id, "base", str(folder))
        return store.adapter(adapter_id)


def test_the_exported_folder_loads_in_peft_and_acts_alike(tiny_model: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    row = adapter(tiny_model)
    assert export_adapter(row, tmp_path / "out")["r"] == 4
    assert check_in_peft(tmp_path / "out", tiny_model) == 2 * len(modules_of(tmp_path / "out")) > 0
    assert verify_adapter(tmp_path / "out", "base")["id"] == row.id
    ids = torch.arange(20)[None]
    with torch.inference_mode():
        there = PeftModel.from_pretrained(load_model(tiny_model), str(tmp_path / "out")).eval()(ids).logits
        here = PeftModel.from_pretrained(load_model(tiny_model), row.path).eval()(ids).logits
        bare = load_model(tiny_model).eval()(ids).logits
    assert torch.equal(there, here) and not torch.equal(there, bare)
    LocalPolicy.load(tiny_model, tmp_path / "out")


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "qwen3_5"])
def test_every_tensor_has_a_name_in_gguf(tiny_models: dict[str, Path], tmp_path: Path, architecture: str) -> None:
    from gguf import MODEL_ARCH, get_tensor_name_map

    names = {"llama": MODEL_ARCH.LLAMA, "qwen3": MODEL_ARCH.QWEN3, "qwen3_5": MODEL_ARCH.QWEN35}
    known = get_tensor_name_map(names[architecture], 4)
    export_adapter(adapter(tiny_models[architecture]), tmp_path / "out")
    found = {
        module: known.get_name(f"{module}.weight", try_suffixes=(".weight",)) for module in modules_of(tmp_path / "out")
    }
    assert found and None not in found.values(), found
    assert all(name.startswith("blk.") for name in found.values() if name)
    assert known.get_name("model.layers.0.nothing.weight", try_suffixes=(".weight",)) is None


def test_vllm_finds_what_it_asks_for(tiny_model: Path, tmp_path: Path) -> None:
    """Field by field what vLLM's `PEFTHelper` and `LoRAModel` ask of a folder, on one whose first layer has no matrices."""
    export_adapter(adapter(tiny_model, untouched=0.5), tmp_path / "out")
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    # It refuses a configuration without these, and divides the second by the first for the scale.
    assert (config["r"], config["lora_alpha"]) == (4, 8)
    assert {name.rsplit(".", 1)[-1] for name in config["target_modules"]} == LINEAR
    # It refuses these when they are set.
    assert not config["modules_to_save"] and not config["use_dora"] and not config["trainable_token_indices"]
    assert config["bias"] == "none"
    # It compares the largest rank with --max-lora-rank, 16 unless told otherwise; ours have one rank everywhere.
    assert not config["rank_pattern"] and DistillConfig().rank <= 16
    # It takes the scale from the two numbers above alone, so nothing else may change it.
    assert not config["alpha_pattern"] and not config["use_rslora"]
    # It looks for this file, removes `base_model.model.` and `.lora_A.weight`, and wants the last part of the rest among the model's
    # linear layers; both matrices of each, of the rank that the configuration names.
    with safe_open(str(tmp_path / "out" / "adapter_model.safetensors"), "pt") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    modules = modules_of(tmp_path / "out")
    names = {f"base_model.model.{module}.lora_{side}.weight" for module in modules for side in "AB"}
    assert shapes.keys() == names and {module.rsplit(".", 1)[-1] for module in modules} == LINEAR
    assert all(shape[0 if ".lora_A." in name else 1] == config["r"] for name, shape in shapes.items())
    # Layers without matrices it leaves as they are; that they were left out is in a field that it does not read.
    assert {module.split(".")[2] for module in modules} == {"1"} and config["exclude_modules"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"use_dora": True}, "use_dora is True"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"r": None}, "r is missing"),
        ({"rank_pattern": {"q_proj": 8}}, "rank_pattern is"),
        ({"alpha_pattern": {"q_proj": 8}}, "alpha_pattern is"),
        ({"trainable_token_indices": [3]}, "trainable_token_indices is"),
    ],
)
def test_what_others_cannot_read_is_said(
    tiny_model: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    export_adapter(adapter(tiny_model), tmp_path / "out")
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    (tmp_path / "out" / "adapter_config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(AdapterCorrupt, match=message):
        check_layout(tmp_path / "out")


def test_another_base_and_a_folder_that_exists_are_refused(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    row = adapter(tiny_models["llama"])
    export_adapter(row, tmp_path / "out")
    before = sorted((tmp_path / "out").iterdir())
    with pytest.raises(UsageError, match="exists"):
        export_adapter(row, tmp_path / "out")
    assert sorted((tmp_path / "out").iterdir()) == before
    with pytest.raises((AdapterCorrupt, UsageError)):
        check_in_peft(tmp_path / "out", tiny_models["qwen3_5"])
