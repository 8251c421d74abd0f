"""Mentions: what a task names is counted in the order of its words, whatever stands between."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.lessons.mentions import MAX, Mentions, choices
from browser.types import Line

PEOPLE = ("Dmitri", "Elsa", "Farid", "Mei", "Mei Castro")


@pytest.mark.parametrize(
    ("task", "names", "numbers"),
    [
        ("Dmitri paid Elsa back 56", ("Dmitri", "Elsa"), ("56",)),
        ("please note that 56.40 went from Dmitri to Elsa.", ("Dmitri", "Elsa"), ("56.40",)),
        ("Mei Castro for Mei", ("Mei Castro", "Mei"), ()),
        ("Meinhard paid for Elsas car", (), ()),
        ("on 2026-11-20 at 12:30, 2 of 3", (), ("2026-11-20", "12:30", "2", "3")),
        ("Elsa, and Elsa again, 7 and 7", ("Elsa",), ("7",)),
        ("v2 of room3 in the 3rd week", (), ()),
        ("Mei-Lin put it into Family:Elsa, not Farid.old; ask Farid.", ("Farid",), ()),
        ("", (), ()),
    ],
)
def test_names_and_numbers_in_the_order_they_are_said(
    task: str, names: tuple[str, ...], numbers: tuple[str, ...]
) -> None:
    assert Mentions.of(task, PEOPLE) == Mentions(names, numbers)


def test_a_number_that_is_part_of_a_name_is_no_number() -> None:
    assert Mentions.of("book Room 12 for 4", ["Room 12"]) == Mentions(("Room 12",), ("4",))


def test_lines_say_what_there_is_and_nothing_else() -> None:
    assert Mentions(("Elsa", "Mei"), ()).lines() == ['Names: 1 "Elsa" 2 "Mei"']
    assert Mentions((), ("5",)).lines() == ['Numbers: 1 "5"']
    assert Mentions().lines() == []


def test_a_counterpart_stands_in_the_same_place() -> None:
    mentions = Mentions.of("Elsa gave Mei 5", PEOPLE)
    here = Mentions.of("of 7.50, Mei Castro has the half from Dmitri", PEOPLE)
    assert [mentions.counterpart(value, here) for value in ("Elsa", "Mei", "5", "gave")] == [
        "Mei Castro",
        "Dmitri",
        "7.50",
        "",
    ]


def test_there_is_no_counterpart_when_another_number_of_things_is_named() -> None:
    mentions = Mentions.of("Elsa gave Mei 5", PEOPLE)
    assert mentions.counterpart("Elsa", Mentions.of("Elsa had 7", PEOPLE)) == ""
    assert mentions.counterpart("5", Mentions.of("Elsa had 7 of 8", PEOPLE)) == ""


def test_only_what_one_chooses_among_can_be_named() -> None:
    lines = [
        Line("combobox", "Payer", 1, options=("Elsa", "Mei")),
        Line("checkbox", "Farid", 2),
        Line("button", "Delete (Museum)", 3),
        Line("button", "Save", 4),
        Line("text", "Dmitri"),
        Line("link", "unreachable"),
    ]
    assert choices(lines) - {""} == {"Elsa", "Mei", "Farid", "Museum"}


@given(
    st.lists(st.sampled_from(PEOPLE), max_size=MAX, unique=True),
    st.lists(st.sampled_from(["and", "to", "paid", "back,", "note:"]), min_size=MAX + 1, max_size=MAX + 1),
)
def test_the_words_between_do_not_matter(said: list[str], between: list[str]) -> None:
    task = " ".join(word for pair in zip(between, said, strict=False) for word in pair)
    assert Mentions.of(task, PEOPLE).names == tuple(said)


@given(st.text("ab ,.0123456789:-/", max_size=40))
def test_every_number_stands_in_the_task_as_it_is(task: str) -> None:
    for number in Mentions.of(task, ()).numbers:
        assert re.fullmatch(r"\d([\d.,:/-]*\d)?", number)
        assert number in task


@given(st.permutations(PEOPLE[:3]), st.integers(0, 3))
def test_what_is_left_is_what_no_text_says(people: list[str], used: int) -> None:
    mentions = Mentions.of(f"{people[0]}, {people[1]} and {people[2]}: 12", PEOPLE)
    said = [f"the box of {name}" for name in people[:used]]
    assert mentions.left(said) == [*people[used:], "12"]
    assert mentions.left([*said, "12.00"]) == people[used:]
