"""Relations: two values of a kind, and nothing but their order to tell which is which."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.app import ProceduralApp
from foundation.episodes import run_expert
from foundation.relations import Relation, RelationSkill, small
from foundation.schema import make_schema
from foundation.tasks import draw_task
from foundation.words import Words

SEEDS = range(60)
KINDS = ("person", "amount", "person", "person")


@given(st.integers(0, 100_000))
def test_values_of_one_kind_keep_their_order_however_it_is_said(seed: int) -> None:
    words = Words(random.Random(seed))
    first = Relation.draw(words, KINDS)
    values = ["PERSON-A", "AMOUNT", "PERSON-B", "PERSON-C"]

    def people(text: str) -> list[str]:
        assert all(text.count(value) == 1 for value in values)
        return sorted((value for value in values if value != "AMOUNT"), key=text.index)

    assert people(first.say(values)) == people(first.otherwise(words).say(values))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_expert_performs_every_relation(seed: int) -> None:
    task = draw_task(seed, "relation")
    run_expert(task.app, task.goal)
    assert task.goal.achieved(task.app)


def test_most_have_two_values_of_a_kind_and_their_pages_are_small() -> None:
    twins = lines = 0
    for seed in SEEDS:
        schema = small(make_schema(seed), random.Random(seed))
        skill = RelationSkill.build(schema, random.Random(seed))
        twins += len(skill.kinds) > len(set(skill.kinds))
        lines += len(ProceduralApp(schema, seed, records=0).reset().lines)
    assert twins > 0.8 * len(SEEDS)
    assert lines / len(SEEDS) < 30
