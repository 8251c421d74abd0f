"""Leftovers: boxes that a step sets anyway may have stood either way before, and nothing else changes."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.leftovers import BOXES, leave, toggled
from consolidation.segments import Step

ROLES = st.sampled_from(["checkbox", "switch", "radio", "textbox"])


def boxes(roles: list[str], on: list[bool]) -> Observation:
    lines = [
        Line(role, f"Box {ref}", ref, states=("checked",) if is_on else ())
        for ref, (role, is_on) in enumerate(zip(roles, on, strict=True), 1)
    ]
    return Observation("http://a.example/", "Form", (*lines, Line("link", "No one", 90), Line("button", "Save", 91)))


@st.composite
def sessions(draw: st.DrawFn) -> tuple[Step, ...]:
    """Click something else, perhaps a box of one's own, then the link that unticks every box, then a box, then send it off."""
    roles = draw(st.lists(ROLES, min_size=1, max_size=6))
    start = boxes(roles, draw(st.lists(st.booleans(), min_size=len(roles), max_size=len(roles))))
    first, second = draw(st.integers(1, len(roles))), draw(st.integers(1, len(roles)))
    ticked = flip(start, first)
    none = boxes(roles, [False] * len(roles))
    once = flip(none, second)
    clicks = [(start, first, ticked), (ticked, 90, none), (none, second, once), (once, 91, once)]
    return tuple(Step(page, Action(Verb.CLICK, "", ref), StepResult(after)) for page, ref, after in clicks)


def flip(page: Observation, ref: int) -> Observation:
    return replace(page, lines=tuple(toggled(line) if line.ref == ref else line for line in page.lines))


def states(page: Observation) -> dict[int | None, tuple[str, ...]]:
    return {line.ref: line.states for line in page.lines}


@given(sessions(), st.integers(0, 10_000))
def test_only_untouched_boxes_change_and_only_until_they_are_set(steps: tuple[Step, ...], seed: int) -> None:
    left = leave(steps, random.Random(seed))
    assert [step.action for step in left] == [step.action for step in steps]
    touched = {steps[0].action.ref}
    for number, (old, new) in enumerate(zip(steps, left, strict=True)):
        changed = {ref for ref, state in states(new.observation).items() if state != states(old.observation)[ref]}
        assert all(old.observation.find(ref or 0).role in BOXES for ref in changed)  # type: ignore[union-attr]
        assert not changed & touched
        assert not changed or number <= 1, "the second step has set them"
        assert states(new.observation) == (
            states(left[number - 1].result.observation) if number else states(new.observation)
        )
    assert [step.result for step in left[1:]] == [step.result for step in steps[1:]]


@given(sessions(), st.integers(0, 10_000))
def test_the_step_that_sets_them_still_does_something(steps: tuple[Step, ...], seed: int) -> None:
    before, after = steps[1].observation, steps[1].result.observation
    left = leave(steps, random.Random(seed))[1]
    assert (left.observation == left.result.observation) == (before == after)


def test_in_half_of_the_calls_the_form_is_not_as_it_was_recorded() -> None:
    roles = ["checkbox"] * 5
    page, none = boxes(roles, [True] * 5), boxes(roles, [False] * 5)
    step = Step(page, Action(Verb.CLICK, "No one", 90), StepResult(none))
    on = [
        sum("checked" in line.states for line in leave([step], random.Random(seed))[0].observation.lines)
        for seed in range(200)
    ]
    assert 70 < on.count(5) < 130
    assert set(on) == {1, 2, 5}
