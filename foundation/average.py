"""Average adapters of one lineage: two legs of a run often know more together than either alone (arXiv 2203.05482).

    python -m foundation average FOLDER FOLDER… --out FOLDER

The *products* B·A are averaged, which is what the model adds to its weights, then cut back to the rank of the first by singular values.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

WEIGHTS = "adapter_model.safetensors"


def average(folders: Sequence[Path], out: Path) -> float:
    """Write the mean of several adapters; return the smallest share of its energy that the rank could hold.

    All must have the first one's rank, alpha and layers; KeyError otherwise.
    """
    adapters = [load_file(folder / WEIGHTS) for folder in folders]
    merged: dict[str, torch.Tensor] = {}
    kept = 1.0
    for name in adapters[0]:
        if "lora_A" not in name:
            continue
        other = name.replace("lora_A", "lora_B")
        a_KR_I = torch.cat([adapter[name].float() for adapter in adapters]) / len(adapters)
        b_O_KR = torch.cat([adapter[other].float() for adapter in adapters], dim=1)
        rank = adapters[0][name].shape[0]
        b_O_R, a_R_I, held = cut_to_rank(b_O_KR, a_KR_I, rank)
        kept = min(kept, held)
        merged[name], merged[other] = a_R_I.to(torch.bfloat16).contiguous(), b_O_R.to(torch.bfloat16).contiguous()
    out.mkdir(parents=True, exist_ok=True)
    save_file(merged, out / WEIGHTS, metadata={"format": "pt"})
    shutil.copy(folders[0] / "adapter_config.json", out / "adapter_config.json")
    recipes = [json.loads((folder / "recipe.json").read_text()) for folder in folders]
    (out / "recipe.json").write_text(json.dumps({"average_of": recipes}, indent=1) + "\n")
    return kept


def cut_to_rank(b_O_N: torch.Tensor, a_N_I: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Return B (O, rank) and A (rank, I) whose product is nearest to b·a, and the share of its energy that they hold."""
    q_b, r_b = torch.linalg.qr(b_O_N)
    q_a, r_a = torch.linalg.qr(a_N_I.T)
    left, values, right = torch.linalg.svd(r_b @ r_a.T)
    energy = values.square()
    root = values[:rank].sqrt()
    held = float(energy[:rank].sum() / energy.sum()) if energy.sum() > 0 else 1.0
    return (q_b @ left[:, :rank]) * root, root[:, None] * (q_a @ right[:rank].T).T, held
