"""A dream answers the recorded path, lets fields be filled in any order, and makes nothing up."""

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from browser.actions import Action, Verb
from browser.types import Line
from consolidation.rehearsal.dream import Dream
from consolidation.rehearsal.variants import Demonstration, Variant, make_variant
from tests.consolidation.conftest import WORDS


def recorded(demonstration: Demonstration) -> Dream:
    return Dream(Variant(demonstration.task, demonstration.steps))


def after(demonstration: Demonstration, count: int) -> tuple[Dream, list[Action]]:
    """Return a dream in which the first steps were done, and all the recorded actions."""
    dream, actions = recorded(demonstration), [step.action for step in demonstration.steps]
    dream.reset()
    for action in actions[:count]:
        dream.step(action)
    return dream, actions


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.integers(0, 10_000))
def test_the_recorded_path_is_reproduced_exactly(demonstration: Demonstration, seed: int) -> None:
    variant = make_variant(demonstration, WORDS, seed)
    dream = Dream(variant)
    page = dream.reset()
    for step in variant.steps:
        assert page == step.observation
        result = dream.step(step.action)
        page = result.observation
        if step.action.verb is not Verb.DONE:
            assert result == step.result
    assert dream.finished


def test_fields_can_be_filled_in_another_order(demonstration: Demonstration) -> None:
    dream, actions = recorded(demonstration), [step.action for step in demonstration.steps]
    dream.reset()
    for index in (0, 3, 1, 2, 4, 5, 6, 7):
        dream.step(actions[index])
    assert dream.finished


def test_a_wrong_value_stops_the_app_until_it_is_corrected(demonstration: Demonstration) -> None:
    dream, actions = recorded(demonstration), [step.action for step in demonstration.steps]
    dream.reset()
    for index in (0, 1, 2, 3):
        dream.step(actions[index])
    wrong = dream.step(Action(Verb.TYPE, "How much?", 22, "99")).observation
    assert wrong.find(22).value == "99"  # type: ignore[union-attr]
    for index in (4, 5, 6, 7):
        dream.step(actions[index])
    assert not dream.finished


def test_what_was_not_recorded_changes_nothing(demonstration: Demonstration) -> None:
    dream = recorded(demonstration)
    page = dream.reset()
    for action in (
        Action(Verb.CLICK, "Statistics", 2),
        Action(Verb.BACK),
        Action(Verb.OPEN, text="/x"),
        Action(Verb.CLICK, "?", 999),
    ):
        assert dream.step(action).observation == page
    dream.step(Action(Verb.DONE))
    assert not dream.finished


def test_ticking_a_box_twice_is_as_good_as_never(demonstration: Demonstration) -> None:
    dream, actions = after(demonstration, 5)
    alex = Action(Verb.CLICK, "Alex", 24)
    assert "checked" in dream.step(alex).observation.find(24).states  # type: ignore[union-attr]
    dream.step(alex)
    for action in actions[5:]:
        dream.step(action)
    assert dream.finished


def test_the_right_action_is_the_recorded_one_or_a_field_ahead_of_its_turn(demonstration: Demonstration) -> None:
    dream, actions = recorded(demonstration), [step.action for step in demonstration.steps]
    dream.reset()
    wander = Action(Verb.CLICK, "Statistics", 2)
    assert dream.right(actions[0]) == dream.right(wander) == actions[0]
    dream.step(actions[0])
    assert dream.right(actions[3]) == actions[3], "fields may be filled in any order"


def test_a_wrong_box_is_unticked_before_anything_else(demonstration: Demonstration) -> None:
    dream, actions = after(demonstration, 5)
    alex = Action(Verb.CLICK, "Alex", 24)
    dream.step(alex)
    assert dream.right(actions[5]) == alex
    dream.step(alex)
    assert dream.right(actions[5]) == actions[5]


def test_what_cannot_be_taken_back_leaves_nothing_right(demonstration: Demonstration) -> None:
    page = demonstration.steps[1].observation
    spare = replace(page, lines=(*page.lines, Line("textbox", "Link", 90)))
    steps = tuple(replace(step, observation=spare) if step.observation.dialog else step for step in demonstration.steps)
    dream = Dream(Variant(demonstration.task, steps))
    dream.reset()
    dream.step(steps[0].action)
    dream.step(Action(Verb.TYPE, "Link", 90, "?"))
    assert dream.right(steps[1].action) is None


def test_doing_what_is_right_finishes_every_dream(demonstration: Demonstration) -> None:
    for seed in range(30):
        rng = random.Random(seed)
        dream = Dream(make_variant(demonstration, WORDS, seed))
        page = dream.reset()
        for _ in range(40):
            wild = rng.choice([line for line in page.lines if line.ref is not None])
            slip = (
                Action(Verb.TYPE, wild.name, wild.ref, "?")
                if wild.role == "textbox"
                else Action(Verb.CLICK, wild.name, wild.ref)
            )
            action = slip if rng.random() < 0.3 and page.dialog else dream.right(slip)
            assert action is not None
            page = dream.step(action).observation
            if action.verb is Verb.DONE:
                break
        assert dream.finished
