"""Where an adapter is put, and that a fresh one changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from agent.policy.local import load_model
from consolidation.lora import attach_lora, logits_at, trainable

IDS = torch.tensor([5, 6, 7, 8])
ALL = torch.arange(4)


@pytest.mark.parametrize(("still", "layers"), [(0.0, {0, 1}), (0.5, {1})])
def test_the_lower_layers_stay_still_and_a_fresh_adapter_changes_nothing(
    tiny_model: Path, tmp_path: Path, still: float, layers: set[int]
) -> None:
    with torch.no_grad():
        before = logits_at(load_model(tiny_model), IDS, ALL)
        model = attach_lora(load_model(tiny_model), 4, 8, 1, still)
        torch.testing.assert_close(logits_at(model, IDS, ALL), before)
    names = [name for name, weights in model.named_parameters() if weights.requires_grad]
    assert {int(re.findall(r"\.layers\.(\d+)\.", name)[0]) for name in names} == layers
    assert {name.split(".")[-4] for name in names} >= {"q_proj", "o_proj", "down_proj"}
    assert not any("lm_head" in name for name in names)


def test_an_adapter_of_upper_layers_is_read_back(tiny_model: Path, tmp_path: Path) -> None:
    model = attach_lora(load_model(tiny_model), 4, 8, 1, 0.5)
    with torch.no_grad():
        for weights in trainable(model):
            weights.add_(0.1)
        said = logits_at(model, IDS, ALL)
        model.save_pretrained(tmp_path / "adapter")
        again = PeftModel.from_pretrained(load_model(tiny_model), tmp_path / "adapter")
        torch.testing.assert_close(logits_at(again, IDS, ALL), said)
