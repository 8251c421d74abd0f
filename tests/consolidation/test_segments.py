"""Segments: each decision once, the teacher's and the student's replies the same."""

from typing import Any

import pytest

from agent.lessons.cues import without_cues
from agent.lessons.text import demonstration_text
from agent.policy.encode import Encoder
from agent.prompt import Prompt
from consolidation.examples import PrivilegeLeak, assert_privilege
from consolidation.rehearsal.variants import Demonstration, make_variant
from consolidation.segments import Segment, cut
from consolidation.tokens import encode
from tests.consolidation.conftest import WORDS

TOLD = "Task: t\nPage: p\nx\nLessons:\nAsked: a"
REPLY = (('click "Add" [1]\n', True), ('+ status "Added"\n', False))


def lesson(demonstration: Demonstration) -> str:
    return demonstration_text(demonstration.task, [step.action for step in demonstration.steps])


def test_each_decision_stands_in_exactly_one_segment(demonstration: Demonstration) -> None:
    written = [
        text for segment in cut(demonstration.task, (), demonstration.steps) for text, taught in segment.reply if taught
    ]
    assert written == [step.action.render() + "\n" for step in demonstration.steps]


def test_teacher_and_student_differ_by_the_lesson_alone(demonstration: Demonstration, tiny_tokenizer: Any) -> None:
    encoder = Encoder(tiny_tokenizer)
    for seed in range(20):
        variant = make_variant(demonstration, WORDS, seed)
        students = cut(variant.task, (), variant.steps)
        teachers = cut(variant.task, (lesson(demonstration),), variant.steps)
        for student, teacher in zip(students, teachers, strict=True):
            assert_privilege(student, teacher, (lesson(demonstration),), variant.task)
            one, other = encode(encoder, student), encode(encoder, teacher)
            assert one.targets.tolist() == other.targets.tolist()
            assert one.spans == other.spans


@pytest.mark.parametrize(
    "user",
    [
        "Task: t\nPage: p\nx\nLessons:\nAsked: a\nand what the page said",
        "Task: t\nPage: p\nmore than the student reads\nLessons:\nAsked: a",
        "Task: t\nPage: p\nx",
        "Task: other\nPage: p\nx\nLessons:\nAsked: a",
    ],
)
def test_anything_more_than_the_lesson_stops_learning(user: str) -> None:
    student = Segment(Prompt("s", "Task: t\nPage: p\nx"), REPLY)
    with pytest.raises(PrivilegeLeak):
        assert_privilege(student, Segment(Prompt("s", user), REPLY), ("Asked: a",), "t")
    assert_privilege(student, Segment(Prompt("s", TOLD), REPLY), ("Asked: a",), "t")


def test_a_reply_may_repeat_the_lesson_and_nothing_else() -> None:
    lessons = ('Asked: a\nclick "Add"\ndone',)
    student = Segment(Prompt("s", "Task: t\nPage: p\nx"), REPLY)
    user = f"Task: t\nPage: p\nx\nLessons:\n{lessons[0]}"
    assert_privilege(student, Segment(Prompt("s", user), (("> done\n", False), *REPLY)), lessons, "t")
    for more in ('> click "Pay"\n', "and what the page said\n", '> done\n> click "Pay"\n'):
        with pytest.raises(PrivilegeLeak):
            assert_privilege(student, Segment(Prompt("s", user), ((more, False), *REPLY)), lessons, "t")
    with pytest.raises(PrivilegeLeak):
        assert_privilege(student, Segment(Prompt("s", user), ()), lessons, "t")


@pytest.mark.parametrize(
    ("line", "is_cue"),
    [
        ('> select "Who" "Mei"\n', True),
        ('> select "Who" like "Bea"\n', True),
        ('> select "Who" "the page said this"\n', False),
        ('> select "Other" "Mei"\n', False),
        ('> click "Delete (Mei)"\n', True),
        ('> click "Mei"\n', False),
        ('> type "What" "Mei"\n', False),
        ('select "Who" "Mei"\n', False),
    ],
)
def test_a_cue_holds_values_of_the_lesson_or_of_the_task(line: str, *, is_cue: bool) -> None:
    lesson = 'Asked: for Bea\ntype "What" "Trip"\nselect "Who" "Bea"\nclick "Delete (Bea)"\ndone'
    assert (without_cues([line], (lesson,), "for Mei") == []) is is_cue


def test_a_number_that_runs_into_a_word_is_a_value_of_the_task() -> None:
    """There was a variant whose task said `set Amount to "771.20set Payer`: its cue was taken for a leak, and the night ended."""
    lesson = 'Asked: set Amount to "46"\ntype "Amount" "46"\ndone'
    assert without_cues(['> type "Amount" "771"\n'], (lesson,), 'set Amount to "771.20set Payer') == []
    assert without_cues(['> type "Amount" "72"\n'], (lesson,), 'set Amount to "771.20set Payer') != []


def test_positions_point_at_the_token_before_each_taught_one(demonstration: Demonstration, tiny_tokenizer: Any) -> None:
    encoder = Encoder(tiny_tokenizer)
    for segment in cut(demonstration.task, (), demonstration.steps):
        tokens = encode(encoder, segment)
        text = tiny_tokenizer.decode(tokens.targets.tolist())
        assert text == "".join(piece for piece, taught in segment.reply if taught)
