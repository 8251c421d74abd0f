"""Spans: among all runs of the task's words, the one that is most probable as a whole, exactly."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher

from agent.grammar import Copying, action_grammar
from agent.policy.draft import LEAST
from agent.policy.encode import Encoder
from agent.policy.local import grammar_tokenizer
from agent.policy.spans import MAX_WORDS, Phrases, most_probable
from browser.actions import Verb
from browser.types import Line, Observation

PAGE = Observation("http://a.example/", "Notes", (Line("textbox", "Comment", 7), Line("textbox", "Other", 8)))
COPYING = Copying(Verb.TYPE, "Comment", "re: ", "!", "the landlord (Ms. O'Hara) rang: a new boiler, soon")


def phrases(copying: Copying = COPYING) -> Phrases:
    found = Phrases.of(copying, PAGE)
    assert found is not None
    return found


def test_every_run_of_words_is_there_once_and_can_be_performed(tiny_tokenizer: Any) -> None:
    groups = phrases().by_start()
    texts = [action.text for group in groups for action in group]
    assert len(texts) == len(set(texts)) == 9 * 10 // 2
    assert "re: the landlord!" in texts and "re: a new boiler, soon!" in texts and "re: O'Hara!" in texts
    encoder = Encoder(tiny_tokenizer)
    tokens = grammar_tokenizer(encoder, len(tiny_tokenizer))
    grammar = LLMatcher.grammar_from_lark(action_grammar(PAGE, COPYING))
    for action in (action for group in groups for action in group):
        assert action.ref == 7
        assert LLMatcher(tokens, grammar).consume_tokens(encoder.text(action.render() + "\n")), action


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_the_most_probable_of_all(tiny_tokenizer: Any, seed: int) -> None:
    """Against brute force, with a random model in which the next token depends on the last one."""
    encoder, size = Encoder(tiny_tokenizer), len(tiny_tokenizer)
    logits_V_V = 3 * torch.randn((size, size), generator=torch.Generator().manual_seed(seed))
    log_V_V = logits_V_V.log_softmax(-1)
    every = [(action, encoder.text(action.render() + "\n")) for group in phrases().by_start() for action in group]
    lead = next(i for i in range(200) if len({tuple(ids[: i + 1]) for _, ids in every}) > 1)

    def score(ids: list[int]) -> float:
        return sum(float(log_V_V[last, token]) for last, token in zip(ids[lead - 1 :], ids[lead:], strict=False))

    likely = [item for item in every if log_V_V[item[1][lead - 1], item[1][lead]].exp() >= LEAST]
    found = most_probable(phrases(), encoder.text, lambda ids: logits_V_V[torch.tensor(ids)])
    if not likely:
        assert found is None
    else:
        assert found is not None
        ids = next(ids for action, ids in likely if action == found)
        assert score(ids) == pytest.approx(max(score(ids) for _, ids in likely), abs=1e-4)


@pytest.mark.parametrize(
    "copying",
    [
        Copying(Verb.TYPE, "Nowhere", "", "", "a b"),
        Copying(Verb.TYPE, "Comment", "", "", "word " * (MAX_WORDS + 1)),
    ],
    ids=["no such field", "a task too long"],
)
def test_where_there_is_nothing_to_search(copying: Copying) -> None:
    assert Phrases.of(copying, PAGE) is None


def test_an_address_needs_no_field() -> None:
    found = Phrases.of(Copying(Verb.OPEN, "", "/wiki/", "", "page about tea"), Observation("http://a.example/", "", ()))
    assert found is not None
    assert found.by_start()[2][0].render() == 'open "/wiki/tea"'


def test_a_task_without_words_has_no_phrases() -> None:
    found = phrases(Copying(Verb.TYPE, "Comment", "", "", "?!"))
    assert found.by_start() == []
    assert most_probable(found, lambda _: [1], lambda ids: torch.zeros(len(ids), 4)) is None
