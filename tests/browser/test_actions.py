"""Actions and their text are two forms of one thing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser.actions import KEYS, ON_CONTROL, PERFORM, Action, Verb, manual, parse
from browser.types import Line, Observation, quote, unquote

texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r\t"), max_size=40)


@st.composite
def actions(draw: st.DrawFn) -> Action:
    verb = draw(st.sampled_from(list(Verb)))
    if verb in ON_CONTROL:
        text = draw(texts) if verb not in (Verb.CLICK, Verb.EXPAND, Verb.HOVER) else ""
        return Action(verb, draw(texts), draw(st.one_of(st.none(), st.integers(0, 9999))), text)
    if verb is Verb.PRESS:
        return Action(verb, text=draw(st.sampled_from(KEYS)))
    if verb is Verb.SCROLL:
        return Action(verb, text=draw(st.sampled_from(("up", "down"))))
    return Action(verb) if verb in (Verb.BACK, Verb.FORWARD, Verb.WAIT) else Action(verb, text=draw(texts))


@given(actions())
def test_an_action_survives_being_written_and_read(action: Action) -> None:
    assert parse(action.render()) == action


@given(texts)
def test_quoting_is_inverted_by_unquoting_and_stays_on_one_line(text: str) -> None:
    quoted = quote(text)
    assert unquote(quoted) == text
    assert "\n" not in quoted


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_with_one_sentence(text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("jump", "unknown action"),
        ("click", 'click "name" [ref]'),
        ('click "Save" [3] "x"', 'click "name" [ref]'),
        ('type "Name" [3]', 'type "name" [ref] "text"'),
        ('press "F99"', "unknown key"),
        ("scroll", "scroll up or scroll down"),
        ('open [3] "x"', "names no control"),
        ('back "x"', "back"),
        ('forward "x"', "back, forward, wait and done"),
        ('hover "Menu" [3] "x"', 'hover "name" [ref]'),
        ('drag "Card" [3]', 'drag "name" [ref] "text"'),
        ("", "not an action"),
        ('click "a" [x]', "not an action"),
    ],
)
def test_what_is_no_action_is_refused(line: str, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        parse(line)


def test_every_verb_has_a_function_and_a_line_in_the_manual() -> None:
    assert set(PERFORM) == set(Verb)
    lines = manual().split("\n")
    assert len(lines) == len(Verb)
    for verb, line in zip(PERFORM, lines, strict=True):
        assert line.startswith(verb)


@given(
    st.lists(
        st.builds(
            Line,
            texts,
            texts,
            st.one_of(st.none(), st.integers(1, 99)),
            texts,
            st.just(("required",)),
            st.just(("a", "b")),
        )
    )
)
def test_an_observation_survives_json(lines: list[Line]) -> None:
    page = Observation(
        "http://a.example/x?y=1", "T", tuple(lines), focus=3, dialog="D", more_below=2, mutations=7, elements=9
    )
    assert Observation.from_json(page.to_json()) == page


def test_a_page_says_what_the_cap_left_out() -> None:
    page = Observation("http://a.example/", "T", (Line("button", "Save", 1),), more_above=2, more_below=48)
    assert page.render() == '(2 more above)\nbutton "Save" [1]\n(48 more below)'
