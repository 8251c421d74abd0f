"""Structured answers: what a grammar admits, what a model writes under it, what is said of an answer that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from agent.answer import AnswerSchema
from agent.grammar import action_grammar, read_action
from agent.prompt import Transcript
from browser.actions import Action, Verb
from browser.types import Line, Observation

PAGE = Observation("http://a.example/", "Bills", (Line("heading", "Bills"), Line("button", "Save", 1)))
TOTAL = {
    "type": "object",
    "required": ["total"],
    "properties": {"total": {"type": "integer"}},
    "additionalProperties": False,
}
TOKENS = LLTokenizer("byte")


def admits(written: str, schema: Any) -> bool:
    text = "" if schema is None else json.dumps(schema)
    matcher = LLMatcher(TOKENS, LLMatcher.grammar_from_lark(action_grammar(PAGE, answer_schema=text)))
    assert not matcher.is_error(), matcher.get_error()
    tokens = TOKENS.tokenize_str(written)
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


def test_with_a_schema_only_what_fits_it_can_be_answered() -> None:
    assert admits('done {"total":3}\n', TOTAL)
    for refused in ("done\n", 'done "three"\n', 'done {"total":"three"}\n', 'done {"total":3,"more":1}\n', "done {}\n"):
        assert not admits(refused, TOTAL), refused
    assert admits('click "Save" [1]\n', TOTAL) and admits('fail "no"\n', TOTAL), "everything else is as ever"
    assert admits("done\n", None) and not admits('done {"total":3}\n', None)


def test_without_one_the_grammar_and_the_prompt_are_as_they_were() -> None:
    def prompt(**options: str) -> str:
        transcript = Transcript("Add", **options)
        transcript.start(PAGE)
        return transcript.prompt().user

    assert action_grammar(PAGE) == action_grammar(PAGE, answer_schema="")
    assert prompt() == prompt(answer_schema="") and "Answer" not in prompt()
    assert prompt(answer_schema='{"type":"integer"}').splitlines()[1].endswith('{"type":"integer"}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_value_comes_back_through_an_action(value: Any) -> None:
    written = f"done {json.dumps(value)}"
    action = read_action(written, "{}")
    assert action == read_action(action.render()), "the store keeps it as any answer"
    assert json.loads(action.text) == value
    assert AnswerSchema.of({}, "").read(action.text).value == value


def test_other_actions_are_read_as_ever() -> None:
    assert read_action('click "Save" [1]', "{}") == Action(Verb.CLICK, "Save", 1)
    assert read_action('done "x"') == Action(Verb.DONE, text="x")


@pytest.mark.usefixtures("unload")
def test_any_model_s_answer_fits(tiny_model: Path) -> None:
    from agent.policy.local import LocalPolicy
    from agent.policy.tokens import can_constrain

    schema = AnswerSchema.of(TOTAL, "")
    policy = LocalPolicy.load(tiny_model, temperature=1.5, seed=3)
    transcript = Transcript("Add", answer_schema=schema.text)
    transcript.start(Observation("http://a.example/", "Bills", ()))
    answers = [decision.action for decision in (policy.decide(transcript.prompt(), PAGE) for _ in range(60))]
    done = [action for action in answers if action.verb is Verb.DONE]
    assert len(done) >= 2, "it answers now and then"
    assert [schema.read(action.text).problem for action in done] == [""] * len(done)
    assert can_constrain(schema.text) and not can_constrain('{"not":{"type":"string"}}') and not can_constrain("")


def test_what_does_not_fit_is_said() -> None:
    schema = AnswerSchema.of(TOTAL, "")
    assert schema.read('{"total": 3}').value == {"total": 3} and not schema.read('{"total": 3}').problem
    for text, words in (
        ("three", "no JSON"),
        ("", "no JSON"),
        ("NaN", "NaN"),
        ('{"total": "x"}', "$.total"),
        ("[" * 100_000, "no JSON"),
    ):
        assert words in schema.read(text).problem, text
