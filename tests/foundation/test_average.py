"""Averaging adapters: the mean of what they add to the weights."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from foundation.average import WEIGHTS, average, cut_to_rank

NAME = "layer.lora_{}.weight"


def adapter(folder: Path, seed: int, rank: int = 4, ends: int = 2) -> Path:
    """Write a random adapter; what it adds has rank `ends`, so that two fit into one."""
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(rank, 12, generator=generator), torch.randn(10, rank, generator=generator)
    b[:, ends:] = 0
    folder.mkdir()
    save_file({NAME.format("A"): a, NAME.format("B"): b}, folder / WEIGHTS)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    (folder / "recipe.json").write_text(json.dumps({"seed": seed}))
    return folder


def added(folder: Path) -> torch.Tensor:
    weights = load_file(folder / WEIGHTS)
    return weights[NAME.format("B")].float() @ weights[NAME.format("A")].float()


@pytest.mark.parametrize("seeds", [(1, 2), (3, 3), (4,)])
def test_the_mean_is_of_what_is_added(tmp_path: Path, seeds: tuple[int, ...]) -> None:
    folders = [adapter(tmp_path / f"{at}", seed) for at, seed in enumerate(seeds)]
    kept = average(folders, tmp_path / "mean")
    mean = torch.stack([added(folder) for folder in folders]).mean(0)
    assert torch.allclose(added(tmp_path / "mean"), mean, atol=0.1)  # bf16
    assert kept > 0.999
    recipe = json.loads((tmp_path / "mean" / "recipe.json").read_text())
    assert recipe == {"average_of": [{"seed": seed} for seed in seeds]}


def test_what_does_not_fit_is_told() -> None:
    b, a = torch.eye(6), torch.eye(6)
    cut_b, cut_a, held = cut_to_rank(b, a, 3)
    assert cut_b.shape == (6, 3) and cut_a.shape == (3, 6)
    assert held == pytest.approx(0.5)
    assert torch.linalg.matrix_norm(cut_b @ cut_a - b @ a) == pytest.approx(3**0.5)
