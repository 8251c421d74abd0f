"""Behaviour cloning: learns, resumes to the same weights, and leaves an adapter that PEFT can load."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from agent.policy.local import LocalPolicy
from browser.errors import UsageError
from consolidation.lora import attach_lora, trainable
from foundation.clone import CloneConfig, clone, rate, train_batch
from foundation.dataset import Drawing

CONFIG = CloneConfig(
    tokens=12_000,
    batch_tokens=1500,
    rank=4,
    alpha=8,
    lr=1e-2,
    warmup=2,
    max_length=4000,
    checkpoint_every=2,
    eval_every=1000,
    known=0.0,
)


def losses(out: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]


def adapter(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "adapter" / "adapter_model.safetensors")


def test_the_loss_falls_and_the_adapter_loads(tiny_model: Path, tmp_path: Path) -> None:
    clone(tiny_model, tmp_path, replace(CONFIG, tokens=36_000, lr=3e-2))
    curve = losses(tmp_path)
    assert max(curve[-3:]) < curve[0] - 0.05  # random weights under a frozen head: little, but below chance
    recipe = json.loads((tmp_path / "adapter" / "recipe.json").read_text())
    assert recipe["recipe"]["seed"] == 1 and recipe["state"]["tokens"] >= CONFIG.tokens
    assert LocalPolicy.load(tiny_model, tmp_path / "adapter").name == tiny_model.name


def test_a_run_that_broke_off_twice_ends_with_the_same_weights(tiny_model: Path, tmp_path: Path) -> None:
    clone(tiny_model, tmp_path / "straight", CONFIG)
    config = replace(CONFIG, checkpoint_every=1)
    in_the_way = tmp_path / "cut" / "log.jsonl"
    in_the_way.mkdir(parents=True)  # nothing can be written there: each run ends right after a checkpoint
    for _ in range(2):
        with pytest.raises(OSError, match=r"log\.jsonl"):
            clone(tiny_model, tmp_path / "cut", config)
    in_the_way.rmdir()
    clone(tiny_model, tmp_path / "cut", config)
    assert losses(tmp_path / "cut") == losses(tmp_path / "straight")[2:], "what a checkpoint has is not done again"
    straight, cut = adapter(tmp_path / "straight"), adapter(tmp_path / "cut")
    assert all(torch.equal(straight[name], cut[name]) for name in straight)


def test_another_run_does_not_go_on(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    base, out = tiny_models["llama"], tmp_path / "out"
    short = replace(CONFIG, tokens=1, checkpoint_every=1)
    clone(base, out, short)
    files = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    begun = out / "adapter"
    for what, other, config, start in (
        ("base", tiny_models["qwen3"], short, None),
        ("start", base, short, begun),
        ("seed, batch_tokens", base, replace(short, batch_tokens=900, seed=2), None),
        ("rank", base, replace(short, rank=2), None),
    ):
        with pytest.raises(UsageError, match="is of another run") as refused:
            clone(other, out, config, start)
        assert set(what.split(", ")) == set(refused.value.message.rpartition(": ")[2].split(", "))
        assert "--out" in refused.value.next_step
    assert files == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    clone(base, out, replace(short, tokens=4000, micro_tokens=4000))
    assert len(losses(out)) > 1, "longer, it is the same run"


def test_the_rate_warms_up_and_falls_to_a_tenth() -> None:
    config = replace(CONFIG, tokens=1000, warmup=10, decay=0.2, lr=1.0)
    assert rate(config, 0, 0) == pytest.approx(0.1)
    assert rate(config, 20, 500) == 1.0
    assert rate(config, 20, 900) == pytest.approx(0.5)
    assert rate(config, 20, 1000) == pytest.approx(0.1)


def test_training_goes_on_from_an_adapter(tiny_model: Path, tmp_path: Path) -> None:
    clone(tiny_model, tmp_path / "first", CONFIG)
    clone(tiny_model, tmp_path / "more", replace(CONFIG, tokens=1, lr=0.0), tmp_path / "first" / "adapter")
    first, more = adapter(tmp_path / "first"), adapter(tmp_path / "more")
    assert first.keys() == more.keys()
    assert all(torch.equal(first[name], more[name]) for name in first)


def test_sequences_side_by_side_teach_what_they_teach_one_by_one(tiny_model: Path) -> None:
    drawing = Drawing(tiny_model, seed=2, max_length=4000, pool_episodes=6)
    batch = next(iter(drawing.pools(0, workers=0)))[1][:5]
    gradients = []
    for micro_tokens in (1, 100_000):
        bare = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="sdpa")
        model = attach_lora(bare, 4, 8, seed=1)
        torch.manual_seed(0)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.02)
        loss, exact, passed = train_batch(model, batch, replace(CONFIG, micro_tokens=micro_tokens))
        gradients.append((loss, exact, passed, [weight.grad for weight in trainable(model)]))
    (one_loss, *one, singly), (other_loss, *other, together) = gradients
    assert one == other and one_loss == pytest.approx(other_loss, rel=2e-2)
    for a, b in zip(singly, together, strict=True):
        assert a is not None and b is not None
        assert torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0) > 0.98


def test_what_is_known_is_passed_over(tiny_model: Path) -> None:
    drawing = Drawing(tiny_model, seed=2, max_length=4000, pool_episodes=4)
    batch = next(iter(drawing.pools(0, workers=0)))[1][:4]
    bare = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attn_implementation="sdpa")
    model = attach_lora(bare, 4, 8, seed=1)
    _, _, passed = train_batch(model, batch, replace(CONFIG, known=1e9, micro_tokens=10_000))
    assert passed == 4 and all(weight.grad is None for weight in trainable(model))
