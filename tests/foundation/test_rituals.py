"""Rituals: only the steps that were shown, in their order, with this task's values."""

import random

import pytest

from browser.actions import Verb
from foundation.app import ProceduralApp
from foundation.episodes import run_expert
from foundation.rituals import Ritual, RitualSkill
from foundation.schema import make_schema
from foundation.tasks import draw_task

SEEDS = range(60)


def start(seed: int) -> tuple[ProceduralApp, RitualSkill]:
    schema = make_schema(seed)
    return ProceduralApp(schema, seed), RitualSkill.build(schema, random.Random(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_expert_performs_every_ritual_in_any_data(seed: int) -> None:
    app, skill = start(seed)
    goal, slots = skill.draw(app)
    steps = run_expert(app, goal)
    assert goal.achieved(app)
    assert steps[-1].action.verb is Verb.DONE
    assert len(slots) == sum(deed.slot for deed in skill.deeds)
    assert all(step.action.text for step in steps if step.action.verb in (Verb.TYPE, Verb.SELECT))


def test_a_step_left_out_or_out_of_turn_is_no_ritual() -> None:
    for seed in SEEDS:
        app, skill = start(seed)
        goal, _ = skill.draw(app)
        assert isinstance(goal, Ritual)
        app.acted = goal.steps[1:]
        assert not goal.achieved(app)
        if len(goal.steps) > 1:
            app.acted = goal.steps[::-1]
            assert not goal.achieved(app)


def test_values_are_slots_or_always_the_same() -> None:
    kinds = {(deed.slot, bool(deed.value)) for seed in SEEDS for deed in start(seed)[1].deeds}
    assert kinds == {(True, False), (False, True), (False, False)}


def test_the_lesson_shows_the_ritual_with_other_values() -> None:
    differ = 0
    for seed in SEEDS:
        task = draw_task(seed, "ritual")
        shown = [lesson.split("\n")[1:] for lesson in task.lessons]
        written = [step.action.render(with_ref=False) for step in run_expert(task.app, task.goal)]
        assert task.goal.achieved(task.app)
        differ += written not in shown
    assert differ > len(SEEDS) / 3
