"""Messages: values inside sentences, said in many ways, and always there to be copied."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.lessons.said import copied
from foundation.episodes import run_expert
from foundation.messages import PAIRS, TEXTS, Message, MessageSkill
from foundation.relations import small
from foundation.schema import make_schema
from foundation.tasks import draw_task
from foundation.words import Words

SEEDS = range(60)


@given(st.integers(0, 100_000), st.integers(1, 3))
def test_every_value_is_said_once_and_in_the_same_order_however_it_is_said(seed: int, slots: int) -> None:
    words = Words(random.Random(seed))
    first = Message.draw(words, slots)
    values = ["VALUE-A", "VALUE-B", "VALUE-C"][:slots]

    def order(text: str) -> list[str]:
        assert all(text.count(value) == 1 for value in values)
        return sorted(values, key=text.index)

    assert order(first.say(values)) == order(first.otherwise(words).say(values))


@given(st.integers(0, 100_000))
def test_a_value_can_be_copied_from_the_sentence(seed: int) -> None:
    words = Words(random.Random(seed))
    value = words.title()
    assert copied(Message.draw(words, 1).say([value]), value) == value


@pytest.mark.parametrize("seed", SEEDS)
def test_the_expert_performs_every_errand(seed: int) -> None:
    task = draw_task(seed, "message")
    run_expert(task.app, task.goal)
    assert task.goal.achieved(task.app)


def test_most_have_free_text() -> None:
    texts = 0
    for seed in SEEDS:
        skill = MessageSkill.build(small(make_schema(seed), random.Random(seed), PAIRS), random.Random(seed))
        texts += bool(TEXTS & set(skill.kinds))
    assert texts > 0.8 * len(SEEDS)
