"""LoRA through PEFT, in the one shape that this project uses: the linear parts of every layer, or of the upper ones, and not the head."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    load_peft_weights,
    set_peft_model_state_dict,
)
from peft.helpers import disable_input_dtype_casting
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from agent.policy.encode import shared_length
from agent.policy.precision import compute_dtype
from browser.errors import UsageError


def attach_lora(model: Any, rank: int, alpha: int, seed: int, untouched: float = 0.0) -> PeftModel:
    """Freeze the model and add a fresh adapter. Weights are drawn from `seed`; B starts at zero, so nothing changes yet.

    The share `untouched` of its layers, from the first, gets none: the backward pass ends above them.
    """
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules="all-linear",
        exclude_modules=_first_layers(round(untouched * model.config.get_text_config().num_hidden_layers)),
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def load_lora(model: PeftModel, folder: Path) -> None:
    """Put the weights of an adapter of the same shape in the place of the model's own. Raises UsageError when the shapes differ."""
    found, own = load_peft_weights(str(folder), device="cpu"), get_peft_model_state_dict(model)
    if {name: weight.shape for name, weight in found.items()} != {name: weight.shape for name, weight in own.items()}:
        raise UsageError(
            f"adapter {folder.name} has another shape than this night's", "Learn anew: apprentice consolidate --anew"
        )
    set_peft_model_state_dict(model, found)


def _first_layers(count: int) -> str | None:
    """Return the pattern of the names of what is in the first layers, under the names that architectures give to their list."""
    numbers = "|".join(map(str, range(count)))
    return rf"(.*\.)?(layers|h|blocks)\.({numbers})\..*" if count else None


def trainable(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    """Return the adapter's weights."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def device_of(model: Any) -> torch.device:
    """Return where the model's words are looked up."""
    return model.get_input_embeddings().weight.device


def merged(model: PeftModel) -> Any:
    """Return a copy of the model with its adapter merged into it: what acts by day, and a third faster than with the adapter beside."""
    return copy.deepcopy(model).merge_and_unload()  # unmerging again would leave rounding errors in a bf16 base


@contextmanager
def mixed_precision(model: PeftModel, device: str = "cpu") -> Iterator[None]:
    """Compute in bf16, where that is fast, while the adapter's own weights stay fp32.

    PEFT would cast every activation to the adapter's precision and autocast cast it back: switched off, one training step
    on 2 cores is 1.07 times as fast (`bench/model.py`).
    """
    dtype = compute_dtype(device)
    with torch.autocast(device, dtype, enabled=dtype is not torch.float32), disable_input_dtype_casting(model):
        yield


def backward(model: PeftModel, loss: torch.Tensor) -> None:
    """Add up the gradient of a loss. What checkpointing computes again it computes as it was computed before."""
    with disable_input_dtype_casting(model):
        loss.backward()


def checkpoint_layers(model: PeftModel, *, enable: bool) -> None:
    """Keep only what each layer read until the backward pass, which computes the rest again: a third more work, a fraction of the memory.

    Layers below the first adapter keep nothing in either case, and the backward pass still ends above them.
    """
    bare: Any = model.get_base_model()
    if not enable:
        turn = getattr(bare, "activation_checkpointing_disable", None) or bare.gradient_checkpointing_disable
        turn()
        return
    turn = getattr(bare, "activation_checkpointing_enable", None) or bare.gradient_checkpointing_enable
    turn({"use_reentrant": False})
    bare.disable_input_require_grads()  # only reentrant checkpoints want it, and it would take the gradient down to the words


def hidden_at(model: Any, sequences: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[torch.Tensor]:
    """Run several (ids, positions) side by side and return hidden_N_D at the positions of each.

    They are padded on the right. No mask is needed: under causal attention nothing looks to the right.
    """
    bare: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    device = device_of(bare)
    ids_B_T = pad_sequence([ids_T for ids_T, _ in sequences], batch_first=True).to(device)
    hidden_B_T_D = bare.get_decoder()(input_ids=ids_B_T, use_cache=False).last_hidden_state
    rows = zip(hidden_B_T_D, sequences, strict=True)
    return [row_T_D[positions_N.to(device)].contiguous() for row_T_D, (_, positions_N) in rows]


def logits_at(model: Any, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Run one sequence and return logits_N_V at `positions` (N,) only: the head is never applied to the prompt.

    `ids` is (T,). Works for a PeftModel and for a bare causal LM.
    """
    (hidden_N_D,) = hidden_at(model, [(ids, positions)])
    bare: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    return bare.get_output_embeddings()(hidden_N_D)


@torch.no_grad()
def logits_beside(model: Any, sequences: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[torch.Tensor]:
    """Do what `logits_at` does for several (ids, positions) that begin alike: what they share is computed once."""
    bare: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    first = min(int(positions_N[0]) for _, positions_N in sequences)
    shared = min(first, shared_length([ids_T.tolist() for ids_T, _ in sequences]))
    begun = DynamicCache(config=bare.config)
    if shared:
        bare.get_decoder()(input_ids=sequences[0][0][None, :shared], past_key_values=begun, use_cache=True)
    out = []
    for ids_T, positions_N in sequences:
        cache = copy.deepcopy(begun)  # linear attention keeps a state, which cannot be cut back to what was shared
        run = bare.get_decoder()(input_ids=ids_T[None, shared:], past_key_values=cache, use_cache=True)
        out.append(bare.get_output_embeddings()(run.last_hidden_state[0, positions_N - shared].contiguous()))
    return out
