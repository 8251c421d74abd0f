"""A model that plays and learns: one update from a set of episodes, and all that a resumed run needs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.policy.attention import fastest
from agent.policy.encode import Encoder
from agent.policy.precision import compute_dtype
from consolidation.lora import attach_lora, trainable
from foundation.dataset import padded_groups
from foundation.resuming import CHECKPOINT
from foundation.rlvr.config import RlvrConfig
from foundation.rlvr.objective import admitted_logp, drift, surrogate
from foundation.rlvr.play import Episode, Trajectory, sequences
from foundation.rlvr.sampler import Sampler, unpack
from foundation.taught import taught_logits


@dataclass(frozen=True, slots=True)
class Scored:
    """What one group of trajectories comes to: sums over its tokens."""

    loss: torch.Tensor
    kl: float
    tokens: int
    mismatch: float
    """By how much the log-probabilities differ from those noted while playing, in nats: a fault shows here."""


class Learner:
    """A model with an adapter, the optimiser, and the weights that the adapter began with, which are the reference."""

    def __init__(self, base: Path, config: RlvrConfig, start: Path | None, device: str) -> None:
        self.config, self.device = config, device
        self.encoder = Encoder(AutoTokenizer.from_pretrained(base))
        bare: Any = AutoModelForCausalLM.from_pretrained(
            base, dtype=compute_dtype(device), attn_implementation=fastest(device)
        )
        self.model = attach_lora(bare.to(device), config.rank, config.alpha, config.seed).eval()
        if start is not None:
            set_peft_model_state_dict(self.model, load_file(start / "adapter_model.safetensors"))
        self.reference = [weight.detach().clone() for weight in trainable(self.model)]
        self.optimizer = torch.optim.AdamW(trainable(self.model), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.0)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.state: dict[str, Any] = {"update": 0, "cursor": config.seed << 32, "episodes": 0, "actions": 0}

    def sampler(self) -> Sampler:
        """Return what plays with the present weights."""
        config = self.config
        return Sampler(
            self.model,
            self.encoder,
            self.generator,
            longest=config.longest_action,
            read_tokens=config.read_tokens,
            device=self.device,
        )

    @contextmanager
    def as_reference(self) -> Iterator[None]:
        """Put the weights of the beginning in place for a while."""
        weights = trainable(self.model)
        present = [weight.data for weight in weights]
        for weight, first in zip(weights, self.reference, strict=True):
            weight.data = first
        try:
            yield
        finally:
            for weight, kept in zip(weights, present, strict=True):
                weight.data = kept

    def logp(self, group: Sequence[Trajectory]) -> torch.Tensor:
        """Return logp_N_V of all choices of some trajectories, under their grammars."""
        logits_N_V = taught_logits(self.model, [item.tokens for item in group], self.device)
        choices = [choice for item in group for choice in item.choices]
        return admitted_logp(logits_N_V, unpack(choices, logits_N_V.shape[-1], self.device))

    def score(self, group: Sequence[Trajectory], old_N: torch.Tensor | None) -> Scored:
        """Return the loss of some trajectories; without `old_N` the present weights are those that played."""
        config = self.config
        chosen_N = torch.tensor([choice.token for item in group for choice in item.choices], device=self.device)
        sizes = torch.tensor([len(item.choices) for item in group])
        advantage_N = torch.tensor([item.advantage for item in group]).repeat_interleave(sizes).to(self.device)
        with torch.no_grad(), self.as_reference():
            reference_N_V = self.logp(group)
        logp_N_V = self.logp(group)
        logp_N = logp_N_V.gather(-1, chosen_N[:, None])[:, 0]
        gain_N = surrogate(
            logp_N, logp_N.detach() if old_N is None else old_N, advantage_N, config.clip_low, config.clip_high
        )
        kl_N = drift(logp_N_V, reference_N_V)
        played_N = torch.tensor([choice.logp for item in group for choice in item.choices], device=self.device)
        mismatch = float((logp_N.detach() - played_N).abs().sum()) if old_N is None else 0.0
        return Scored((config.kl * kl_N - gain_N).sum(), float(kl_N.detach().sum()), len(chosen_N), mismatch)

    def learn(self, episodes: Sequence[Episode]) -> dict[str, float]:
        """Take `parts` steps of the optimiser towards the better episodes; return the curves' figures."""
        trajectories = [item for episode in episodes if episode.advantage for item in sequences(episode)]
        if not trajectories:
            return {"kl": 0.0, "norm": 0.0, "tokens": 0, "mismatch": 0.0}
        order = torch.randperm(len(trajectories), generator=self.generator).tolist()
        parts = [[trajectories[i] for i in order[at :: self.config.parts]] for at in range(self.config.parts)]
        olds = [self._old(part) for part in parts] if self.config.parts > 1 else [{} for _ in parts]
        scale = len(episodes) * self.config.episode_tokens / self.config.parts
        kl, mismatch, tokens, norm = 0.0, 0.0, 0, 0.0
        for part, old in zip(parts, olds, strict=True):
            for group in self._micro(part):
                scored = self.score(group, _old_of(group, old))
                (scored.loss / scale).backward()
                kl, mismatch, tokens = kl + scored.kl, mismatch + scored.mismatch, tokens + scored.tokens
            norm = float(torch.nn.utils.clip_grad_norm_(trainable(self.model), 1.0))
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.lr * min(1.0, (self.state["update"] + 1) / self.config.warmup)
            self.optimizer.step()
            self.optimizer.zero_grad()
        return {"kl": kl / tokens, "norm": norm, "tokens": tokens, "mismatch": mismatch / tokens}

    @torch.no_grad()
    def _old(self, part: Sequence[Trajectory]) -> dict[int, torch.Tensor]:
        """Return the choices' log-probabilities under the weights that played, by trajectory."""
        out: dict[int, torch.Tensor] = {}
        for group in self._micro(part):
            chosen_N = torch.tensor([choice.token for item in group for choice in item.choices], device=self.device)
            logp_N = self.logp(group).gather(-1, chosen_N[:, None])[:, 0]
            pieces = logp_N.split([len(item.choices) for item in group])
            out |= {id(item): piece for item, piece in zip(group, pieces, strict=True)}
        return out

    def _micro(self, part: Sequence[Trajectory]) -> Iterator[list[Trajectory]]:
        """Part trajectories into groups of like length that are computed at once."""
        owners = {id(item.tokens): item for item in part}
        for group in padded_groups([item.tokens for item in part], self.config.micro_tokens):
            yield [owners[id(tokens)] for tokens in group]

    def save(self, folder: Path, of: dict[str, Any]) -> None:
        """Write all that a resumed run needs, and what the run is of, aside, then swap it in by one rename."""
        temporary = folder / f"checkpoint.{os.getpid()}.pt"
        weights = [weight.detach() for weight in trainable(self.model)]
        record = {
            "weights": weights,
            "reference": self.reference,
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "state": self.state,
            "of": of,
        }
        torch.save(record, temporary)
        temporary.replace(folder / CHECKPOINT)

    def take_up(self, saved: dict[str, Any]) -> None:
        """Go on where `save` was last called, by a learner of the same run (`foundation/resuming.py`)."""
        for weight, kept in zip(trainable(self.model), saved["weights"], strict=True):
            weight.data.copy_(kept)
        self.reference = saved["reference"]
        self.optimizer.load_state_dict(saved["optimizer"])
        self.generator.set_state(saved["generator"].cpu())
        self.state = saved["state"]


def _old_of(group: Sequence[Trajectory], old: dict[int, torch.Tensor]) -> torch.Tensor | None:
    return torch.cat([old[id(item)] for item in group]) if old else None
