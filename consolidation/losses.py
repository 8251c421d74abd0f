"""Divergences between teacher and student, token by token. Pure functions of tensors; no model, no trainer.

Everything works on log-probabilities over a **support**: the whole vocabulary, or a few token ids and one **tail** bucket that
holds the rest of the mass, so that a support of any size still sums to one (without the tail, truncation hides
what the student does elsewhere: arXiv 2608.14728). Shapes: N tokens, V vocabulary, K chosen ids, S support entries.

Laws, tested in tests/consolidation/test_losses.py: every divergence is 0 for equal inputs and never negative; the support of
all V ids gives the full divergence; coarser supports never give more; JSD is symmetric at beta 1/2 and at most log 2.
"""

from __future__ import annotations

from enum import StrEnum

import torch

_NOTHING = -103.0
"""The log-probability of a tail with nothing in it: finite, so that gradients are too."""


class Divergence(StrEnum):
    """Which divergence is minimised."""

    FORWARD_KL = "forward_kl"
    """KL(teacher || student): cover all the teacher would do. The default, and what SDFT (arXiv 2601.19897) ran."""
    REVERSE_KL = "reverse_kl"
    """KL(student || teacher): do nothing the teacher would not."""
    JSD = "jsd"
    """Jensen-Shannon at beta 1/2: bounded, between the two."""


def on_support(logits_N_V: torch.Tensor, ids_N_K: torch.Tensor | None = None) -> torch.Tensor:
    """Return log-probabilities logp_N_S: over the vocabulary, or over `ids_N_K` and a last tail bucket (S = K + 1).

    An id that stands twice in a row counts once: its later copies get log-probability -inf.
    """
    logp_N_V = torch.log_softmax(logits_N_V.float(), dim=-1)
    if ids_N_K is None:
        return logp_N_V
    chosen = logp_N_V.gather(-1, ids_N_K).masked_fill(_repeats(ids_N_K), float("-inf"))
    rest = torch.cat(
        [logp_N_V.scatter(-1, ids_N_K, float("-inf")), logp_N_V.new_full((len(ids_N_K), 1), _NOTHING)], dim=-1
    )
    return torch.cat([chosen, torch.logsumexp(rest, dim=-1, keepdim=True)], dim=-1)


def top_ids(logits_N_V: torch.Tensor, k: int) -> torch.Tensor:
    """Return the k most probable ids of each row, ids_N_K."""
    return logits_N_V.topk(min(k, logits_N_V.shape[-1]), dim=-1).indices


def divergence(
    teacher_N_S: torch.Tensor, student_N_S: torch.Tensor, kind: Divergence = Divergence.FORWARD_KL, beta: float = 0.5
) -> torch.Tensor:
    """Return the divergence of each token (N,), in nats. Both inputs are log-probabilities over the same support."""
    if kind is Divergence.FORWARD_KL:
        return _kl(teacher_N_S, student_N_S)
    if kind is Divergence.REVERSE_KL:
        return _kl(student_N_S, teacher_N_S)
    weights = torch.tensor([beta, 1 - beta], device=teacher_N_S.device).log()
    mixture = torch.logsumexp(torch.stack([teacher_N_S + weights[0], student_N_S + weights[1]]), dim=0)
    return beta * _kl(teacher_N_S, mixture) + (1 - beta) * _kl(student_N_S, mixture)


def clipped_mean(per_token_N: torch.Tensor, clip: float | None) -> torch.Tensor:
    """Average over tokens, none counting for more than `clip` nats; zero, with a gradient of zero, for no tokens.

    The clip keeps a few style tokens from drowning the content (arXiv 2601.18734 reports 6 to 15 times their divergence).
    """
    if per_token_N.numel() == 0:
        return per_token_N.sum()
    if clip is not None:
        per_token_N = per_token_N.clamp(max=clip)
    return per_token_N.mean()


def _kl(p_N_S: torch.Tensor, q_N_S: torch.Tensor) -> torch.Tensor:
    """KL(p || q) of each row; entries without mass in p count nothing, and send no gradient."""
    empty = p_N_S == float("-inf")
    p, q = p_N_S.masked_fill(empty, 0.0), q_N_S.masked_fill(empty, 0.0)
    return (p.exp() * (p - q)).masked_fill(empty, 0.0).sum(-1)


def _repeats(ids_N_K: torch.Tensor) -> torch.Tensor:
    """Mark every id that already stood further left in its row."""
    same = ids_N_K[:, :, None] == ids_N_K[:, None, :]
    earlier = torch.ones(same.shape[-1], same.shape[-1], dtype=torch.bool, device=ids_N_K.device).tril(-1)
    return (same & earlier).any(-1)
