"""The grammar of a page admits exactly what can be done on it."""

from typing import Any

import pytest
from llguidance import LLMatcher

from agent.grammar import Copying, Futile, action_grammar
from agent.policy.encode import Encoder
from agent.policy.tokens import grammar_tokenizer
from browser.actions import Verb
from browser.types import Line, Observation

PAGE = Observation(
    "http://a.example/",
    "T",
    (
        Line("button", 'Say "hi" \\ now', 1),
        Line("textbox", "Amount", 2),
        Line("textbox", "Total", 3, states=("readonly",)),
        Line("combobox", "Payer", 4, options=("Alex", "Bea | Co")),
        Line("button", "Gone", 5, states=("disabled",)),
        Line("text", "Only words"),
        Line("textbox", "", 6),
    ),
)


@pytest.fixture(scope="module")
def accepts(tiny_tokenizer: Any) -> Any:
    encoder = Encoder(tiny_tokenizer)
    tokens = grammar_tokenizer(encoder, len(tiny_tokenizer))

    def check(
        text: str, copying: Copying | None = None, futile: Futile = frozenset(), *, with_rare: bool = False
    ) -> bool:
        grammar = LLMatcher.grammar_from_lark(action_grammar(PAGE, copying, futile, with_rare=with_rare))
        matcher = LLMatcher(tokens, grammar)
        assert not matcher.is_error(), matcher.get_error()
        ids = encoder.text(text + "\n")
        return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()

    return check


@pytest.mark.parametrize(
    "action",
    [
        r'click "Say \"hi\" \\ now" [1]',
        'click "Amount" [2]',
        'type "Amount" [2] "12.50"',
        r'type "Amount" [2] "a \"b\" \\ \n é"',
        'type "" [6] "x"',
        'select "Payer" [4] "Bea | Co"',
        'press "Enter"',
        'open "https://a.example/x?y=1"',
        'open "/relative"',
        "back",
        "scroll down",
        "wait",
        'find "x"',
        'ask "Which one?"',
        "done",
        'done "42"',
        'fail "no"',
    ],
)
def test_what_can_be_done_is_admitted(accepts: Any, action: str) -> None:
    assert accepts(action)


@pytest.mark.parametrize(
    "action",
    [
        'click "Amount" [3]',
        'click "Gone" [5]',
        'click "Only words"',
        'click "Elsewhere" [9]',
        'type "Total" [3] "1"',
        'type "Payer" [4] "Alex"',
        'select "Payer" [4] "Chris"',
        'select "Amount" [2] "1"',
        'press "F13"',
        'open "javascript:alert(1)"',
        'open "file:///etc/passwd"',
        "scroll sideways",
        'type "Amount" [2] "a',
        "done 42",
        "",
    ],
)
def test_what_cannot_be_done_is_not(accepts: Any, action: str) -> None:
    assert not accepts(action)


def test_a_page_with_nothing_to_do_still_has_a_grammar(tiny_tokenizer: Any) -> None:
    grammar = action_grammar(Observation("http://a.example/", "T", ()))
    matcher = LLMatcher(
        grammar_tokenizer(Encoder(tiny_tokenizer), len(tiny_tokenizer)), LLMatcher.grammar_from_lark(grammar)
    )
    assert not matcher.is_error()


TYPED = Copying(Verb.TYPE, "Amount", "for ", "!", 'the bank said "no" to the 2nd card')
OPENED = Copying(Verb.OPEN, "", "/page?id=notes:", "", "write down on team-lunch: noodles")


@pytest.mark.parametrize(
    ("action", "copying", "admitted"),
    [
        ('type "Amount" [2] "for the 2nd card!"', TYPED, True),
        (r'type "Amount" [2] "for said \"no\" to!"', TYPED, True),
        ('type "Amount" [2] "for the new card!"', TYPED, False),
        ('type "Amount" [2] "for ank!"', TYPED, False),
        ('type "Amount" [2] "the 2nd card"', TYPED, False),
        ('type "" [6] "anything"', TYPED, True),
        ('click "Amount" [2]', TYPED, True),
        ('open "/page"', TYPED, True),
        ('open "/page?id=notes:team-lunch"', OPENED, True),
        ('open "/page?id=notes:dinner"', OPENED, False),
        ('open "/page"', OPENED, False),
        ('type "Amount" [2] "anything"', OPENED, True),
        ('type "Gone" [5] "x"', Copying(Verb.TYPE, "Gone", "", "", "x"), False),
    ],
)
def test_a_text_that_a_lesson_copies_consists_of_words_of_the_task(
    accepts: Any, action: str, copying: Copying, admitted: bool
) -> None:
    assert accepts(action, copying) is admitted


def test_what_is_futile_is_not_offered(accepts: Any) -> None:
    futile = frozenset({(Verb.TYPE, 2), (Verb.SELECT, 4)})
    assert not accepts('type "Amount" [2] "12.50"', futile=futile)
    assert not accepts('select "Payer" [4] "Alex"', futile=futile)
    assert accepts('click "Amount" [2]', futile=futile)
    assert accepts('type "" [6] "12.50"', futile=futile)
    assert not accepts('type "Amount" [2] "12"', Copying(Verb.TYPE, "Amount", "", "", "paid 12"), futile=futile)


@pytest.mark.parametrize(
    "action",
    [
        'hover "Gone" [5]',
        'hover "Only words"',
        'drag "Amount" [2] "Only words"',
        'drag "Only words" "Amount"',
        "forward",
    ],
)
def test_rare_verbs_are_for_models_that_read_the_manual(accepts: Any, action: str) -> None:
    assert accepts(action, with_rare=True)
    assert not accepts(action)


@pytest.mark.parametrize("action", ['hover "Amount" [9]', 'drag "Amount" [2]', 'click "Gone" [5]'])
def test_rare_verbs_admit_nothing_that_cannot_be_done(accepts: Any, action: str) -> None:
    assert not accepts(action, with_rare=True)


def test_a_page_without_controls_has_a_grammar_with_rare_verbs_too() -> None:
    assert "anything: TEXT" in action_grammar(Observation("http://a.example/", "T", ()), with_rare=True)
