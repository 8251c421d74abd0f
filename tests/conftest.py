"""Fixtures for everybody: a home of one's own, and tiny random-weight models that are real architectures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: two workers with two threads each wait for one another

import pytest
from hypothesis import settings

from bench.small import small_llama, small_tokenizer

settings.register_profile("apprentice", deadline=None)  # a shared machine may stop for a second at any line
settings.load_profile("apprentice")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the person's own data, and from a profile that one before it has chosen in this process."""
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("APPRENTICE_PROFILE", "")  # known to be restored, whoever chooses one meanwhile
    monkeypatch.delenv("APPRENTICE_PROFILE")
    return tmp_path / "home"


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Any:
    """A byte-level tokenizer trained on a few lines, with a chat template."""
    return small_tokenizer()


def _qwen3(vocabulary: int) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=vocabulary,
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
        )
    )


def _qwen35(vocabulary: int) -> Any:
    from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

    return Qwen3_5ForCausalLM(
        Qwen3_5TextConfig(
            vocab_size=vocabulary,
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            linear_num_key_heads=2,
            linear_num_value_heads=4,
            linear_key_head_dim=16,
            linear_value_head_dim=16,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
        )
    )


ARCHITECTURES = {"llama": small_llama, "qwen3": _qwen3, "qwen3_5": _qwen35}


@pytest.fixture(scope="session")
def tiny_models(tiny_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of random-weight models as anybody would save them, one an architecture."""
    import torch

    folders = {}
    for name, build in ARCHITECTURES.items():
        torch.manual_seed(7)
        folder = tmp_path_factory.mktemp("models") / name
        build(len(tiny_tokenizer)).to(torch.bfloat16).save_pretrained(folder)
        tiny_tokenizer.save_pretrained(folder)
        folders[name] = folder
    return folders


@pytest.fixture
def tiny_model(tiny_models: dict[str, Path]) -> Path:
    """The folder of a tiny random-weight Llama."""
    return tiny_models["llama"]


@pytest.fixture
def unload() -> Iterator[None]:
    """Give memory back after a test that loads a model."""
    yield
    import gc

    gc.collect()
