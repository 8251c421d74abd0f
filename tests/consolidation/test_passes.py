"""What is computed at once changes the memory and not the lesson."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from browser.errors import SetupError
from consolidation.distill import DistillConfig, Progress, accumulate, distill
from consolidation.examples import Example, distilled, imitated
from consolidation.lora import attach_lora, checkpoint_layers, trainable
from consolidation.losses import Divergence
from consolidation.passes import Room, divergences, grouped
from consolidation.rehearsal.variants import Demonstration

CONFIG = DistillConfig(rank=4, alpha=8, lr=5e-3, warmup=1, sequences=2, anchors=0, agreed=0.0)


def fresh(folder: Path, untouched: float = 0.0) -> Any:
    model = attach_lora(load_model(folder).float(), 4, 8, seed=1, untouched=untouched)
    for parameter in trainable(model):
        torch.nn.init.normal_(parameter, std=0.05)
    return model


@pytest.fixture
def examples(tiny_model: Path, demonstration: Demonstration) -> list[Example]:
    return imitated(Encoder(load_tokenizer(tiny_model)), demonstration.task, demonstration.steps, "skill")


def gradient(model: Any, examples: list[Example], **options: Any) -> list[torch.Tensor]:
    model.train()
    progress = Progress()
    batch = [(progress.last, index, example) for index, example in enumerate(examples)]
    accumulate(model, batch, replace(CONFIG, **options), progress)
    return [parameter.grad for parameter in trainable(model) if parameter.grad is not None]


def alike(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    """Whether two gradients are the same as far as bf16 can tell."""
    pairs = zip(one, other, strict=True)
    return all((a - b).norm() <= 0.05 * max(float(a.norm()), 1e-4) for a, b in pairs)


@pytest.mark.parametrize("architecture", ["llama", "qwen3_5"])
def test_side_by_side_and_layer_by_layer_teach_the_same(
    tiny_models: dict[str, Path], examples: list[Example], architecture: str
) -> None:
    folder = tiny_models[architecture]
    expected = gradient(fresh(folder), examples)
    assert expected and alike(gradient(fresh(folder), examples, at_once=10_000), expected)
    model = fresh(folder)
    checkpoint_layers(model, enable=True)
    assert alike(gradient(model, examples), expected)
    checkpoint_layers(model, enable=False)


def test_checkpointed_layers_keep_little_and_none_below_the_adapter(tiny_model: Path, examples: list[Example]) -> None:
    def kept(model: Any) -> int:
        known, saved = {parameter.data_ptr() for parameter in model.parameters()}, {}

        def note(tensor: torch.Tensor) -> torch.Tensor:
            if tensor.data_ptr() not in known:
                saved[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        model.train()
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            divergences(model, examples[:1], Divergence.FORWARD_KL)
        return sum(saved.values())

    whole, upper = fresh(tiny_model), fresh(tiny_model, untouched=0.5)
    every, half = kept(whole), kept(upper)
    checkpoint_layers(whole, enable=True)
    checkpoint_layers(upper, enable=True)
    assert kept(whole) < every / 2
    assert kept(upper) < half
    bottom = upper.get_base_model().get_decoder().layers[0]
    seen: list[bool] = []
    bottom.register_forward_hook(lambda _module, _args, out: seen.append(out.requires_grad))
    divergences(upper, examples[:1], Divergence.FORWARD_KL)
    assert seen == [False], "the backward pass ends above the layers that no adapter is on"


@pytest.mark.parametrize("kind", list(Divergence))
def test_chunks_of_the_vocabulary_give_the_whole(
    tiny_model: Path, demonstration: Demonstration, kind: Divergence
) -> None:
    encoder, model = Encoder(load_tokenizer(tiny_model)), fresh(tiny_model)
    made = distilled(model, encoder, demonstration.task, ("Asked: x",), demonstration.steps, "x")
    heads: list[int] = []
    model.get_base_model().get_output_embeddings().register_forward_pre_hook(
        lambda _module, args: heads.append(len(args[0]))
    )
    whole = divergences(model, made, kind)
    most = max(heads)
    heads.clear()
    chunked = divergences(model, made, kind, chunk=5 * model.config.vocab_size)
    assert most > 5 >= max(heads), "no more than five rows of logits stand at once"
    for one, other in zip(whole, chunked, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    expected = torch.autograd.grad(torch.cat(whole).sum(), trainable(model))
    found = torch.autograd.grad(torch.cat(chunked).sum(), trainable(model))
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(expected, found, strict=True))


@given(st.lists(st.integers(1, 50), max_size=12), st.integers(1, 200))
def test_groups_hold_everything_once_and_no_more_than_fits(lengths: list[int], most: int) -> None:
    groups = list(grouped(lengths, most))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert all(len(group) == 1 or max(lengths[i] for i in group) * len(group) <= most for group in groups)
    if most == 1:
        assert groups == [[index] for index in range(len(lengths))], "one by one they stay in their order"


class Narrow:
    """A device on which a pass over more than so many tokens finds no memory, and a longer sequence only layer by layer."""

    def __init__(self, model: Any, tokens: int, *, checkpointed: bool = False) -> None:
        self.passes: list[int] = []
        self.model, self.tokens, self.checkpointed = model, tokens, checkpointed
        model.get_base_model().get_decoder().register_forward_pre_hook(self._look, with_kwargs=True)

    def _look(self, _module: Any, _args: Any, options: dict[str, Any]) -> None:
        self.passes.append(options["input_ids"].numel())
        small = self.checkpointed and self.model.get_base_model().is_gradient_checkpointing
        if self.passes[-1] > self.tokens and not small:
            raise torch.OutOfMemoryError("no room")


def test_where_memory_does_not_suffice_less_is_computed_at_once(tiny_model: Path, examples: list[Example]) -> None:
    config = replace(CONFIG, at_once=10_000, checkpointing=False, sequences=len(examples))
    longest = max(len(example.tokens.ids) for example in examples)
    straight, model = fresh(tiny_model), fresh(tiny_model)
    distill(straight, examples, [], config, 2, 0, 2)
    narrow = Narrow(model, longest)
    progress = distill(model, examples, [], config, 2, 0, 2)
    assert max(narrow.passes) > longest >= narrow.passes[-1]
    assert progress.tokens == 2 * sum(len(e.tokens.ids) for e in examples), "what was begun in vain is not counted"
    assert alike([p.detach() for p in trainable(model)], [p.detach() for p in trainable(straight)])


def test_then_layer_by_layer_and_then_it_says_so(tiny_model: Path, examples: list[Example]) -> None:
    model = fresh(tiny_model)
    Narrow(model, 10, checkpointed=True)
    distill(model, examples, [], replace(CONFIG, checkpointing=False), 1, 0, 1)
    assert model.get_base_model().is_gradient_checkpointing
    model = fresh(tiny_model)
    Narrow(model, 10)
    with pytest.raises(SetupError, match="not enough memory to learn from a sequence of"):
        distill(model, examples, [], CONFIG, 1, 0, 1)


def test_other_errors_are_not_taken_for_a_lack_of_memory(tiny_model: Path) -> None:
    room = Room.of(fresh(tiny_model), 100, None)
    assert not room.checkpointing, "a small model's activations are kept"

    def wrong() -> None:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        room.fit(wrong, 10)
    assert room.tokens == 100


LIMITED = """
import resource, sys, torch
from pathlib import Path
from agent.policy.local import load_model
from consolidation.lora import attach_lora
from consolidation.passes import Room
room = Room.of(attach_lora(load_model(Path(sys.argv[1])), 4, 8, 1), 64, False)
used = int(Path("/proc/self/statm").read_text().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + (128 << 20), used + (128 << 20)))
print(room.fit(lambda: torch.ones(room.tokens << 20).numel() >> 20, 4), room.tokens)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_a_processor_without_memory_is_understood_too(tiny_model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tiny_model)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    held, room = map(int, done.stdout.split()[-2:])
    assert held == room < 64, "128 MiB hold less than 64 Mi numbers of four bytes"
