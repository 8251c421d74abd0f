"""Recents: links to what was done lately stand alike on all pages, nothing else changes, and refs follow the order of a page."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.recents import MOST, recall, recent_names
from consolidation.segments import Step

NAMES = st.lists(st.sampled_from(["tea", "milk_sugar", "our cups", "Beans"]), min_size=1, max_size=4, unique=True)


def page(number: int, own: int) -> Observation:
    """A page with the app's menu above what is its own."""
    menu = (Line("link", "Home", 1), Line("text", "Signed in"), Line("link", "Changes", 2))
    mine = tuple(Line("link", f"Own {number} {ref}", ref) for ref in range(3, 3 + own))
    return Observation(f"http://a.example/{number}", f"Page {number}", (*menu, *mine), focus=3)


@st.composite
def sessions(draw: st.DrawFn) -> tuple[Step, ...]:
    pages = [page(number, draw(st.integers(1, 5))) for number in range(4)]
    refs = [draw(st.sampled_from([line.ref for line in shown.lines if line.ref])) for shown in pages[:3]]
    clicks = [
        Action(Verb.CLICK, (shown.find(ref) or Line("", "")).name, ref) for shown, ref in zip(pages, refs, strict=False)
    ]
    return tuple(Step(pages[at], click, StepResult(pages[at + 1])) for at, click in enumerate(clicks))


@given(sessions(), NAMES)
def test_the_links_stand_on_every_page_and_nothing_else_changes(steps: tuple[Step, ...], names: list[str]) -> None:
    recalled = recall(steps, names)
    for old, new in zip(steps, recalled, strict=True):
        for before, after in ((old.observation, new.observation), (old.result.observation, new.result.observation)):
            assert [line.name for line in after.lines] == [
                *(line.name for line in before.lines[:3]),
                *names,
                *(line.name for line in before.lines[3:]),
            ]
            refs = [line.ref for line in after.lines if line.ref is not None]
            assert refs == sorted(set(refs))
            assert after.find(after.focus or 0) == replace(before.lines[3], ref=3 + len(names))
        pressed = new.observation.find(new.action.ref or 0)
        assert pressed is not None
        assert pressed.name == new.action.name == old.action.name
    assert [step.observation for step in recalled[1:]] == [step.result.observation for step in recalled[:-1]]


def test_pages_with_nothing_in_common_stay_as_they_are() -> None:
    one, other = page(0, 2), replace(page(1, 2), lines=page(1, 2).lines[3:])
    steps = (Step(one, Action(Verb.CLICK, "Home", 1), StepResult(other)),)
    assert recall(steps, ["tea"]) == steps


def test_without_names_nothing_changes() -> None:
    steps = (Step(page(0, 2), Action(Verb.CLICK, "Home", 1), StepResult(page(1, 3))),)
    assert recall(steps, []) == steps


@given(
    st.lists(st.sampled_from(["tea", "milk_sugar", "our cups", "Beans"]), min_size=MOST, max_size=MOST),
    st.integers(0, 10_000),
)
def test_names_are_not_the_values_themselves_but_may_say_their_words(fresh: list[str], seed: int) -> None:
    values = ["coffee", "Buy beans"]
    names = recent_names(values, fresh, random.Random(seed))
    assert len(names) == len(set(names)) <= MOST
    assert not set(names) & set(values)
    assert all(name in fresh or any(word in name.lower() for word in ("coffee", "buy", "beans")) for name in names)


def test_some_names_say_a_word_of_todays_values() -> None:
    drawn = [
        name for seed in range(20) for name in recent_names(["coffee"], ["tea", "milk_sugar"], random.Random(seed))
    ]
    assert {"coffee_sugar", "milk_coffee"} & set(drawn)
    assert "milk_sugar" in drawn
