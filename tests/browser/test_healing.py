"""Recorded controls found again, on Observations alone. `tests/bench/test_bench_healing.py` does it in a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser.actions import Action, Verb, parse
from browser.healing import THRESHOLD, Healing, heal
from browser.likeness import alike, contrary, words_of
from browser.types import Line, Observation

URL = "http://a.example/bills"


def page(*lines: Line, url: str = URL) -> Observation:
    """A page whose controls are numbered from 1."""
    numbered = [replace(line, ref=i + 1) if line.ref == 0 else line for i, line in enumerate(lines)]
    return Observation(url, "Bills", tuple(numbered))


def control(role: str, name: str, value: str = "", **more: object) -> Line:
    return replace(Line(role, name, 0, value), **more)  # type: ignore[arg-type]


def words(role: str, name: str) -> Line:
    return Line(role, name)


BILL = (
    words("heading", "Bill"),
    control("textbox", "What", "Fuel"),
    control("spinbutton", "Amount", "60"),
    control("combobox", "Payer", "Bea", options=("Alex", "Bea")),
    control("textbox", "When", "2026-03-01", states=("date",)),
    control("button", "Save"),
    control("button", "Cancel"),
)
ROWS = (
    words("row", "Fuel | 60.00"),
    control("button", "Delete (Fuel, 60.00)", in_row=True),
    words("row", "Museum | 31.00"),
    control("button", "Delete (Museum, 31.00)", in_row=True),
    words("row", "Ferry | 12.00"),
    control("button", "Delete (Ferry, 12.00)", in_row=True),
)


def found(action: str, before: Observation, after: Observation) -> str:
    """What was found, by name; empty for nothing."""
    line = heal(parse(action), before, after).line
    return line.name if line else ""


def without(lines: tuple[Line, ...], *names: str) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.name not in names)


def renamed(lines: tuple[Line, ...], **names: str) -> tuple[Line, ...]:
    return tuple(replace(line, name=names.get(line.name, line.name)) for line in lines)


@pytest.mark.parametrize(
    ("action", "names", "new"),
    [
        ('click "Save"', {"Save": "Save bill"}, "Save bill"),
        ('click "Save"', {"Save": "Store"}, "Store"),
        ('click "Cancel"', {"Cancel": "Close"}, "Close"),
        ('type "Amount" "3"', {"Amount": "How much?", "Save": "Save bill"}, "How much?"),
        ('type "What" "x"', {"What": "Description", "Amount": "Sum"}, "Description"),
        ('select "Payer" "Alex"', {"Payer": "Paid by"}, "Paid by"),
        ('type "When" "2026-04-01"', {"When": "Date of payment"}, "Date of payment"),
    ],
)
def test_a_renamed_control_is_found(action: str, names: dict[str, str], new: str) -> None:
    assert found(action, page(*BILL), page(*renamed(BILL, **names))) == new


@pytest.mark.parametrize("name", ["What", "Amount", "Payer", "When", "Save", "Cancel"])
def test_what_is_gone_is_not_found(name: str) -> None:
    verb = "click" if name in ("Save", "Cancel") else "select" if name == "Payer" else "type"
    action = Action(Verb(verb), name, text="" if verb == "click" else "Alex")
    healing = heal(action, page(*BILL), page(*without(BILL, name)))
    assert healing.line is None
    assert healing.reason
    with pytest.raises(ValueError, match=r"\w"):
        healing.apply(action)


@pytest.mark.parametrize("intruder", ["Delete", "Send", "Help", "Do not save", "Archive"])
def test_what_stands_in_its_place_but_does_something_else_is_not_taken(intruder: str) -> None:
    assert found('click "Save"', page(*BILL), page(*renamed(BILL, Save=intruder))) == ""


def test_a_row_is_known_by_its_words_wherever_it_is() -> None:
    before = page(*BILL, *ROWS)
    moved = page(*BILL, *ROWS[4:], *ROWS[:2], *ROWS[2:4])
    assert found('click "Delete (Museum, 31.00)"', before, moved) == "Delete (Museum, 31.00)"
    changed = renamed(ROWS, **{"Museum | 31.00": "Museum | 35.00", "Delete (Museum, 31.00)": "Delete (Museum, 35.00)"})
    assert found('click "Delete (Museum, 31.00)"', before, page(*BILL, *changed)) == "Delete (Museum, 35.00)"


def test_another_row_is_never_taken_for_one_that_is_gone() -> None:
    before = page(*BILL, *ROWS)
    new = (words("row", "Picnic | 31.00"), control("button", "Delete (Picnic, 31.00)", in_row=True))
    for after in (page(*BILL, *ROWS[:2], *new, *ROWS[4:]), page(*BILL, *ROWS[:2], *ROWS[4:]), page(*BILL, *new)):
        assert found('click "Delete (Museum, 31.00)"', before, after) == ""
    alone = page(words("row", "Fuel | 60.00"), control("button", "Delete", in_row=True))
    other = page(words("row", "Ferry | 9.00"), control("button", "Delete", in_row=True))
    assert found('click "Delete"', alone, other) == ""
    item, another = (page(words("text", text), control("button", "Delete"), *BILL) for text in ("Fuel", "Ferry"))
    assert found('click "Delete"', item, another) == ""


def test_a_decoy_elsewhere_is_not_taken() -> None:
    decoy = (words("heading", "Newsletter"), control("textbox", "Email"), control("button", "Save #2"))
    assert found('click "Save"', page(*BILL), page(*BILL, *decoy)) == "Save"
    first = renamed(BILL, Save="Save #2")
    assert found('click "Save"', page(*BILL), page(decoy[0], decoy[1], control("button", "Save"), *first)) == "Save #2"
    gone = page(*without(BILL, "Save"), decoy[0], decoy[1], control("button", "Save"))
    assert found('click "Save"', page(*BILL), gone) == ""


def test_two_that_fit_equally_well_are_none() -> None:
    half = (control("textbox", "Name"), control("button", "Save"))
    before = page(*half, words("text", "End"))
    after = page(*half, *renamed(half, Save="Save #2", Name="Name #2"), words("text", "End"))
    healing = heal(parse('click "Save"'), before, after)
    assert healing.line is None
    assert "fit equally well" in healing.reason
    assert healing.score >= THRESHOLD


def test_the_same_words_on_another_page_are_not_it() -> None:
    other = page(
        words("heading", "Log in"), control("textbox", "User"), control("button", "Save"), url="http://a.example/login"
    )
    assert found('click "Save"', page(*BILL), other) == ""


def test_another_role_of_the_same_kind_is_found() -> None:
    restyled = tuple(replace(line, role="clickable") if line.name == "Save" else line for line in BILL)
    healing = heal(parse('click "Save"'), page(*BILL), page(*restyled))
    assert healing.line is not None
    assert "role clickable instead of button" in healing.reason
    combobox = tuple(replace(line, options=()) if line.name == "Payer" else line for line in BILL)
    assert found('select "Payer" "Alex"', page(*BILL), page(*combobox)) == "Payer"
    textbox = tuple(replace(line, role="button") if line.name == "What" else line for line in BILL)
    assert found('type "What" "x"', page(*BILL), page(*textbox)) == ""


def test_an_action_is_put_on_what_was_found() -> None:
    action = parse('type "Amount" [3] "7"')
    healing = heal(action, page(*BILL), page(words("text", "New here"), *renamed(BILL, Amount="Sum")))
    assert healing.apply(action) == Action(Verb.TYPE, "Sum", 4, "7")


def test_what_was_not_on_the_recorded_page_is_said() -> None:
    assert heal(parse('click "Nowhere"'), page(*BILL), page(*BILL)) == Healing(
        None, 0.0, '"Nowhere" is not on the recorded page'
    )


@given(st.randoms(use_true_random=False), st.sets(st.integers(0, 12), max_size=6))
def test_on_a_page_that_lost_and_shuffled_things_only_the_very_control_is_found(rng, lost: set[int]) -> None:
    """Whatever is taken away and wherever the rest goes: the answer is the control itself or nothing."""
    lines = [*BILL, *ROWS]
    rest = [line for i, line in enumerate(lines) if i not in lost]
    rng.shuffle(rest)
    before, after = page(*lines), page(*rest)
    for line in before.lines:
        if line.ref is not None:
            answer = heal(Action(Verb.CLICK, line.name, line.ref), before, after).line
            assert answer is None or answer.name == line.name


@given(st.permutations(BILL))
def test_a_form_in_another_order_is_found_whole(lines: list[Line]) -> None:
    before, after = page(*BILL), page(*lines)
    for line in before.lines[1:]:
        assert found(Action(Verb.CLICK, line.name, line.ref).render(), before, after) == line.name


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_even_and_bounded(one: str, other: str) -> None:
    assert 0 <= alike(one, other) <= 1
    assert alike(one, one) == 1
    assert contrary(one, other) == contrary(other, one)
    assert not contrary(one, one)


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Save", "SAVE!", 1, 1),
        ("Sign in", "Log in", 1, 1),
        ("Save", "Save changes", 0.6, 0.9),
        ("Customer", "Client", 0.8, 0.99),
        ("Quantity", "Quantety", 0.7, 0.99),
        ("First name", "Last name", 0, 0.3),
        ("Question 1", "Question 2", 0, 0.3),
        ("Save", "Help", 0, 0),
    ],
)
def test_how_alike_names_are(one: str, other: str, least: float, most: float) -> None:
    assert least <= alike(one, other) <= most


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Save", "Delete"),
        ("Log in", "Log out"),
        ("Enable", "Disable"),
        ("Subscribe", "Unsubscribe"),
        ("Send", "Don't send"),
        ("Billing address", "Shipping address"),
    ],
)
def test_what_is_the_contrary(one: str, other: str) -> None:
    assert contrary(one, other)


def test_words_of_a_sign_and_of_a_name() -> None:
    assert words_of("+") == ("+",)
    assert words_of("The Settings of your account") == ("setting", "account")
