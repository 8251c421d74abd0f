"""General language is kept: the pretrained model's own words, and a divergence from it that training pulls down."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from browser.errors import UsageError
from consolidation.lora import attach_lora, trainable
from foundation.clone import CloneConfig, clone
from foundation.keep import LENGTH, Ordinary, hold, write_ordinary

CONFIG = CloneConfig(
    tokens=9000, batch_tokens=1500, rank=4, alpha=8, lr=3e-2, warmup=1, max_length=4000, known=0.0, checkpoint_every=2
)


@pytest.fixture(scope="module")
def ordinary(tiny_models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ordinary") / "texts.jsonl"
    file.write_text("".join(write_ordinary(tiny_models["llama"], 6, 1, "cpu")))
    return file


def test_a_seed_fixes_the_texts(tiny_model: Path, ordinary: Path) -> None:
    again = list(islice(write_ordinary(tiny_model, 6, 1, "cpu"), 6))
    assert ordinary.read_text() == "".join(again)
    records = [json.loads(line) for line in again]
    assert all(len(record["ids"]) == LENGTH + record["opening"] for record in records)
    assert len({tuple(record["ids"]) for record in records}) == 6


def test_batches_are_the_same_for_an_update_and_large_enough(ordinary: Path) -> None:
    texts = Ordinary(ordinary, 1)
    one, same, other = texts.batch(3, 600), texts.batch(3, 600), texts.batch(4, 600)
    assert [id(a) for a in one] == [id(a) for a in same] != [id(a) for a in other]
    assert sum(len(text.ids) for text in one) >= 600


def test_nothing_has_drifted_before_training_and_holding_pulls_back(tiny_model: Path, ordinary: Path) -> None:
    bare = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="sdpa")
    model, batch = attach_lora(bare, 4, 8, seed=1), Ordinary(ordinary, 1).batch(0, 500)
    assert hold(model, batch, 1.0, 1, "cpu") == pytest.approx(0.0, abs=1e-5)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.SGD(trainable(model), lr=0.3)
    drifts = []
    for _ in range(6):
        optimizer.zero_grad()
        drifts.append(hold(model, batch, 1.0, 1, "cpu"))
        optimizer.step()
    assert drifts[0] > 1e-4 and drifts[-1] < drifts[0]
    assert hold(model, batch, 1.0, 4000, "cpu") == pytest.approx(hold(model, batch, 1.0, 1, "cpu"), rel=1e-2)


def test_a_run_that_keeps_drifts_less(tiny_model: Path, ordinary: Path, tmp_path: Path) -> None:
    drifts = []
    for weight in (0.0, 30.0):
        out = tmp_path / f"{weight}"
        clone(tiny_model, out, replace(CONFIG, keep_tokens=500, keep_weight=weight), ordinary=ordinary)
        log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        drifts.append(log[-1]["kl_to_pretrained"])
    assert drifts[0] > 0 and drifts[1] < drifts[0]
    with pytest.raises(UsageError, match=r"another run: keep_tokens, ordinary\."):
        clone(tiny_model, out, replace(CONFIG, keep_weight=30.0))
