"""Training data: the same whoever draws it, cut into batches and groups that lose nothing."""

import random
import re
from itertools import islice
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.definitions import Slot, draw_slot
from consolidation.tokens import Tokens
from foundation.dataset import Batch, Drawing, batches, padded_groups
from foundation.episodes import run_expert
from foundation.harvest import vocabulary
from foundation.relations import Relation
from foundation.tasks import draw_task
from foundation.words import Words, plain_words


def same(one: Batch, other: Batch) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a.ids, b.ids) and a.spans == b.spans for a, b in zip(one, other, strict=True)
    )


def test_other_processes_draw_the_same(tiny_model: Path) -> None:
    drawing = Drawing(tiny_model, seed=3, max_length=4000, pool_episodes=3)
    alone = list(islice(drawing.pools(1, workers=0), 4))
    together = list(islice(drawing.pools(1, workers=2), 4))
    assert [index for index, _ in together] == [1, 2, 3, 4]
    assert all(same(one, other) for (_, one), (_, other) in zip(alone, together, strict=True))


def test_a_run_goes_on_after_the_batch_it_had_reached(tiny_model: Path) -> None:
    drawing = Drawing(tiny_model, seed=3, max_length=4000, pool_episodes=6)
    straight = list(islice(batches(drawing, 2500), 6))
    _, pool, position = straight[2]
    resumed = list(islice(batches(drawing, 2500, pool, position), 3))
    assert [item[1:] for item in resumed] == [item[1:] for item in straight[3:]]
    assert all(same(one[0], other[0]) for one, other in zip(resumed, straight[3:], strict=True))


@given(st.lists(st.integers(1, 60), max_size=30), st.integers(1, 200))
def test_groups_hold_every_sequence_once_and_stay_small(lengths: list[int], most: int) -> None:
    batch = [
        Tokens(torch.full((length,), number), torch.tensor([], dtype=torch.long), ())
        for number, length in enumerate(lengths)
    ]
    groups = list(padded_groups(batch, most))
    assert sorted(int(item.ids[0]) for group in groups for item in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(len(item.ids) for item in group) <= most


def test_words_of_the_benchmarks_are_held_out(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"Ġkayak": 1, "Ġlamp": 2, "Ġriver": 3, "lamp": 4}}}')
    (tmp_path / "app.toml").write_text('taught = { text = "Kayak-2" }')
    assert vocabulary(tmp_path, [tmp_path / "app.toml"]) == "lamp\nriver\n"
    files = [Path("bench/definitions.py"), *Path("bench/apps").glob("*.toml")]
    said = {word for file in files for word in re.findall("[a-z]+", file.read_text().lower())}
    everyday = set(Path("foundation/data/vocabulary.txt").read_text().split())
    assert len(everyday) > 10_000 and "kayak" in said and not everyday & said


def test_no_word_is_a_value_of_the_benchmarks() -> None:
    rng = random.Random(0)
    values = {word for _ in range(400) for word in draw_slot(Slot("thing", kind="slug"), rng).split("_")}
    assert len(values) > 20 and not values & set(plain_words())


def test_a_name_written_as_one_has_no_space() -> None:
    words = Words(random.Random(4))
    names = [words.joined() for _ in range(200)]
    assert not any(" " in name for name in names)
    assert sum("_" in name for name in names) > 20 and sum(name != name.lower() for name in names) > 10


def test_words_recur() -> None:
    drawn = [Words(random.Random(seed), echo=share) for share in (0.0, 0.5) for seed in range(3)]
    different = [len({words.word() for _ in range(60)}) for words in drawn]
    assert max(different[3:]) < min(different[:3])


def test_a_relation_without_values_can_be_said() -> None:
    said = [Relation.draw(Words(random.Random(seed)), ()).say([]) for seed in range(20)]
    assert all(text == " ".join(text.split()) for text in said) and len(set(said)) > 5


@pytest.mark.parametrize("seed", range(12))
def test_dictated_steps_say_what_the_expert_does(seed: int) -> None:
    task = draw_task(seed, "steps")
    for step in run_expert(task.app, task.goal):
        assert step.action.text in task.text or step.action.verb.value in ("scroll", "wait", "click")
