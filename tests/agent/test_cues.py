"""Cues: code keeps the place in a demonstration."""

import pytest

from agent.grammar import Copying
from agent.lessons.cues import Cues, steps_of, without_cues
from agent.lessons.mentions import Mentions, choices
from agent.lessons.said import frame_of
from agent.lessons.text import demonstration_text, words_text
from browser.actions import Action, Verb, parse
from browser.types import Line

DEMONSTRATED = [
    'click "Add"',
    'type "What" "Museum"',
    'select "Who" "Bea"',
    'type "When" "May"',
    'click "Save"',
    'click "Bin"',
    "done",
]
STEPS = [parse(line) for line in DEMONSTRATED]
LESSON = demonstration_text("add Museum", STEPS)


def offers_all(_: Action) -> bool:
    return True


def offers_none(_: Action) -> bool:
    return False


def follow(*lines: str, lessons: tuple[str, ...] = (LESSON,), page: object = offers_all) -> list[str]:
    cues = Cues.of(lessons)
    for line in lines:
        cues.advance(parse(line), page)  # type: ignore[arg-type]
    return cues.lines()


def test_following_step_by_step_cues_every_step_once_and_then_nothing() -> None:
    cues, seen = Cues.of((LESSON,)), []
    for step in STEPS:
        seen += cues.lines()
        cues.advance(step, offers_all)
    assert seen == [f"> {line}" for line in [*DEMONSTRATED[:1], 'type "What" like "Museum"', *DEMONSTRATED[2:]]]
    assert cues.lines() == []


def test_a_number_that_letters_follow_closely_is_no_value_of_the_task() -> None:
    text = 'Asked: pay 20\ntype "What" "20.5set"\ndone'
    assert Cues.of((text,)).lines() == ['> type "What" "20.5set"'] and Cues.of((text,)).copying("pay 30") is None


def test_other_values_and_refs_are_the_same_step() -> None:
    assert follow('click "Add" [7]', 'type "What" [9] "Lunch"') == ['> select "Who" "Bea"']


def test_an_unneeded_step_is_passed_over() -> None:
    assert follow('click "Add"', 'select "Who" "Alex"') == ['> type "When" "May"']


def test_an_action_far_ahead_or_of_no_step_moves_nothing() -> None:
    assert follow('click "Save"') == follow('click "Home"') == follow('press "Enter"') == ['> click "Add"']


@pytest.mark.parametrize(("page", "cue"), [(offers_none, "> done"), (offers_all, '> click "Bin"')])
def test_another_control_stands_in_for_one_that_is_not_there(page: object, cue: str) -> None:
    before = [step.render() for step in STEPS[:5]]
    cues = Cues.of((LESSON,))
    for line in before:
        cues.advance(parse(line), offers_all)
    cues.advance(parse('click "Trash"'), page)  # type: ignore[arg-type]
    assert cues.lines() == [cue]


@pytest.mark.parametrize(
    ("step", "action", "answered"),
    [
        ('click like "Bea"', 'click "Alex"', True),
        ('click like "Delete (Museum)"', 'click "Delete (Lunch)"', True),
        ('click "Delete (Fuel)"', 'click "Delete (Lunch)"', False),
        ('click "Museum for"', 'click "Al"', False),
    ],
)
def test_what_the_task_names_may_be_another_thing_here(step: str, action: str, answered: bool) -> None:
    lesson = demonstration_text("new Museum to Bea", [parse(step.replace(" like", "")), parse("done")])
    assert follow(lessons=(lesson,)) == [f"> {step}"]
    assert follow(action, lessons=(lesson,)) == (["> done"] if answered else [f"> {step}"])


@pytest.mark.parametrize(
    ("task", "step", "cue"),
    [
        ("coffee: Buy beans", 'open "/wiki?id=team:coffee"', 'open like "/wiki?id=team:coffee"'),
        ("pay back 20", 'type "How much?" "20.00"', 'type "How much?" "20.00"'),
        ("pay back 20.00", 'type "How much?" "20.00"', 'type "How much?" like "20.00"'),
        ("a transfer to Bea", 'select "Kind" "Bank transfer"', 'select "Kind" "Bank transfer"'),
        ("by Bea", 'select "Payer" "Bea"', 'select "Payer" like "Bea"'),
    ],
)
def test_like_stands_before_what_the_task_gave(task: str, step: str, cue: str) -> None:
    assert follow(lessons=(demonstration_text(task, [parse(step)]),)) == [f"> {cue}"]


PAGE = (
    Line("combobox", "Payer", 1, options=("Bea", "Mei", "Sam")),
    Line("textbox", "How much?", 2),
    Line("checkbox", "Mei", 3),
    Line("button", "Delete (Mei)", 4),
)


@pytest.mark.parametrize(
    ("step", "cue"),
    [
        ('select "Payer" "Chris"', 'select "Payer" "Mei"'),
        ('type "How much?" "20"', 'type "How much?" "7.50"'),
        ('click "Chris"', 'click "Mei"'),
        ('click "Delete (Chris)"', 'click "Delete (Mei)"'),
        ('select "Owner" "Chris"', 'select "Owner" like "Chris"'),
        ('select "Payer" "Alex"', 'select "Payer" "Alex"'),
        ('type "How much?" "20 (Chris)"', 'type "How much?" like "20 (Chris)"'),
        ('type "Gone" "20"', 'type "Gone" like "20"'),
    ],
)
def test_a_value_is_filled_in_where_the_page_offers_it(step: str, cue: str) -> None:
    cues = Cues.of((demonstration_text("Chris gave Bea 20", [parse('click "Bea"'), parse(step)]),))
    cues.advance(parse('click "Sam"'), offers_all)
    here = Mentions.of("so Mei has given 7.50 to Sam", choices(PAGE))
    assert cues.lines(here, PAGE) == [f"> {cue}"]


@pytest.mark.parametrize("task", ["Mei, Sam and Bea 7", "for Mei", "nobody"])
def test_nothing_is_filled_in_when_the_task_names_more_or_fewer(task: str) -> None:
    steps = [parse('select "Payer" "Chris"'), parse('click "Bea"')]
    cues = Cues.of((demonstration_text("Chris gave Bea 20", steps),))
    assert cues.lines(Mentions.of(task, choices(PAGE)), PAGE) == ['> select "Payer" like "Chris"']


def test_a_key_is_part_of_its_step() -> None:
    lesson = demonstration_text("find it", [parse('press "Enter"'), parse("done")])
    assert follow('press "Escape"', lessons=(lesson,)) == ['> press "Enter"']
    assert follow('press "Enter"', lessons=(lesson,)) == ["> done"]


def test_all_lessons_cue_until_one_is_followed() -> None:
    other = demonstration_text("see totals", [parse('click "Totals"'), parse("done")])
    assert follow(lessons=(LESSON, other)) == ['> click "Add"', '> click "Totals"']
    assert follow('click "Totals"', lessons=(LESSON, other)) == ["> done"]
    assert follow(lessons=(LESSON, LESSON)) == ['> click "Add"']


def test_words_and_edited_lessons_give_no_cue() -> None:
    assert steps_of(words_text("always pay with the card")) == []
    assert steps_of("Asked: x\nfirst press the big button") == []
    assert follow(lessons=(words_text("always pay with the card"),)) == []


def test_only_lines_of_the_lesson_are_taken_for_cues() -> None:
    reply = ['> click "Add"\n', 'click "Add" [1]\n', '> click "Totals"\n', "> done\n> done\n"]
    assert without_cues(reply, (LESSON,), "add Lunch") == ['click "Add" [1]\n', '> click "Totals"\n']


NOTED = demonstration_text("note about the bike", [parse('open "/new?title=the bike"'), parse('type "Tag" "todo"')])


def test_a_text_that_the_task_gave_is_copied_from_this_task_too() -> None:
    cues = Cues.of((NOTED,))
    frame = frozenset({"note", "about"})
    assert cues.copying("note on the car") == Copying(
        Verb.OPEN, "", "/new?title=", "", "note on the car", frame, "the bike"
    )
    cues.advance(parse('open "/new?title=the car"'), offers_all)
    assert cues.copying("note on the car") is None, "a tag that is always the same is copied from nowhere"
    cues.advance(parse('type "Tag" "todo"'), offers_all)
    assert cues.copying("note on the car") is None


def test_lessons_that_say_different_things_copy_nothing() -> None:
    assert Cues.of((NOTED, LESSON)).copying("x") is None
    assert Cues.of(()).copying("x") is None


def test_what_is_copied_is_found_as_words_not_inside_others() -> None:
    lesson = demonstration_text("room for 20", [parse('type "Note" "2020: 20 people"')])
    expected = Copying(Verb.TYPE, "Note", "2020: ", " people", "x", frozenset({"room"}), "20")
    assert Cues.of((lesson,)).copying("x") == expected


def test_the_frame_is_what_stands_around_the_value_and_not_in_it() -> None:
    assert frame_of("the bank called about the new bank card", "the new bank card") == {"called", "about"}
    assert frame_of("Paid 20 to Bea", "20") == {"paid"}
