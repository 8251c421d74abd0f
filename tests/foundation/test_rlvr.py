"""Reinforcement learning with verifiable rewards: its identities, a step that does what it should, and a run that resumes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agent.policy.local import LocalPolicy
from browser.errors import UsageError
from consolidation.lora import trainable
from consolidation.tokens import Tokens
from foundation.resuming import identity, stopped
from foundation.rlvr.config import MAY_CHANGE, RlvrConfig
from foundation.rlvr.learner import Learner
from foundation.rlvr.objective import admitted_logp, advantages, drift, surrogate
from foundation.rlvr.play import Episode, Trajectory, expert_steps, play_groups, sequences
from foundation.rlvr.sampler import Choice, sample, spread, unpack
from foundation.rlvr.train import reinforce
from foundation.tasks import draw_task

CONFIG = RlvrConfig(
    updates=2,
    suites="unknown",
    groups=2,
    group_size=5,
    rank=4,
    alpha=8,
    lr=1e-2,
    warmup=1,
    longest_action=6,
    longest_prompt=6000,
    read_tokens=9000,
    micro_tokens=9000,
)
REWARDS = st.lists(st.sampled_from([0.0, 1.0, 0.5]), min_size=1, max_size=16)


@given(REWARDS)
def test_advantages_of_a_group_sum_to_zero_and_keep_the_order(rewards: list[float]) -> None:
    found = advantages(rewards)
    assert sum(found) == pytest.approx(0.0, abs=1e-9)
    for one, other, a, b in zip(rewards, rewards[1:], found, found[1:], strict=False):
        assert (one > other) == (a > b)


@given(st.floats(0, 1), st.integers(1, 16))
def test_equal_rewards_are_no_advantage(reward: float, size: int) -> None:
    assert advantages([reward] * size) == [0.0] * size


def logits(seed: int, rows: int = 5, width: int = 11) -> torch.Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 1000))
def test_what_is_admitted_sums_to_one_and_nothing_else_has_any(seed: int) -> None:
    allowed = logits(seed + 1) > 0
    allowed[:, 0] = True
    logp = admitted_logp(logits(seed), allowed)
    assert torch.allclose(logp.exp().sum(-1), torch.ones(5))
    assert bool((logp[~allowed] == float("-inf")).all()) and bool(torch.isfinite(logp[allowed]).all())


@given(st.integers(0, 1000))
def test_drift_is_zero_at_the_reference_and_positive_elsewhere(seed: int) -> None:
    allowed = logits(seed + 1) > 0
    allowed[:, :2] = True
    own = logits(seed).requires_grad_()
    logp, other = admitted_logp(own, allowed), admitted_logp(logits(seed + 2), allowed)
    assert bool((drift(logp, other) > 0).all())
    at_home = drift(logp, logp.detach())
    assert torch.allclose(at_home, torch.zeros(5), atol=1e-6)
    (gradient,) = torch.autograd.grad(at_home.sum(), own)
    assert torch.allclose(gradient, torch.zeros_like(gradient), atol=1e-6)


def test_the_surrogate_s_gradient_is_the_advantage_and_ends_at_the_clip() -> None:
    advantage = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    ratio = torch.tensor([1.0, 1.0, 1.5, 0.5, 0.5, 1.5])  # the last two left the range against their advantage
    logp = ratio.log().requires_grad_()
    (gradient,) = torch.autograd.grad(surrogate(logp, torch.zeros(6), advantage, 0.2, 0.28).sum(), logp)
    assert torch.allclose(gradient, torch.tensor([1.0, -1.0, 0.0, 0.0, 0.5, -1.5]), atol=1e-6)


@given(st.integers(0, 1000), st.floats(0, 1, exclude_max=True))
def test_a_draw_is_the_token_at_its_place_and_never_one_without_probability(seed: int, draw: float) -> None:
    allowed = logits(seed + 1) > 0
    allowed[:, 3] = True
    logp = admitted_logp(logits(seed), allowed)
    tokens = sample(logp, torch.full((5,), draw, dtype=torch.float64))
    assert bool(allowed.gather(-1, tokens[:, None]).all())
    ends = logp.double().exp().cumsum(-1).gather(-1, tokens[:, None])[:, 0]
    assert bool((ends > draw - 1e-6).all())
    assert bool((ends - logp.double().exp().gather(-1, tokens[:, None])[:, 0] <= draw + 1e-6).all())


def test_bits_are_spread_as_the_grammar_wrote_them() -> None:
    bits = np.array([[1 | 1 << 5, -(1 << 31)]], dtype=np.int32)
    assert spread(bits, 64, "cpu")[0].nonzero()[:, 0].tolist() == [0, 5, 63]
    assert spread(bits, 60, "cpu").shape == (1, 60)


def learner_of(base: Path, config: RlvrConfig = CONFIG) -> Learner:
    return Learner(base, config, None, "cpu")


def trajectory(learner: Learner, token: int, advantage: float) -> Trajectory:
    """One choice among ten tokens, after the same few others."""
    width = learner.model.config.vocab_size
    allowed = np.zeros(-(-width // 32) * 32, dtype=np.uint8)
    allowed[40:50] = 1
    choice = Choice(0, token, np.packbits(allowed, bitorder="little").tobytes(), 0.0)
    ids = torch.tensor([5, 6, 7, 8, token])
    return Trajectory(Tokens(ids, torch.tensor([3]), ((0, 1),)), [choice], advantage)


def probability(learner: Learner, token: int) -> float:
    with torch.no_grad():
        return float(learner.logp([trajectory(learner, token, 0.0)])[0, token].exp())


def step(learner: Learner, *items: Trajectory) -> None:
    for item in items:
        (learner.score([item], None).loss / len(items)).backward()
    learner.optimizer.step()
    learner.optimizer.zero_grad()


def test_one_step_raises_what_was_rewarded_and_lowers_what_was_not(tiny_model: Path) -> None:
    learner = learner_of(tiny_model)
    good, bad = probability(learner, 42), probability(learner, 47)
    step(learner, trajectory(learner, 42, 0.5), trajectory(learner, 47, -0.5))
    step(
        learner, trajectory(learner, 42, 0.5), trajectory(learner, 47, -0.5)
    )  # in the first one A has no gradient: B is zero
    assert probability(learner, 42) > good and probability(learner, 47) < bad


def test_the_reference_stays_where_the_run_began(tiny_model: Path) -> None:
    learner = learner_of(tiny_model)
    before = probability(learner, 42)
    assert learner.score([trajectory(learner, 42, 0.0)], None).kl == pytest.approx(0.0, abs=1e-6)
    for _ in range(3):
        step(learner, trajectory(learner, 42, 0.5))
    assert learner.score([trajectory(learner, 42, 0.0)], None).kl > 1e-6
    with learner.as_reference():
        assert probability(learner, 42) == pytest.approx(before, abs=1e-6)
    assert probability(learner, 42) != pytest.approx(before, abs=1e-6)


def test_the_divergence_pulls_back(tiny_model: Path) -> None:
    learner = learner_of(tiny_model, replace(CONFIG, kl=1.0))
    for _ in range(5):
        step(learner, trajectory(learner, 42, 1.0))
    far = learner.score([trajectory(learner, 42, 0.0)], None).kl
    for _ in range(10):
        step(learner, trajectory(learner, 42, 0.0))
    assert learner.score([trajectory(learner, 42, 0.0)], None).kl < far


def test_episodes_that_ended_alike_change_nothing(tiny_model: Path) -> None:
    learner = learner_of(tiny_model)
    before = [weight.clone() for weight in trainable(learner.model)]
    group = [Episode.begin(1, ["unknown"], 1) for _ in range(2)]
    assert learner.learn(group)["tokens"] == 0
    assert all(torch.equal(a, b) for a, b in zip(before, trainable(learner.model), strict=True))


def test_what_is_sampled_can_be_performed_and_is_as_probable_as_the_learner_says(tiny_model: Path) -> None:
    learner = learner_of(tiny_model, replace(CONFIG, longest_action=60))
    groups = play_groups(learner.sampler(), (7, 9), 3, CONFIG.longest_prompt, ["explicit", "lesson"])
    episodes = [episode for group in groups for episode in group]
    assert len(episodes) == 6 and all(episode.over for episode in episodes)
    for episode in episodes:
        assert episode.turns and len(episode.turns) <= episode.limit
        assert all(turn.action is not None for turn in episode.turns)
    items = [item for episode in episodes for item in sequences(episode)]
    assert sum(len(item.choices) for item in items) == sum(len(t.choices) for e in episodes for t in e.turns)
    for item in items:
        assert [choice.token for choice in item.choices] == item.tokens.targets.tolist()
        allowed = unpack(item.choices, learner.model.config.vocab_size, "cpu")
        assert bool(allowed.gather(-1, item.tokens.targets[:, None]).all())
    scored = learner.score(items, None)
    assert scored.mismatch / scored.tokens < 0.05  # bf16; prompts of several lengths stood side by side


def test_equal_seeds_play_alike(tiny_model: Path) -> None:
    def written() -> list[list[int]]:
        groups = play_groups(learner_of(tiny_model).sampler(), [3], 4, CONFIG.longest_prompt, ["unknown"])
        return [turn.written for episode in groups[0] for turn in episode.turns]

    assert written() == written()
    assert len({tuple(tokens) for tokens in written()}) > 1, "a group's episodes differ"


def test_a_task_is_worth_an_expert_s_success() -> None:
    assert all(expert_steps(seed, ["unknown"]) > 0 for seed in range(5))
    episode = Episode.begin(3, ["unknown"], expert_steps(3, ["unknown"]))
    assert episode.reward == 0.0 and episode.task.text == draw_task(3, among=["unknown"]).text


def adapter(out: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(out / "adapter" / "adapter_model.safetensors")


def test_a_run_that_broke_off_ends_with_the_same_weights(tiny_model: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, parts=2)
    reinforce(tiny_model, tmp_path / "straight", config)
    curve = [json.loads(line) for line in (tmp_path / "straight" / "log.jsonl").read_text().splitlines()]
    assert [record["update"] for record in curve] == [1, 2]
    assert any(record["informative"] for record in curve) and all(0 <= record["reward"] <= 1 for record in curve)

    in_the_way = tmp_path / "cut" / "log.jsonl"
    in_the_way.mkdir(parents=True)  # nothing can be written there: the run ends right after its first checkpoint
    with pytest.raises(OSError, match=r"log\.jsonl"):
        reinforce(tiny_model, tmp_path / "cut", config)
    in_the_way.rmdir()
    reinforce(tiny_model, tmp_path / "cut", config)
    (rest,) = map(json.loads, in_the_way.read_text().splitlines())
    assert rest["update"] == 2, "what the checkpoint has is not done again"
    straight, cut = adapter(tmp_path / "straight"), adapter(tmp_path / "cut")
    assert all(torch.equal(straight[name], cut[name]) for name in straight)
    assert any(bool(value.any()) for name, value in straight.items() if "lora_B" in name), "something was learned"
    assert LocalPolicy.load(tiny_model, tmp_path / "cut" / "adapter").name == tiny_model.name


def test_another_run_does_not_go_on(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    first, second = (tiny_models[name] for name in ("llama", "qwen3"))
    learner = learner_of(first)
    learner.model.save_pretrained(tmp_path / "begun")
    out = tmp_path / "out"
    out.mkdir()
    learner.save(out, identity(first, None, CONFIG, MAY_CHANGE))
    kept = (out / "checkpoint.pt").read_bytes()
    for what, base, start, config in (
        ("base", second, None, CONFIG),
        ("start", first, tmp_path / "begun", CONFIG),
        ("lr", first, None, replace(CONFIG, lr=1e-3)),
        ("groups, seed", first, None, replace(CONFIG, groups=3, seed=2)),
        ("rank, alpha", first, None, replace(CONFIG, rank=2, alpha=4)),
    ):
        with pytest.raises(UsageError, match=f"is of another run: {what}\\. .*--out"):
            reinforce(base, out, config, start)
    assert [path.name for path in out.iterdir()] == ["checkpoint.pt"]
    assert (out / "checkpoint.pt").read_bytes() == kept
    longer = replace(CONFIG, updates=9, read_tokens=90, micro_tokens=1, checkpoint_every=3)
    assert stopped(out, identity(first, None, longer, MAY_CHANGE), "cpu"), (
        "longer, or in other pieces, it is the same run"
    )
    assert stopped(tmp_path, {}, "cpu") is None
