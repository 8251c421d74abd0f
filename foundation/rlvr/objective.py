"""What the policy is moved by: advantages within a group of episodes, a clipped surrogate, a divergence from where it began.

GRPO (arXiv 2402.03300) as corrected by Dr. GRPO (2503.20783): an episode's advantage is its reward less its group's mean, not divided
by the group's deviation, and every token counts the same, whatever the length of its episode. The upper clip is wider than the lower one,
so that rare actions can grow (DAPO, 2503.14476). All of an episode's actions share its advantage.
Shapes: N tokens, V vocabulary. Log-probabilities are those under the page's grammar: what it does not admit has none.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def advantages(rewards: Sequence[float]) -> list[float]:
    """Return each episode's reward less the mean of its group. They sum to zero; equal rewards give zeros."""
    mean = sum(rewards) / len(rewards)
    return (
        [reward - mean for reward in rewards]
        if any(reward != rewards[0] for reward in rewards)
        else [0.0] * len(rewards)
    )


def admitted_logp(logits_N_V: torch.Tensor, allowed_N_V: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities logp_N_V among what the grammar admits; -inf elsewhere."""
    return torch.log_softmax(logits_N_V.float().masked_fill(~allowed_N_V, float("-inf")), dim=-1)


def surrogate(
    logp_N: torch.Tensor, old_N: torch.Tensor, advantage_N: torch.Tensor, low: float, high: float
) -> torch.Tensor:
    """Return the clipped surrogate of each token (N,), to be maximised.

    A token whose ratio has left [1 - low, 1 + high] in the direction of its advantage sends no gradient.
    """
    ratio_N = (logp_N - old_N).exp()
    return torch.minimum(ratio_N * advantage_N, ratio_N.clamp(1 - low, 1 + high) * advantage_N)


def drift(logp_N_V: torch.Tensor, reference_N_V: torch.Tensor) -> torch.Tensor:
    """Return KL(policy || reference) of each token (N,), in nats, over all that the grammar admits. Zero at the reference."""
    admitted_N_V = logp_N_V > float("-inf")
    policy_N_V, other_N_V = logp_N_V.masked_fill(~admitted_N_V, 0.0), reference_N_V.masked_fill(~admitted_N_V, 0.0)
    return (policy_N_V.exp() * (policy_N_V - other_N_V)).masked_fill(~admitted_N_V, 0.0).sum(-1)
