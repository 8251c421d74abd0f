"""Variants: the same skill, nothing else the same."""

import itertools
import random
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.lessons.said import says
from bench.small import PEOPLE
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.anchors import Turn, dictated, dictations
from consolidation.rehearsal.crowd import crowd
from consolidation.rehearsal.shuffle import shuffle
from consolidation.rehearsal.slots import find_slots
from consolidation.rehearsal.values import borrow, draw_value, vocabulary_words
from consolidation.rehearsal.variants import HELD_OUT, Demonstration, Variant, make_variant
from consolidation.rehearsal.wording import reword
from consolidation.segments import Step, only_last
from tests.consolidation.conftest import WORDS

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 100_000)


def test_slots_are_the_words_that_were_copied(demonstration: Demonstration) -> None:
    slots = {slot.text: slot.choices for slot in find_slots(demonstration.task, demonstration.steps)}
    assert slots == {"Chris": PEOPLE, "Bea": PEOPLE, "20": ()}


@shared
@given(seeds)
def test_a_variant_is_made_by_one_renaming_everywhere(demonstration: Demonstration, seed: int) -> None:
    variant = make_variant(demonstration, WORDS, seed)
    values = dict(
        zip([slot.text for slot in find_slots(demonstration.task, demonstration.steps)], variant.values, strict=True)
    )
    assert len(set(values.values())) == 3
    for value in values.values():
        assert re.search(rf"(?<!\w){re.escape(value)}(?!\w)", variant.task)
    actions = [step.action for step in variant.steps]
    assert [action.verb for action in actions] == [step.action.verb for step in demonstration.steps]
    assert actions[1].text == "Payback" and actions[2].text == values["Chris"]
    assert actions[3].text == values["20"] and actions[5].name == values["Bea"]


@shared
@given(seeds)
def test_every_action_of_a_variant_can_be_performed_on_its_page(demonstration: Demonstration, seed: int) -> None:
    for step in make_variant(demonstration, WORDS, seed).steps:
        if step.action.ref is not None:
            line = step.observation.find(step.action.ref)
            assert line is not None and line.name == step.action.name
            assert step.action.verb is not Verb.SELECT or step.action.text in line.options


@shared
@given(seeds)
def test_pages_of_a_variant_follow_from_each_other(demonstration: Demonstration, seed: int) -> None:
    steps = make_variant(demonstration, WORDS, seed).steps
    for one, other in itertools.pairwise(steps):
        assert one.result.observation == other.observation


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("20", "paid 20 back", True),
        ("20", "| 20.00", True),
        ("20", "20.50", False),
        ("20", "2026-11-20", False),
        ("20", "120", False),
        ("12.50", "12.50.", True),
        ("Bea", "Bea's", True),
        ("Bea", "Beach", False),
    ],
)
def test_a_value_stands_by_itself(value: str, text: str, found: bool) -> None:
    assert says(text, value) is found


def test_a_seed_fixes_a_variant_and_seeds_differ(demonstration: Demonstration) -> None:
    assert make_variant(demonstration, WORDS, 5) == make_variant(demonstration, WORDS, 5)
    assert len({make_variant(demonstration, WORDS, seed).task for seed in range(30)}) > 20


@given(seeds, st.sampled_from(["20", "12.50", "2026-03-01", "ann@b.example", "Museum tickets", "team:notes", "A"]))
def test_a_new_value_has_the_form_of_the_old(seed: int, old: str) -> None:
    value = draw_value(old, WORDS, random.Random(seed))
    assert value and value == value.strip()
    for pattern in (r"\d+([.,]\d+)?", r"\d{4}-\d\d-\d\d", r"[^@]+@[^@]+"):
        assert bool(re.fullmatch(pattern, old)) <= bool(re.fullmatch(pattern, value))


def test_a_name_of_one_word_may_get_more_held_together_as_names_are() -> None:
    drawn = [draw_value("coffee", WORDS, random.Random(seed)) for seed in range(60)]
    assert all(re.fullmatch(r"[a-z]+([ _-][a-z]+){0,2}", value) for value in drawn)
    assert {mark for value in drawn for mark in re.findall(r"[^a-z]", value)} == {" ", "_", "-"}
    assert sum(value.isalpha() for value in drawn) > 20


@given(seeds, st.sampled_from(["Buy the beans", "milk_sugar", "coffee"]))
def test_a_borrowed_word_is_written_as_the_one_it_replaces(seed: int, value: str) -> None:
    mixed = borrow(value, "tea", random.Random(seed))
    assert mixed.lower() in {
        re.sub(rf"\b{word}(?![a-z])|(?<=_){word}\b", "tea", value.lower(), count=1)
        for word in re.findall("[a-z]+", value.lower())
    }
    assert mixed[0].isupper() == value[0].isupper()


@given(seeds)
def test_other_words_keep_every_value(seed: int) -> None:
    text = reword("Alex paid Bea back 12.50", ["Alex", "Bea", "12.50"], [], WORDS, random.Random(seed))
    assert all(value in text for value in ("Alex", "Bea", "12.50"))


def test_words_come_from_the_tokenizer(tiny_tokenizer: object) -> None:
    assert all(word.isalpha() for word in vocabulary_words(tiny_tokenizer))


def test_newcomers_stand_in_every_list_that_offers_the_group(demonstration: Demonstration) -> None:
    steps = crowd(demonstration.steps, PEOPLE, ("Zoe", "Yan"))
    forms = [page for step in steps for page in (step.observation, step.result.observation)]
    refs = set()
    for page in forms:
        lists = [line.options for line in page.lines if set(PEOPLE) <= set(line.options)]
        assert all(options[-2:] == ("Zoe", "Yan") for options in lists)
        boxes = [line for line in page.lines if line.role == "checkbox"]
        if boxes:
            assert [line.name for line in boxes] == [*PEOPLE, "Zoe", "Yan"]
            idle = next(line for line in boxes if line.name == "Alex")
            assert [line.states for line in boxes[-2:]] == [idle.states] * 2
            refs |= {(line.name, line.ref) for line in boxes[-2:]}
    assert len(refs) == 2, "a newcomer keeps its number from page to page"
    assert [step.action for step in steps] == [step.action for step in demonstration.steps]


def test_without_an_untouched_box_nobody_knows_how_a_newcomer_would_look(demonstration: Demonstration) -> None:
    assert crowd(demonstration.steps, ("Bea",), ("Zoe",)) == demonstration.steps


@shared
@given(seeds)
def test_a_shuffled_list_has_the_same_choices_in_the_same_states(demonstration: Demonstration, seed: int) -> None:
    steps = shuffle(demonstration.steps, PEOPLE, random.Random(seed))
    orders = set()
    for old, new in zip(demonstration.steps, steps, strict=True):
        assert replace(new.action, ref=None) == replace(old.action, ref=None)
        for before, after in ((old.observation, new.observation), (old.result.observation, new.result.observation)):
            assert [line.ref for line in before.lines] == [line.ref for line in after.lines]
            assert boxes(before) == boxes(after)
            assert [set(line.options) for line in before.lines] == [set(line.options) for line in after.lines]
            if boxes(after):
                orders.add(tuple(line.name for line in after.lines if line.role == "checkbox"))
                orders |= {line.options for line in after.lines if line.options}
    assert len(orders) == 1, "one order, in every list of every page"


def boxes(page: Observation) -> dict[str, tuple[str, ...]]:
    return {line.name: line.states for line in page.lines if line.role == "checkbox"}


def test_where_a_name_stands_says_nothing_about_who_it_is(demonstration: Demonstration) -> None:
    above = 0
    for seed in range(200):
        steps = make_variant(demonstration, WORDS, seed).steps
        names = list(boxes(steps[5].observation))
        above += names.index(steps[5].action.name) < names.index(steps[2].action.text)
    assert 60 < above < 140


def test_boxes_that_come_and_go_stay_where_they_are(demonstration: Demonstration) -> None:
    first, *rest = [step for step in demonstration.steps if boxes(step.observation)]
    fewer = replace(first.observation, lines=tuple(line for line in first.observation.lines if line.name != "Alex"))
    steps = (replace(first, observation=fewer), *rest)
    orders = [shuffle(steps, PEOPLE, random.Random(seed)) for seed in range(20)]
    assert any(order == steps for order in orders)
    for order in orders:
        refs = {(line.name, line.ref) for step in order for line in step.observation.lines if line.role == "checkbox"}
        assert len(refs) == len(PEOPLE), "one ref a name, on every page"


def test_two_boxes_of_one_name_stay_where_they_are(demonstration: Demonstration) -> None:
    page = demonstration.steps[5].observation
    twins = replace(page, lines=(*page.lines, Line("checkbox", "Bea", 99)))
    step = replace(demonstration.steps[5], observation=twins)
    (same,) = shuffle([step], PEOPLE, random.Random(1))
    assert [line for line in same.observation.lines if line.role == "checkbox"] == [
        line for line in twins.lines if line.role == "checkbox"
    ]
    assert same.action == step.action


@pytest.mark.parametrize("seed", range(200))
def test_values_survive_every_wording(seed: int) -> None:
    kept = ["Chris", "Bea", "20"]
    text = reword("Chris paid Bea back 20", kept, ["Chris", "Bea"], WORDS, random.Random(seed))
    assert all(says(text, value) for value in kept)
    assert text.index("Chris") < text.index("Bea"), "who acts stays first"


@pytest.mark.parametrize("seed", range(200))
def test_values_alike_keep_their_order_wherever_they_stand(seed: int) -> None:
    text = reword("20 from Chris to Bea", ["Chris", "Bea", "20"], ["Chris", "Bea"], WORDS, random.Random(seed))
    assert text.index("Chris") < text.index("Bea")


@shared
@given(seeds)
def test_where_something_is_filled_in_is_taught_on_its_own(demonstration: Demonstration, seed: int) -> None:
    variant = make_variant(demonstration, WORDS, seed)
    steps = variant.only_filling().steps
    assert [replace(step, taught=True) for step in steps] == list(variant.steps)
    taught = [at for at, step in enumerate(steps) if step.taught]
    assert taught == list(range(taught[0], taught[-1] + 1))
    assert 0 < len(taught) < len(steps)
    filling = {
        at
        for at, step in enumerate(steps)
        if step.action.text or any(value in step.action.name for value in variant.values)
    }
    assert (taught[0], taught[-1]) == (min(filling), max(filling) + 1)


def test_where_nothing_is_filled_in_everything_is_taught(demonstration: Demonstration) -> None:
    presses = tuple(step for step in demonstration.steps if not step.action.text)
    assert all(step.taught for step in Variant("t", presses).only_filling().steps)


def test_a_dictation_says_everything_and_does_not_end_as_the_demonstration_did(demonstration: Demonstration) -> None:
    made = dictations([demonstration], WORDS, 40, 1)
    assert made == dictations([demonstration], WORDS, 40, 1)
    assert not set(made) & set(dictations([demonstration], WORDS, 40, HELD_OUT + 1)), "the gate asks others"
    assert len(made) == 40
    last: set[str] = set()
    for segment in made:
        task = segment.prompt.user.split("\n")[0]
        taught = [text.strip() for text, is_taught in segment.reply if is_taught]
        for action in taught:
            verb, name, *text = re.split(r' "|" \[\d+\](?: ")?|"$', action)
            assert f'"{name}"' in task, (action, task)
            assert all(f'"{value}"' in task for value in text if value), (action, task)
            assert verb in ("click", "type", "select")
        assert taught[-1].startswith("click ")
        last.add(taught[-1])
        assert not any("Payback" in text for text, _ in segment.reply), (
            "what the skill always types is another text here"
        )
    assert len(last) > 5


def test_a_dictated_session_is_on_the_path_until_its_last_click(demonstration: Demonstration) -> None:
    """The gate probes every step of it, the anchors its last page."""
    for session in dictated([demonstration], WORDS, 12, HELD_OUT + 1):
        pages = [step.observation for step in session.steps]
        assert len(session.steps) >= 2
        assert all(page.find(step.action.ref or -1) for page, step in zip(pages, session.steps, strict=True))
        assert session.steps[-1].action.verb is Verb.CLICK
        assert not session.values, "a dictation is not worded as a variant is"


def test_no_dictation_comes_twice(demonstration: Demonstration) -> None:
    for turn in Turn:
        tasks = [session.task for session in dictated([demonstration], WORDS, 30, 1, turn)]
        assert len(set(tasks)) == len(tasks) > 5


def test_one_that_skips_ahead_ends_with_a_later_click_of_the_demonstration(demonstration: Demonstration) -> None:
    """Its steps are those of the demonstration, with some left out."""
    names = [step.action.name for step in demonstration.steps]
    for session in dictated([demonstration], WORDS, 12, 1, Turn.AHEAD):
        last = session.steps[-1].action
        assert last.verb is Verb.CLICK
        assert names.index(last.name) >= len(session.steps), "at least one step was left out"


def test_only_the_last_step_is_asked_for(demonstration: Demonstration) -> None:
    assert [step.taught for step in only_last(demonstration.steps)].count(True) == 1
    assert only_last(demonstration.steps)[-1].taught


@pytest.mark.parametrize("seed", range(40))
def test_free_text_keeps_its_values_and_their_order(seed: int) -> None:
    task = reword(
        "the landlord rang about the boiler: next week", ["the boiler", "next week"], [], WORDS, random.Random(seed)
    )
    assert 0 <= task.index("the boiler") < task.index("next week")


def test_half_of_the_wordings_of_free_text_leave_the_old_sentence() -> None:
    said = [reword("the landlord rang about 12 Elm", ["12 Elm"], [], WORDS, random.Random(seed)) for seed in range(200)]
    left = [task for task in said if "the landlord rang" not in task]
    assert 80 < len(left) < 160
    assert all("landlord" in task or "rang" in task for task in left), "what it is about is still said"


def test_a_phrase_is_written_with_and_without_capital_and_article() -> None:
    drawn = [draw_value("the new card", WORDS, random.Random(seed)) for seed in range(200)]
    assert any(text[0].isupper() for text in drawn)
    assert any(text.startswith(("the ", "a ", "our ")) for text in drawn)
    assert len({len(text.split()) for text in drawn}) >= 3


def test_people_of_the_recording_stay_in_the_list_without_a_part(demonstration: Demonstration) -> None:
    bystanders = []
    for seed in range(60):
        variant = make_variant(demonstration, WORDS, seed)
        options = next(line.options for line in variant.steps[1].observation.lines if line.options)
        assert len(set(options)) == len(options)
        bystanders.append(len((set(PEOPLE) & set(options)) - set(variant.values)))
    assert max(bystanders) == len(PEOPLE)
    assert 0 in bystanders


def test_lists_that_overlap_are_renamed_alike(demonstration: Demonstration) -> None:
    """The second list offers one more: it gets a name, too, and every choice keeps its one new name in both."""

    def with_group(page: Observation) -> Observation:
        lines = [Line("combobox", "For whom?", 40, options=("Alex", "Bea", "Chris", "Everyone")), *page.lines]
        return replace(page, lines=tuple(lines))

    steps = [replace(step, observation=with_group(step.observation)) for step in demonstration.steps]
    chosen = Action(Verb.SELECT, "For whom?", 40, "Bea")
    steps.insert(3, Step(steps[3].observation, chosen, StepResult(steps[3].observation)))
    for seed in range(20):
        variant = make_variant(Demonstration(demonstration.task, tuple(steps)), WORDS, seed)
        page, action = variant.steps[3].observation, variant.steps[3].action
        line = page.find(action.ref or -1)
        assert line is not None and action.text in line.options and len(line.options) == len(set(line.options)) >= 4
