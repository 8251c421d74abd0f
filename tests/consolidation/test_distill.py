"""Training: it learns, it resumes exactly, and it refuses nothing silently."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from consolidation.config import NightConfig
from consolidation.curriculum import RECORDED, Curriculum
from consolidation.distill import (
    COOLING,
    LEAST_UPDATES,
    SAVE_EVERY,
    DistillConfig,
    Progress,
    accumulate,
    distill,
    draw_batch,
    planned,
    rate,
)
from consolidation.evidence import Champion, Skill, measured
from consolidation.examples import Arm, Example, Known, anchors, distilled, imitated
from consolidation.gate import Bounds
from consolidation.lora import attach_lora, logits_at, logits_beside, merged, trainable
from consolidation.night import Night
from consolidation.probes import drift
from consolidation.rehearsal.values import vocabulary_words
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import cut
from consolidation.tokens import encode

CONFIG = DistillConfig(rank=4, alpha=8, lr=5e-3, warmup=1, sequences=2, anchors=0, agreed=0.0)


class Bench:
    """A tiny model with its examples, made anew at will."""

    def __init__(self, folder: Path, demonstration: Demonstration) -> None:
        self.folder = folder
        self.encoder = Encoder(load_tokenizer(folder))
        self.demonstration = demonstration

    def model(self) -> Any:
        return attach_lora(load_model(self.folder), CONFIG.rank, CONFIG.alpha, seed=1)

    def imitated(self) -> list[Example]:
        return imitated(self.encoder, self.demonstration.task, self.demonstration.steps, "skill")


@pytest.fixture
def bench(tiny_model: Path, demonstration: Demonstration) -> Bench:
    return Bench(tiny_model, demonstration)


def weights(model: Any) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in trainable(model)]


def test_the_divergence_falls(bench: Bench) -> None:
    progress = distill(bench.model(), bench.imitated(), [], replace(CONFIG, lr=2e-2), 15, 0, 15)
    assert progress.curve[-1] < 0.97 * progress.curve[0]


@pytest.mark.parametrize("moment", [4, 5])
def test_a_run_that_was_cut_short_ends_with_the_same_weights(bench: Bench, tmp_path: Path, moment: int) -> None:
    straight = bench.model()
    distill(straight, bench.imitated(), [], CONFIG, 6, 0, 6, tmp_path / "straight.pt")

    class Killed(Exception):
        pass

    def kill(progress: Progress) -> None:
        if progress.update == moment:
            raise Killed

    with pytest.raises(Killed):
        distill(bench.model(), bench.imitated(), [], CONFIG, 6, 0, 6, tmp_path / "cut.pt", kill)
    assert (tmp_path / "cut.pt").exists() == (moment == SAVE_EVERY)
    resumed = bench.model()
    progress = distill(resumed, bench.imitated(), [], CONFIG, 6, 0, 6, tmp_path / "cut.pt")
    assert progress.update == 6 and len(progress.curve) == 6
    assert all(torch.equal(one, other) for one, other in zip(weights(straight), weights(resumed), strict=True))


def test_what_both_agree_on_moves_nothing(bench: Bench) -> None:
    model = bench.model()
    same = anchors(model, bench.encoder, cut(bench.demonstration.task, (), bench.demonstration.steps))
    before = weights(model)
    progress = distill(model, same, [], replace(CONFIG, agreed=0.01), 50, 0, 50)
    assert progress.skipped == 2 * progress.update
    assert set(progress.last) == set(range(len(same)))
    assert progress.update < 50, "a run ends when nothing is left to learn"
    assert all(torch.allclose(one, other) for one, other in zip(before, weights(model), strict=True))


def test_an_anchor_counts_for_several_skill_sequences(bench: Bench) -> None:
    skill, anchor = bench.imitated()[:2]

    def gradient(hold: float, *drawn: str) -> list[torch.Tensor]:
        model, progress = bench.model(), Progress()
        kinds = {"skill": (progress.last, 0, skill), "anchor": (progress.kept, 0, anchor)}
        accumulate(model, [kinds[name] for name in drawn], replace(CONFIG, hold=hold), progress)
        return [parameter.grad for parameter in trainable(model) if parameter.grad is not None]

    mixed, alone, kept = gradient(3.0, "skill", "anchor"), gradient(3.0, "skill"), gradient(3.0, "anchor")
    for both, one, other in zip(mixed, alone, kept, strict=True):
        expected = one / 4 + 3 * other / 4
        assert (both - expected).norm() <= 0.05 * expected.norm(), "as far as bf16 can tell"


def test_the_first_layers_may_stay_untouched(bench: Bench) -> None:
    model = attach_lora(load_model(bench.folder), 4, 8, seed=1, untouched=0.5)
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert names and all(".layers.1." in name for name in names)
    every = [name for name, parameter in bench.model().named_parameters() if parameter.requires_grad]
    assert names == [name for name in every if ".layers.1." in name]


def test_a_teacher_without_a_lesson_has_nothing_to_teach(bench: Bench) -> None:
    model = bench.model()
    made = distilled(model, bench.encoder, bench.demonstration.task, (), bench.demonstration.steps, "x")
    progress = distill(model, made, [], CONFIG, 6, 0, 1)
    assert progress.curve[0] < 1e-3


def test_verified_steps_leave_out_what_the_teacher_gets_wrong(bench: Bench) -> None:
    model = bench.model()
    task, steps = bench.demonstration.task, bench.demonstration.steps
    every = distilled(model, bench.encoder, task, ("Asked: x",), steps, "x")
    kept = distilled(model, bench.encoder, task, ("Asked: x",), steps, "x", known=Known.KEEP)
    assert sum(len(e.tokens.positions) for e in kept) < sum(len(e.tokens.positions) for e in every)
    for example in kept:
        assert torch.equal(example.support_ids[:, 0], example.tokens.targets)


def test_a_wrong_teacher_is_corrected_and_a_right_one_is_left_alone(bench: Bench) -> None:
    model = bench.model()
    task, steps = bench.demonstration.task, bench.demonstration.steps
    said = distilled(model, bench.encoder, task, ("Asked: x",), steps, "x")
    corrected = distilled(model, bench.encoder, task, ("Asked: x",), steps, "x", known=Known.CORRECT)
    for before, after in zip(said, corrected, strict=True):
        right = before.support_ids[:, 0] == before.tokens.targets
        assert not right.all()
        assert torch.equal(after.support_ids[:, 0], after.tokens.targets)
        assert torch.allclose(after.teacher_logp[~right, 0].exp(), torch.ones(int((~right).sum())))
        assert torch.equal(after.teacher_logp[right], before.teacher_logp[right])


def test_teacher_opinions_sum_to_one(bench: Bench) -> None:
    for example in distilled(
        bench.model(), bench.encoder, "t", ("Asked: x",), bench.demonstration.steps, "x", known=Known.CORRECT
    ):
        assert torch.allclose(example.teacher_logp.exp().sum(-1), torch.ones(len(example.tokens.positions)), atol=1e-3)


def test_the_head_is_applied_to_chosen_positions_only(bench: Bench) -> None:
    model = bench.model()
    ids = torch.arange(40)
    with torch.no_grad():
        some = logits_at(model, ids, torch.tensor([3, 39]))
        every = model(input_ids=ids[None]).logits[0]
    assert some.shape[0] == 2
    assert torch.allclose(some.float(), every[[3, 39]].float(), atol=0.05)


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "qwen3_5"])
def test_what_begins_alike_is_computed_once_and_comes_out_the_same(
    tiny_models: dict[str, Path], demonstration: Demonstration, architecture: str
) -> None:
    encoder = Encoder(load_tokenizer(tiny_models[architecture]))
    model = load_model(tiny_models[architecture]).float()
    read: list[int] = []
    model.get_decoder().register_forward_pre_hook(
        lambda _module, _args, options: read.append(options["input_ids"].shape[1]), with_kwargs=True
    )
    contexts: list[tuple[str, ...]] = [(), ("Asked: Chris paid Bea back 20\ndone",), ("Asked: pay",)]
    sessions = [cut(demonstration.task, lessons, demonstration.steps) for lessons in contexts]
    for page in zip(*sessions, strict=True):
        told = [encode(encoder, segment) for segment in page]
        read.clear()
        found = logits_beside(model, [(tokens.ids, tokens.positions) for tokens in told])
        shared = read[0]
        assert shared > 50 and sum(read) == shared + sum(len(tokens.ids) - shared for tokens in told)
        with torch.no_grad():
            expected = [logits_at(model, tokens.ids, tokens.positions) for tokens in told]
        for one, other in zip(found, expected, strict=True):
            assert torch.allclose(one, other, atol=1e-4)


def test_what_begins_differently_is_computed_each(bench: Bench) -> None:
    model = bench.model()
    one, other = (torch.tensor(ids) for ids in ([5, 6, 7, 8], [9, 6, 7]))
    found = logits_beside(model, [(one, torch.tensor([0, 3])), (other, torch.tensor([1]))])
    with torch.no_grad():
        expected = [logits_at(model, one, torch.tensor([0, 3])), logits_at(model, other, torch.tensor([1]))]
    for a, b in zip(found, expected, strict=True):
        assert torch.allclose(a.float(), b.float(), atol=0.05)


def test_a_batch_holds_skills_and_anchors(bench: Bench) -> None:
    import random

    made = bench.imitated()
    marked, progress = [replace(example, skill="anchor") for example in made], Progress()
    batch = draw_batch(made, marked, replace(CONFIG, sequences=3, anchors=1), random.Random(0), progress)
    assert [(ledger is progress.kept, example.skill == "anchor") for ledger, _, example in batch] == [
        (False, False),
        (False, False),
        (True, True),
    ]


def test_what_has_most_to_teach_is_drawn_most(bench: Bench) -> None:
    import random

    made = [*bench.imitated(), *bench.imitated()]
    left = {index: 0.0 for index in range(len(made))} | {1: 2.0 * len(made[1].tokens.positions)}
    config = replace(CONFIG, sequences=2, anchors=1)
    batches = [
        draw_batch(made, made, config, random.Random(seed), Progress(last=left, kept=left)) for seed in range(200)
    ]
    for drawn in zip(*([index for _, index, _ in batch] for batch in batches), strict=True):
        assert drawn.count(1) > 150
        assert len(set(drawn)) > 1, "what is known is still looked at now and then"
    everything = draw_batch(made, (), replace(CONFIG, sequences=len(made)), random.Random(0), Progress(last=left))
    assert sorted(index for _, index, _ in everything) == list(range(len(made)))


def test_short_sequences_leave_room_for_more_updates(bench: Bench) -> None:
    made = bench.imitated()
    shorter = [replace(example, tokens=replace(example.tokens, ids=example.tokens.ids[:50])) for example in made]
    config = replace(CONFIG, tokens=40 * sum(len(example.tokens.ids) for example in made), sequences=len(made))
    assert planned(config, made, []) == 40
    assert planned(config, shorter, []) > 40
    assert planned(replace(config, sequences=100), made, []) == 40, "there are no more than there are"
    assert planned(replace(config, tokens=1), made, made) == LEAST_UPDATES
    assert planned(replace(config, updates=3), made, []) == 3
    assert planned(config, [], []) == LEAST_UPDATES, "a teacher that is never right leaves nothing to learn from"


SMALL = NightConfig(
    variants=2,
    rollouts=1,
    rounds=(0.5,),
    probes=2,
    page_anchors=1,
    shipped_anchors=1,
    held_anchors=1,
    distill=replace(CONFIG, updates=3, anchors=1),
    bounds=Bounds(headroom=-1.0),  # random weights follow no lesson
    with_manual=True,
)


def night(folder: Path, demonstration: Demonstration, where: Path, **options: Any) -> Night:
    skills = [Skill("lesson", "Asked: Chris paid Bea back 20\ndone", demonstration)]
    return Night(load_model(folder), Encoder(load_tokenizer(folder)), skills, SMALL, where, **options)


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_5"])
def test_a_whole_night_runs_on_other_architectures(
    tiny_models: dict[str, Path], demonstration: Demonstration, tmp_path: Path, architecture: str
) -> None:
    phases: list[str] = []
    rows = night(tiny_models[architecture], demonstration, tmp_path, report=lambda phase, _: phases.append(phase)).run()
    assert {"headroom", "rehearse", "learn", "dream", "gate"} <= set(phases)
    assert {row.name.split(":")[0] for row in rows} >= {
        "learned",
        "drift on unrelated prompts",
        "valid actions without the grammar",
    }


def test_a_challenger_is_compared_with_the_champion(
    tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    first = night(tiny_model, demonstration, tmp_path / "first")
    first.run()
    first.model.save_pretrained(str(tmp_path / "champion"))
    champion = Champion(tmp_path / "champion", ("lesson", "another"))
    second = night(tiny_model, demonstration, tmp_path / "second", champion=champion)
    before = second.headroom()
    assert list(before.champion) == ["lesson"]
    assert before.champion == measured(first.prober.alone(first.skills, adapter=True))
    assert len(weights(second.model)) == len(weights(first.model))  # the challenger's own, and nothing else, is trained
    kept = [row for row in second.run() if row.name == "kept: lesson"]
    assert len(kept) == 1


def test_a_control_that_is_not_judged_learns_the_same(
    tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    judged = night(tiny_model, demonstration, tmp_path / "judged")
    assert judged.run()
    quick = night(tiny_model, demonstration, tmp_path / "quick")
    quick.config = replace(quick.config, judged=False)
    assert quick.run() == [], "no row: it can never be promoted"
    assert all(torch.equal(a, b) for a, b in zip(trainable(judged.model), trainable(quick.model), strict=True))
    assert not (tmp_path / "quick" / "headroom.json").exists() and not (tmp_path / "quick" / "gate.json").exists()


def test_a_merged_copy_acts_as_the_adapter_does_and_leaves_it_alone(bench: Bench) -> None:
    model = bench.model()
    for parameter in trainable(model):
        torch.nn.init.normal_(parameter, std=0.1)
    before = [parameter.clone() for parameter in model.parameters()]
    example = bench.imitated()[0].tokens
    with torch.no_grad():
        expected = logits_at(model, example.ids, example.positions)
        found = logits_at(merged(model), example.ids, example.positions)
    assert torch.allclose(expected.float(), found.float(), atol=0.05, rtol=0.05)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_the_recording_comes_again_and_again_and_is_scored_once(bench: Bench) -> None:
    skill = Skill("a", "Asked: a\ndone", bench.demonstration)
    words = vocabulary_words(bench.encoder.tokenizer)
    curriculum = Curriculum(bench.model(), bench.encoder, words, NightConfig(distill=CONFIG), [skill])
    made = list(curriculum.rehearsed(skill, 2 * RECORDED + 1))
    assert len(made) == 2 * RECORDED + 1
    assert made[0] is made[RECORDED] is made[2 * RECORDED]
    told = [[example.tokens.ids.tolist() for example in examples] for examples in made]
    assert all(ids != told[0] for number, ids in enumerate(told) if number % RECORDED)


@pytest.mark.parametrize("arm", list(Arm))
def test_every_arm_makes_examples(bench: Bench, arm: Arm) -> None:
    config = NightConfig(arm=arm, variants=1, page_anchors=1, shipped_anchors=1, distill=CONFIG)
    skills = [Skill("a", "Asked: a\ndone", bench.demonstration), Skill("b", "Asked: b\ndone", bench.demonstration)]
    curriculum = Curriculum(bench.model(), bench.encoder, vocabulary_words(bench.encoder.tokenizer), config, skills)
    recorded, *varied = curriculum.rehearsed(skills[0], 3)
    assert len(varied) == (0 if arm is Arm.SFT else 2)
    if imitates := arm in (Arm.SFT, Arm.SFT_DREAM):
        whole = [example.tokens.ids.tolist() for example in bench.imitated()]
        assert [example.tokens.ids.tolist() for example in recorded] == whole, "the recording itself is rehearsed"
    examples = [*recorded, *(example for made in varied for example in made)]
    assert all(len(example.tokens.positions) == len(example.teacher_logp) for example in examples)
    assert all((example.teacher_logp.shape[-1] == 2) == imitates for example in examples)
    assert bool(curriculum.kept(skills)) != imitates
    assert examples or arm is Arm.PURE  # a teacher of random weights is never right, so nothing it says is kept


def test_an_action_on_which_the_base_is_undecided_says_nothing_about_forgetting(bench: Bench) -> None:
    model = bench.model()
    segments = cut(bench.demonstration.task, (), bench.demonstration.steps)
    moved, same = drift(model, bench.encoder, segments)
    assert abs(moved) < 1e-6
    assert same.scores == (), "random weights decide nothing"
    model.get_base_model().get_output_embeddings().weight.data.mul_(1e5)
    assert drift(model, bench.encoder, segments)[1].scores == (1.0,) * len(bench.demonstration.steps)
    with torch.no_grad():
        for parameter in trainable(model):
            parameter.add_(1.0)
    assert 0.0 in drift(model, bench.encoder, segments)[1].scores


@given(st.integers(12, 80))
def test_the_rate_is_full_when_the_student_dreams_first_and_a_tenth_at_the_end(updates: int) -> None:
    config = DistillConfig()
    rates = [rate(config, updates, update) for update in range(updates)]
    cooling = round((1 - COOLING) * updates)
    assert rates[: config.warmup] == sorted(rates[: config.warmup])
    assert all(one == config.lr for one in rates[config.warmup : cooling])
    assert rates[cooling:] == sorted(rates[cooling:], reverse=True)
    assert config.lr / 10 <= rates[-1] <= config.lr * max(0.1, 1 / (COOLING * updates)) + 1e-12
