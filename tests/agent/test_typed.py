"""A demonstration that is typed: what is offered can be done, what cannot be done is said, and `done` or leaving ends it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.grammar import can_perform
from agent.policy.offers import problem_with
from agent.policy.typed import LEFT, TypedPolicy, offered, read
from agent.prompt import Transcript
from browser.actions import ON_CONTROL, Verb
from browser.types import Line, Observation

PAGE = Observation(
    "http://127.0.0.1/",
    "Bills",
    (
        Line("heading", "Bills"),
        Line("textbox", "What", 1),
        Line("combobox", "Payer", 2, options=("Alex", "Bea")),
        Line("link", "edit", 3),
        Line("link", "edit", 4),
        Line("button", "Save", 5),
        Line("button", "Undo", 6, states=("disabled",)),
    ),
)
NAMES = st.sampled_from(["What", "Payer", "edit", "Save", 'say "hi"', "new\nline", "back\\slash", "[12]", "ü"])
LINES = st.builds(
    Line,
    st.sampled_from(["textbox", "combobox", "link", "button", "checkbox", "heading"]),
    NAMES,
    st.none(),
    states=st.sampled_from([(), ("disabled",), ("readonly",), ("required",)]),
    options=st.sampled_from([(), ("Alex", 'the "boss"')]),
)


def policy(*answers: str | None) -> tuple[TypedPolicy, list[tuple[int, Sequence[str], str]]]:
    asked: list[tuple[int, Sequence[str], str]] = []
    said = iter(answers)

    def next_step(step: int, offers: Sequence[str], problem: str) -> str | None:
        asked.append((step, offers, problem))
        return next(said)

    return TypedPolicy(next_step), asked


def decide(hand: TypedPolicy) -> str:
    transcript = Transcript("task")
    transcript.start(PAGE)
    return hand.decide(transcript.prompt(), PAGE).action.render()


def test_what_is_offered_names_each_control_once_and_by_its_ref_where_a_name_is_not_enough() -> None:
    assert offered(PAGE) == [
        'type "What" "',
        'select "Payer" "Alex"',
        'select "Payer" "Bea"',
        'click "edit" [3]',
        'click "edit" [4]',
        'click "Save"',
        "done",
        "back",
        "wait",
    ]


@settings(max_examples=30)
@given(st.lists(LINES, max_size=5))
def test_whatever_is_offered_can_be_done(lines: list[Line]) -> None:
    numbered = [
        Line(line.role, line.name, number + 1, "", line.states, line.options) for number, line in enumerate(lines)
    ]
    page = Observation("http://127.0.0.1/", "", tuple(numbered))
    for offer in offered(page):
        action = read(f'{offer}ok"' if offer.startswith("type ") else offer, page)
        assert problem_with(action, page) == ""
        if action.verb in ON_CONTROL:
            line = page.find(action.ref or 0)
            assert line is not None and can_perform(action, line)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('click "edit"', r'2 controls are called "edit": write \[3\] or \[4\] after the name'),
        ('click "Nothing"', '"Nothing" is not on this page'),
        ('select "Payer" "Carl"', '"Payer" takes one of "Alex", "Bea"'),
        ('type "Save" "x"', 'button "Save" takes no type now'),
        ('click "Undo"', 'button "Undo" takes no click now'),
        ('click "Save" [3]', "cannot be done on this page"),
        ("clik", "unknown action 'clik'"),
        ("", "not an action"),
        ('ask "what?"', "ask is no part of it"),
        ('fail "no"', "fail is no part of it"),
    ],
)
def test_what_cannot_be_done_is_said(written: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read(written, PAGE)


def test_a_field_for_secrets_takes_a_granted_name_and_no_text() -> None:
    page = Observation("https://a.example/", "", (Line("textbox", "Password", 1, states=("secret",)),))
    with pytest.raises(ValueError, match="takes a secret, which no lesson keeps"):
        read('type "Password" "hunter2"', page, ("wiki",))
    assert read('type "Password" <secret:wiki>', page, ("wiki",)).secret == "wiki"
    assert offered(page, ("wiki",))[0] == 'type "Password" <secret:wiki>' and offered(page)[0] == "done"
    with pytest.raises(ValueError, match="cannot be done"):
        read('type "Password" <secret:bank>', page, ("wiki",))


def test_it_asks_again_with_what_was_wrong_and_counts_only_what_is_done() -> None:
    hand, asked = policy('click "edit"', 'click "edit" [4]', "done")
    assert decide(hand) == 'click "edit" [4]'
    assert decide(hand) == str(Verb.DONE)
    assert [(step, problem[:20]) for step, _, problem in asked] == [(0, ""), (0, "2 controls are called"[:20]), (1, "")]


def test_who_leaves_fails_the_demonstration() -> None:
    hand, _ = policy(None)
    assert decide(hand) == f'fail "{LEFT}"'
