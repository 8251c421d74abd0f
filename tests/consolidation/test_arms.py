"""The arms: one switch, the same budget, and each does what its name says. What the teacher reads is another switch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from browser.types import StepResult
from consolidation.config import NightConfig
from consolidation.curriculum import Curriculum
from consolidation.distill import DistillConfig, distill
from consolidation.evidence import Skill
from consolidation.examples import (
    DREAMING,
    TOP_K,
    Arm,
    Known,
    PrivilegeLeak,
    Support,
    anchors,
    distilled,
    pack,
    unpack,
)
from consolidation.job import Request
from consolidation.lora import attach_lora, trainable
from consolidation.losses import on_support
from consolidation.night import Night
from consolidation.overnight import configured
from consolidation.privilege import Privilege, privileged
from consolidation.rehearsal.values import vocabulary_words
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import cut

SHAPE = DistillConfig(rank=4, alpha=8, lr=5e-3, warmup=1, sequences=2, anchors=0, agreed=0.0)


@pytest.fixture
def encoder(tiny_model: Path) -> Encoder:
    return Encoder(load_tokenizer(tiny_model))


@pytest.fixture
def skill(demonstration: Demonstration) -> Skill:
    return Skill("a", "Asked: Chris paid Bea back 20\ndone", demonstration)


def curriculum(folder: Path, encoder: Encoder, skills: list[Skill], **options: Any) -> Curriculum:
    config = NightConfig(distill=SHAPE, page_anchors=1, shipped_anchors=1, **options)
    return Curriculum(
        attach_lora(load_model(folder), 4, 8, 1), encoder, vocabulary_words(encoder.tokenizer), config, skills
    )


def ids_of(examples: list[Any]) -> list[list[int]]:
    return [example.tokens.ids.tolist() for example in examples]


def test_off_the_policy_the_teacher_acts_and_the_student_has_no_part_in_it(
    tiny_model: Path, encoder: Encoder, skill: Skill
) -> None:
    read: list[int] = []

    def dreams(arm: Arm, *, moved: bool) -> list[list[int]]:
        made = curriculum(tiny_model, encoder, [skill], arm=arm)
        made.model.get_base_model().get_decoder().register_forward_pre_hook(
            lambda _module, _args, options: read.append(options["input_ids"].shape[1]), with_kwargs=True
        )
        if moved:
            for parameter in trainable(made.model):
                torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(3))
        return ids_of(made.dreamt(skill, 1, 1))

    assert Arm.OFF_POLICY in DREAMING
    assert dreams(Arm.OFF_POLICY, moved=False) == dreams(Arm.OFF_POLICY, moved=True)
    with_lesson = read[0]
    read.clear()
    assert dreams(Arm.OPSD, moved=False) != dreams(Arm.OPSD, moved=True), "the student's own dreams follow the student"
    told = len(encoder.text(f"Lessons:\n{skill.text}\n"))
    assert with_lesson - read[0] >= told - 2, "the teacher has read the lesson before it acts"


def test_off_the_policy_only_the_dreams_differ(tiny_model: Path, encoder: Encoder, skill: Skill) -> None:
    sides = [curriculum(tiny_model, encoder, [skill], arm=arm) for arm in (Arm.OPSD, Arm.OFF_POLICY)]
    rehearsed = [[example for made in side.rehearsed(skill, 2) for example in made] for side in sides]
    assert ids_of(rehearsed[0]) == ids_of(rehearsed[1])
    assert all(torch.equal(a.teacher_logp, b.teacher_logp) for a, b in zip(*rehearsed, strict=True))
    assert ids_of(sides[0].kept([skill])) == ids_of(sides[1].kept([skill]))


def test_each_privilege_reads_what_it_says(skill: Skill) -> None:
    first, *others = skill.demonstration.steps
    failed = replace(first, result=StepResult(first.result.observation, ok=False, note="the page was busy"))
    shown = replace(skill, demonstration=Demonstration("Chris paid Bea back 20", (failed, first, *others)))
    lesson, log, session = (privileged(shown, kind) for kind in Privilege)
    assert lesson == skill.text
    assert (
        '1. click "Add a new bill" [3]\n! the page was busy\n2. click "Add a new bill" [3]\n3. type "What?" [20] "Payback"'
        in log
    )
    assert "Free software" not in log, "no text of a page"
    assert "Free software" in session and '8. click "Submit" [30]' in session
    assert session.count("Page: Trip") == 8 < len(shown.demonstration.steps), "a page that did not change stands once"


@pytest.mark.parametrize("privilege", list(Privilege))
def test_teacher_and_student_differ_by_the_chosen_privilege_alone(
    tiny_model: Path, encoder: Encoder, skill: Skill, privilege: Privilege
) -> None:
    made = [curriculum(tiny_model, encoder, [skill], privilege=kind) for kind in (privilege, Privilege.LESSON)]
    ours, lesson = ([example for part in side.rehearsed(skill, 1) for example in part] for side in made)
    assert ids_of(ours) == ids_of(lesson), "the student reads no privilege"
    same = all(torch.equal(a.teacher_logp, b.teacher_logp) for a, b in zip(ours, lesson, strict=True))
    assert same == (privilege is Privilege.LESSON)


def test_a_night_that_could_be_promoted_reads_no_pages(
    tiny_model: Path, encoder: Encoder, skill: Skill, tmp_path: Path
) -> None:
    def night(*, judged: bool) -> Night:
        config = NightConfig(privilege=Privilege.SESSION, judged=judged, distill=SHAPE)
        return Night(load_model(tiny_model), encoder, [skill], config, tmp_path / str(judged))

    with pytest.raises(PrivilegeLeak, match="reads no recorded pages"):
        night(judged=True)
    assert night(judged=False).config.privilege is Privilege.SESSION


@pytest.mark.parametrize("support", list(Support))
@pytest.mark.parametrize("known", list(Known))
def test_every_support_holds_what_it_says_and_trains(
    tiny_model: Path, encoder: Encoder, demonstration: Demonstration, support: Support, known: Known
) -> None:
    model = attach_lora(load_model(tiny_model), 4, 8, seed=1)
    task, steps = demonstration.task, demonstration.steps
    made = distilled(model, encoder, task, ("Asked: x",), steps, "x", known, support)
    vocabulary = model.config.vocab_size
    width = {Support.TEACHER: TOP_K + 1, Support.UNION: 2 * TOP_K + 1, Support.FULL: vocabulary}[support]
    assert known is Known.KEEP or made
    for example in made:
        assert example.teacher_logp.shape == (len(example.tokens.positions), width)
        assert torch.allclose(example.teacher_logp.exp().sum(-1), torch.ones(len(example.teacher_logp)), atol=1e-3)
    for before, after in zip(made, unpack(pack(made)), strict=True):
        assert (before.support_ids is None) == (after.support_ids is None) == (support is Support.FULL)
    if made:
        assert distill(model, made, [], SHAPE, 2, 0, 2).update == 2


def test_the_union_shows_what_the_students_own_words_would_hide_in_the_tail(
    tiny_model: Path, encoder: Encoder, demonstration: Demonstration
) -> None:
    """It is never coarser than the teacher's words, nor finer than all; and a page is read once for both."""
    model = attach_lora(load_model(tiny_model), 4, 8, seed=1)
    model.get_base_model().get_output_embeddings().weight.data.mul_(40)  # random weights are nearly flat
    read: list[int] = []
    model.get_base_model().get_decoder().register_forward_pre_hook(
        lambda _module, _args, options: read.append(options["input_ids"].shape[1]), with_kwargs=True
    )
    task, steps = demonstration.task, demonstration.steps
    lost, tokens = {}, {}
    for support in Support:
        read.clear()
        made = distilled(model, encoder, task, ("Asked: x",), steps, "x", Known.NOTHING, support)
        tokens[support] = sum(read)
        progress = distill(model, made, [], replace(SHAPE, sequences=len(made), lr=0.0, support=support), 1, 0, 1)
        lost[support] = progress.curve[0]
    slack = 0.02 * lost[Support.FULL]
    assert lost[Support.TEACHER] <= lost[Support.UNION] + slack <= lost[Support.FULL] + 2 * slack
    assert tokens[Support.UNION] < 1.6 * tokens[Support.TEACHER], (
        "the student beside the teacher costs what they do not share"
    )


def test_anchors_are_compared_on_the_same_support(
    tiny_model: Path, encoder: Encoder, demonstration: Demonstration
) -> None:
    model = attach_lora(load_model(tiny_model), 4, 8, seed=1)
    segments = cut(demonstration.task, (), demonstration.steps)
    (full, *_), (top, *_) = (anchors(model, encoder, segments, kind) for kind in (Support.FULL, Support.TEACHER))
    assert full.support_ids is None and top.support_ids is not None
    assert torch.equal(on_support(full.teacher_logp, top.support_ids).argmax(-1), top.teacher_logp.argmax(-1))


def test_only_what_learned_from_lessons_may_act() -> None:
    asked = Request("base", "sha", ())
    assert asked.may_act and configured(asked).privilege is Privilege.LESSON
    for request in (replace(asked, privilege="action_log"), replace(asked, privilege="session")):
        assert not request.may_act and configured(request).privilege == request.privilege
    assert not any(replace(asked, arm=arm).may_act for arm in Arm if arm is not Arm.OPSD)
