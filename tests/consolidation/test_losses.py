"""The laws of the divergences."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from consolidation.losses import Divergence, clipped_mean, divergence, on_support, top_ids

KINDS = list(Divergence)
seeds = st.integers(0, 10_000)


def logits(seed: int, rows: int = 4, vocabulary: int = 12, scale: float = 3.0) -> torch.Tensor:
    return (
        torch.randn(rows, vocabulary, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).float()
        * scale
    )


@given(seeds, st.sampled_from(KINDS))
def test_equal_distributions_do_not_diverge(seed: int, kind: Divergence) -> None:
    x = logits(seed)
    ids = top_ids(x, 3)
    assert divergence(on_support(x), on_support(x), kind).abs().max() < 1e-5
    assert divergence(on_support(x, ids), on_support(x, ids), kind).abs().max() < 1e-5


@given(seeds, seeds, st.sampled_from(KINDS), st.integers(1, 12))
def test_a_support_sums_to_one_and_never_shows_more_than_the_whole(
    one: int, two: int, kind: Divergence, k: int
) -> None:
    teacher, student = logits(one), logits(two + 20_000)
    ids = top_ids(teacher, k)
    coarse_t, coarse_s = on_support(teacher, ids), on_support(student, ids)
    assert torch.allclose(coarse_t.exp().sum(-1), torch.ones(4), atol=1e-4)
    whole = divergence(on_support(teacher), on_support(student), kind)
    part = divergence(coarse_t, coarse_s, kind)
    assert (part >= -1e-5).all()
    assert (part <= whole + 1e-4).all()


@given(seeds, seeds, st.sampled_from(KINDS))
def test_the_support_of_all_ids_is_the_whole(one: int, two: int, kind: Divergence) -> None:
    teacher, student = logits(one), logits(two + 20_000)
    ids = top_ids(teacher, 12)
    whole = divergence(on_support(teacher), on_support(student), kind)
    assert torch.allclose(divergence(on_support(teacher, ids), on_support(student, ids), kind), whole, atol=1e-4)


@given(seeds, seeds)
def test_jsd_is_symmetric_and_bounded(one: int, two: int) -> None:
    a, b = on_support(logits(one)), on_support(logits(two + 20_000, scale=20.0))
    forth, back = divergence(a, b, Divergence.JSD), divergence(b, a, Divergence.JSD)
    assert torch.allclose(forth, back, atol=1e-5)
    assert (forth <= math.log(2) + 1e-5).all()


def test_forward_and_reverse_are_each_other_turned_round() -> None:
    a, b = on_support(logits(1)), on_support(logits(2))
    assert torch.allclose(divergence(a, b, Divergence.FORWARD_KL), divergence(b, a, Divergence.REVERSE_KL))


def test_forward_kl_to_a_certain_token_is_cross_entropy() -> None:
    x = logits(5)
    targets = torch.tensor([1, 4, 0, 11])
    certain = torch.tensor([[0.0, float("-inf")]]).expand(4, 2)
    loss = divergence(certain, on_support(x, targets[:, None]))
    assert torch.allclose(loss, torch.nn.functional.cross_entropy(x, targets, reduction="none"), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_with_repeated_ids_and_certain_teachers(kind: Divergence) -> None:
    student = logits(8).requires_grad_()
    ids = torch.tensor([[0, 0, 3], [1, 2, 1], [5, 5, 5], [7, 8, 9]])
    teacher = on_support(logits(9, scale=60.0), ids)
    divergence(teacher, on_support(student, ids), kind).sum().backward()
    assert student.grad is not None and torch.isfinite(student.grad).all()


def test_repeated_ids_count_once() -> None:
    x = logits(3)
    once, twice = on_support(x, torch.tensor([[2, 5]] * 4)), on_support(x, torch.tensor([[2, 5, 2]] * 4))
    assert torch.allclose(once[:, :2], twice[:, :2]) and torch.allclose(once[:, -1], twice[:, -1], atol=1e-6)
    assert (twice[:, 2] == float("-inf")).all()


def test_clip_and_empty_batches() -> None:
    assert clipped_mean(torch.tensor([1.0, 9.0]), 2.0) == 1.5
    empty = torch.zeros(0, requires_grad=True)
    clipped_mean(empty, None).backward()
    assert empty.grad is not None
