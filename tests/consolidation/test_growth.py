"""Growth: a second night goes on from the first one's adapter, learns what is new, and answers for what is held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from agent.store import AdapterRow, Store
from bench.small import teach
from browser.errors import UsageError
from consolidation.config import NightConfig
from consolidation.distill import DistillConfig
from consolidation.evidence import Skill, measured
from consolidation.gate import Bounds
from consolidation.growth import GENERATIONS, Plan, digest, plan
from consolidation.job import Request
from consolidation.lora import attach_lora, load_lora, trainable
from consolidation.night import Night
from consolidation.overnight import decide, hold
from consolidation.rehearsal.variants import Demonstration

CONFIG = NightConfig(
    variants=2,
    reviewed=2,
    rollouts=1,
    rounds=(0.5,),
    probes=2,
    kept_probes=1,
    page_anchors=1,
    dictations=2,
    shipped_anchors=1,
    held_anchors=1,
    held_dictations=2,
    distill=DistillConfig(rank=4, alpha=8, updates=3, anchors=1),
    bounds=Bounds(headroom=-1.0),  # random weights follow no lesson
    with_manual=True,
)


def adapter(*lesson_ids: str, generation: int = 0, config: NightConfig = CONFIG) -> AdapterRow:
    receipt = {"config": asdict(config), "generation": generation}
    return AdapterRow("parent", "base", None, "/nowhere", "2026-01-01T00:00:00Z", lesson_ids, receipt, "promoted")


def test_what_is_new_is_learned_on_top_of_the_champion() -> None:
    assert plan(["a", "b", "c"], adapter("a", "b", generation=2), CONFIG) == Plan(
        "parent", ("c",), ("a", "b"), 3, config=digest(CONFIG)
    )


@pytest.mark.parametrize(
    ("lesson_ids", "parent"),
    [
        (["a", "b"], None),
        (["a", "b"], adapter()),
        (["a", "b"], adapter("a", "b")),
        (["b", "c"], adapter("a", "b")),
        (["a", "b"], adapter("a", generation=GENERATIONS)),
        (["a", "b"], adapter("a", config=replace(CONFIG, distill=replace(CONFIG.distill, rank=8)))),
    ],
    ids=[
        "no champion",
        "it holds nothing",
        "nothing is new",
        "one was retired",
        "too far from the base",
        "other shape",
    ],
)
def test_otherwise_everything_is_learned_from_the_base(lesson_ids: list[str], parent: AdapterRow | None) -> None:
    assert plan(lesson_ids, parent, CONFIG) == Plan("", tuple(lesson_ids), (), 0, config=digest(CONFIG))


def test_a_plan_is_read_as_it_was_written() -> None:
    made = Plan("parent", ("c",), ("a", "b"), 3, "acting", digest(CONFIG))
    assert Plan.from_json(made.to_json()) == made


def test_weights_are_taken_over_bit_by_bit_and_only_by_the_same_shape(tiny_model: Path, tmp_path: Path) -> None:
    first, second = (attach_lora(load_model(tiny_model), 4, 8, seed) for seed in (1, 2))
    with torch.no_grad():
        for parameter in trainable(first):
            parameter.normal_()
    first.save_pretrained(str(tmp_path / "first"))
    load_lora(second, tmp_path / "first")
    assert all(torch.equal(a, b) for a, b in zip(trainable(first), trainable(second), strict=True))
    with pytest.raises(UsageError, match="another shape"):
        load_lora(attach_lora(load_model(tiny_model), 8, 8, seed=1), tmp_path / "first")
    with pytest.raises(UsageError, match="another shape"):
        load_lora(attach_lora(load_model(tiny_model), 4, 8, seed=1, untouched=0.5), tmp_path / "first")


def test_a_night_goes_on_from_an_adapter(tiny_model: Path, demonstration: Demonstration, tmp_path: Path) -> None:
    def night(name: str, *lessons: str, **options: Any) -> Night:
        skills = [Skill(lesson, f"Asked: {lesson}\ndone", demonstration) for lesson in lessons]
        encoder = Encoder(load_tokenizer(tiny_model))
        return Night(load_model(tiny_model), encoder, skills, CONFIG, tmp_path / name, **options)

    first = night("first", "old")
    first.run()
    first.model.save_pretrained(str(tmp_path / "adapter"))
    second = night("second", "new", start=tmp_path / "adapter", held=first.skills, generation=1)
    assert all(torch.equal(a, b) for a, b in zip(trainable(first.model), trainable(second.model), strict=True))
    rows = second.run()
    before = second.headroom()
    assert before.champion == measured(first.prober.fewer(1).alone(first.skills, adapter=True))
    examples, kept = second.rehearse()
    assert {example.skill for example in examples} == {"old", "new"} and kept
    names = [row.name for row in rows]
    assert "kept: old" in names and "learned: new" in names and "learned: old" not in names
    assert not all(torch.equal(a, b) for a, b in zip(trainable(first.model), trainable(second.model), strict=True))


@pytest.mark.parametrize(("held", "shares"), [(1, [2]), (2, [1, 1]), (5, [1, 1])])
def test_a_review_is_never_longer_than_it_may_be(
    tiny_model: Path, demonstration: Demonstration, tmp_path: Path, held: int, shares: list[int]
) -> None:
    skills = [Skill(str(number), f"Asked: {number}\ndone", demonstration) for number in range(held)]
    encoder = Encoder(load_tokenizer(tiny_model))
    reviewed: set[str] = set()
    for generation in range(1, 5):
        night = Night(
            load_model(tiny_model), encoder, [], CONFIG, tmp_path / str(generation), held=skills, generation=generation
        )
        found = night._reviews()
        assert [count for _, count in found] == shares
        reviewed |= {skill.id for skill, _ in found}
    assert reviewed == {skill.id for skill in skills}, "over some nights, everything is reviewed"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open() as opened:
        yield opened


UNJUDGED = replace(CONFIG, judged=False)


def ask(model: Path, lesson_ids: tuple[str, ...], start: str | None = None) -> Request:
    return Request(str(model), "0", lesson_ids, with_manual=True, start=start, nice=0)


def night_of(store: Store, folder: Path, asked: Request, config: NightConfig = UNJUDGED) -> str:
    folder.mkdir()
    return hold(store, store.begin_job("consolidation"), folder, asked, config)


def test_nights_of_a_store_grow(store: Store, tiny_model: Path, demonstration: Demonstration, tmp_path: Path) -> None:
    first, second = (teach(store, demonstration) for _ in range(2))
    night_of(store, tmp_path / "first", ask(tiny_model, (first,)))
    (parent,) = store.adapters()
    asked = ask(tiny_model, (first, second), parent.id)
    night_of(store, tmp_path / "second", asked)
    child = store.adapters()[0]
    assert child.parent_id == parent.id and child.lesson_ids == (first, second)
    assert child.receipt["generation"] == 1
    night_of(store, tmp_path / "third", asked)
    assert store.adapters() == [child, parent], "bit by bit the same"
    night_of(store, tmp_path / "fourth", ask(tiny_model, (first, second), ""))
    anew = store.adapters()[0]
    assert anew.id != child.id and anew.receipt["generation"] == 0


def test_a_night_in_which_nothing_is_learned_leaves_its_parent_alone(
    store: Store, tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    first, second = (teach(store, demonstration) for _ in range(2))
    night_of(store, tmp_path / "first", ask(tiny_model, (first,)))
    (parent,) = store.adapters()
    strict = replace(CONFIG, bounds=Bounds())
    assert night_of(store, tmp_path / "second", ask(tiny_model, (first, second), parent.id), strict) == "refused"
    assert store.adapters() == [parent], "random weights follow no lesson"


def test_a_night_cannot_go_on_from_what_does_not_fit(
    store: Store, tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    lesson = teach(store, demonstration)
    store.add_adapter("parent", "0", str(tmp_path), lesson_ids=[lesson])
    with pytest.raises(UsageError, match="cannot go on"):
        night_of(store, tmp_path / "night", ask(tiny_model, (lesson,), "parent"))


def test_a_night_does_not_go_on_from_what_was_taken_back_meanwhile(
    store: Store, tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    first, second = (teach(store, demonstration) for _ in range(2))
    night_of(store, tmp_path / "first", ask(tiny_model, (first,)))
    (parent,) = store.adapters()
    store.judge_adapter(parent.id, "challenger")
    store.promote(parent.id, "by hand")
    asked, folder = ask(tiny_model, (first, second)), tmp_path / "second"
    night_of(store, folder, asked)
    assert store.adapters()[0].receipt["start"] == parent.id
    assert json.loads((folder / "finished.json").read_text())["acting"] == parent.id
    job, begun = store.begin_job("consolidation"), (folder / "examples.pt").stat().st_mtime_ns
    hold(store, job, folder, asked, UNJUDGED)
    assert (folder / "examples.pt").stat().st_mtime_ns == begun, "it is taken up where it stood"
    store.roll_back("by hand")
    hold(store, job, folder, asked, UNJUDGED)
    assert (folder / "examples.pt").stat().st_mtime_ns != begun
    anew = store.adapters()[0]
    assert (anew.receipt["start"], anew.receipt["generation"], anew.parent_id) == ("", 0, None)


def test_what_grew_from_what_was_taken_back_does_not_act(store: Store) -> None:
    for name in ("parent", "child", "late"):
        store.add_adapter(name, "0", "/nowhere")
    receipt = {"passed": True, "lessons": [], "start": "parent"}
    store.promote("parent", "passed the gate")
    assert decide(store, "child", receipt, may_act=True) == "done"
    store.roll_back("by hand")
    assert decide(store, "late", receipt, may_act=True) == "done", "its parent acts again"
    store.roll_back("by hand")
    store.roll_back("by hand")
    store.add_adapter("orphan", "0", "/nowhere")
    assert decide(store, "orphan", receipt, may_act=True) == "refused"
    assert store.champion() is None and store.adapter("orphan").state == "refused"


def test_a_held_skill_answers_to_the_best_that_it_ever_was(
    tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    def night(name: str, **options: Any) -> Night:
        skills = [Skill(lesson, f"Asked: {lesson}\ndone", demonstration) for lesson in (name, "old")]
        encoder = Encoder(load_tokenizer(tiny_model))
        held = {"held": skills[1:]} if options else {}
        return Night(load_model(tiny_model), encoder, skills[:1], CONFIG, tmp_path / name, **held, **options)

    first = night("first")
    first.run()
    assert first.best == {"first": (0.0,)}, "random weights do nothing right"
    first.model.save_pretrained(str(tmp_path / "adapter"))
    for once, passed in (((1.0,), False), ((1.0, 1.0), True)):
        grown = night(f"second {once}", start=tmp_path / "adapter", best={"old": once, "gone": (1.0,)})
        rows = {row.name: row for row in grown.run()}
        assert rows["kept: old"].passed is passed, "two probes are not compared with one"
        assert grown.best["old"] == (max(once) if len(once) == 1 else 0.0,) and "gone" not in grown.best


def test_reviews_draw_other_variants_in_each_generation(
    tiny_model: Path, demonstration: Demonstration, tmp_path: Path
) -> None:
    skill = Skill("old", "Asked: old\ndone", demonstration)
    night = Night(load_model(tiny_model), Encoder(load_tokenizer(tiny_model)), [], CONFIG, tmp_path, held=[skill])

    def seen(count: int, generation: int) -> list[tuple[int, ...]]:
        reviewed = night._curriculum().reviewed(skill, count, generation)
        return [tuple(example.tokens.ids.tolist()) for made in reviewed for example in made]

    for generation, count in enumerate((2, 1, 2)):
        now, later = seen(count, generation), seen(2, generation + 1)
        assert now and now == seen(count, generation) and not set(now) & set(later)
