"""One update's passes: how many sequences are computed at once, how their divergences are, and what happens when memory does not suffice.

The student's logits are never whole: hidden states are taken a chunk at a time to the vocabulary, and the backward pass does it
again. A sequence whose logits fit into one chunk is computed in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from peft import PeftModel
from torch.utils.checkpoint import checkpoint

from browser.errors import SetupError
from consolidation.examples import Example
from consolidation.lora import checkpoint_layers, hidden_at
from consolidation.losses import Divergence, divergence, on_support

CHUNK = 1 << 24
"""Logits that are held at once: 64 MiB in fp32."""
LARGE = 1 << 30
"""Bytes of weights from which on a model's activations are not kept: they would take more than the model."""

T = TypeVar("T")


@dataclass(slots=True)
class Room:
    """What is computed at once. It only shrinks, and changes rounding alone."""

    model: PeftModel
    tokens: int
    """Padded tokens in one pass, or one sequence."""
    checkpointing: bool

    @classmethod
    def of(cls, model: PeftModel, tokens: int, checkpointing: bool | None) -> Room:
        """Begin with what is asked for; None checkpoints a large model."""
        if checkpointing is None:
            checkpointing = sum(weight.numel() * weight.element_size() for weight in model.parameters()) > LARGE
        checkpoint_layers(model, enable=checkpointing)
        return cls(model, tokens, checkpointing)

    def fit(self, update: Callable[[], T], longest: int) -> T:
        """Do an update; when memory does not suffice, forget its gradient and do it again with half of the tokens at once, in the end
        layer by layer. `longest` is the length of its longest sequence. Raises SetupError when that does not suffice either.
        """
        while True:
            try:
                return update()
            except (torch.OutOfMemoryError, MemoryError):
                self._shrink(longest)
            except RuntimeError as error:
                if "can't allocate memory" not in str(error):
                    raise
                self._shrink(longest)

    def _shrink(self, longest: int) -> None:
        if self.tokens > longest:
            self.tokens //= 2
        elif not self.checkpointing:
            self.checkpointing = True
            checkpoint_layers(self.model, enable=True)
        else:
            raise SetupError(
                f"not enough memory to learn from a sequence of {longest:,} tokens",
                "Close other programs, or use a smaller base",
            )
        self.model.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def grouped(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Part the indices of sequences into groups of like length, none of which holds more than `most` tokens when padded, or one sequence.

    When not even two fit, they stay in their order.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    if not lengths or 2 * min(lengths) > most:
        yield from ([index] for index in range(len(lengths)))
        return
    group: list[int] = []
    for index in order:
        if group and lengths[group[0]] * (len(group) + 1) > most:
            yield group
            group = []
        group.append(index)
    yield group


def divergences(
    model: PeftModel, examples: Sequence[Example], kind: Divergence, chunk: int = CHUNK
) -> list[torch.Tensor]:
    """Return the divergence of each token (N,) of some sequences from what the teacher said; at most `chunk` logits at once."""
    bare: Any = model.get_base_model()
    head = bare.get_output_embeddings()
    rows = max(1, chunk // bare.config.get_text_config().vocab_size)
    hidden = hidden_at(model, [(example.tokens.ids, example.tokens.positions) for example in examples])
    return [_divergence(head, one, example, kind, rows) for one, example in zip(hidden, examples, strict=True)]


def _divergence(head: Any, hidden_N_D: torch.Tensor, example: Example, kind: Divergence, rows: int) -> torch.Tensor:
    def of(hidden_C_D: torch.Tensor, teacher_C_S: torch.Tensor, ids_C_K: torch.Tensor | None) -> torch.Tensor:
        return divergence(teacher_C_S, on_support(head(hidden_C_D), ids_C_K), kind)

    device, ids_N_K = hidden_N_D.device, example.support_ids
    teacher_N_S = example.teacher_logp.to(device)
    ids_N_K = None if ids_N_K is None else ids_N_K.to(device)
    if len(hidden_N_D) <= rows:
        return of(hidden_N_D, teacher_N_S, ids_N_K)
    parts = [slice(start, start + rows) for start in range(0, len(hidden_N_D), rows)]
    done = [
        checkpoint(
            of, hidden_N_D[part], teacher_N_S[part], None if ids_N_K is None else ids_N_K[part], use_reentrant=False
        )
        for part in parts
    ]
    return torch.cat(done)  # type: ignore[arg-type]
