"""Spans: among all runs of the task's words, the one that is most probable as a whole, exactly."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher

from agent.grammar import Copying, action_grammar
from agent.policy.encode import Encoder
from agent.policy.reading import Peek
from agent.policy.spans import (
    CAPITAL,
    GARBLED,
    MAX_WORDS,
    PROBABLE,
    SHARED,
    SPACED,
    UNSAID,
    Phrases,
    copying_of,
    most_probable,
)
from agent.policy.tokens import grammar_tokenizer
from browser.actions import Action, Verb, parse
from browser.types import Line, Observation

PAGE = Observation("http://a.example/", "Notes", (Line("textbox", "Comment", 7), Line("textbox", "Other", 8)))
COPYING = Copying(
    Verb.TYPE, "Comment", "re: ", "!", "the landlord (Ms. O'Hara) rang: a new boiler, soon", frozenset({"rang"})
)


def phrases(copying: Copying = COPYING) -> Phrases:
    found = Phrases.of(copying, PAGE)
    assert found is not None
    return found


def chosen(
    phrases: Phrases,
    encode: Callable[[str], list[int]],
    peek: Callable[[list[int]], torch.Tensor],
    written: Action | None = None,
) -> Action | None:
    """Choose with a model that is a function: logits_T_V after each of some tokens."""
    writing = most_probable(phrases, encode, written)
    try:
        request = next(writing)
        while True:
            assert isinstance(request, Peek)
            request = writing.send([peek(path)[request.since :] for path in request.paths])
    except StopIteration as end:
        return end.value


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


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_the_most_probable_of_all(tiny_tokenizer: Any, seed: int) -> None:
    """Against brute force, with a random model of the tokens of the phrases, in which the next one depends on the last one."""
    encoder, size = Encoder(tiny_tokenizer), len(tiny_tokenizer)
    every = [(action, encoder.text(action.render() + "\n")) for group in phrases().by_start() for action in group]
    known = torch.full((size,), -9.0).index_fill(0, torch.tensor(sorted({t for _, ids in every for t in ids})), 0.0)
    logits_V_V = known + 2 * torch.randn((size, size), generator=torch.Generator().manual_seed(seed))
    log_V_V = logits_V_V.log_softmax(-1)
    lead = next(i for i in range(200) if len({tuple(ids[: i + 1]) for _, ids in every}) > 1)
    closing = len(encoder.text('boiler!"\n')) - len(encoder.text("boiler"))

    def score(action: Action, ids: list[int]) -> float:
        counted = ids[: len(ids) - closing + 1]
        steps = zip(counted[lead - 1 :], counted[lead:], strict=False)
        by_model = sum(float(log_V_V[last, token]) for last, token in steps)
        return by_model + ("rang" in action.text) * math.log(SHARED)

    likely = [item for item in every if log_V_V[item[1][lead - 1], item[1][lead]].exp() > PROBABLE]
    found = chosen(phrases(), encoder.text, lambda ids: logits_V_V[torch.tensor(ids)])
    event(f"{len(likely)} of {len(every)} begin with a probable token")
    if not likely:
        assert found is None
    else:
        assert found is not None
        ids = next(ids for action, ids in likely if action == found)
        assert score(found, ids) == pytest.approx(max(score(*item) for item in likely), abs=1e-4)


def test_a_phrase_in_the_middle_of_the_task_is_found(tiny_tokenizer: Any) -> None:
    """A model that knows what is meant: each token of the right phrase follows the last one for certain."""
    encoder, size = Encoder(tiny_tokenizer), len(tiny_tokenizer)
    meant = next(action for group in phrases().by_start() for action in group if action.text == "re: a new boiler!")
    ids = encoder.text(meant.render() + "\n")

    def peek(tokens: list[int]) -> torch.Tensor:
        logits_T_V = torch.zeros(len(tokens), size)
        for at in range(len(tokens)):
            if tokens[: at + 1] == ids[: at + 1] and at + 1 < len(ids):
                logits_T_V[at, ids[at + 1]] = 20.0
        return logits_T_V

    assert chosen(phrases(), encoder.text, peek) == meant


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


def test_a_text_that_was_written_word_by_word_is_weighed_against_the_phrases(tiny_tokenizer: Any) -> None:
    """A model that begins with `boot` and goes on with nothing in particular, and knows `a new boiler` once it has begun."""
    encoder, size = Encoder(tiny_tokenizer), len(tiny_tokenizer)
    groups = phrases().by_start()
    meant = next(action for group in groups for action in group if action.text == "re: a new boiler!")
    written = replace(meant, text="re: boot!")
    ids, other = encoder.text(meant.render() + "\n"), encoder.text(written.render() + "\n")
    lead = next(at for at, (one, two) in enumerate(zip(ids, other, strict=False)) if one != two)

    def peek(tokens: list[int], sure: float) -> torch.Tensor:
        logits_T_V = torch.zeros(len(tokens), size)
        for at in range(len(tokens)):
            if tokens[: at + 1] == ids[: at + 1] and at + 1 < len(ids):
                logits_T_V[at, ids[at + 1]] = 20.0
            if tokens[: at + 1] == other[: at + 1] and at + 1 < len(other):
                logits_T_V[at, other[at + 1]] = 23.0 if at + 1 == lead else sure
        return logits_T_V

    assert chosen(phrases(), encoder.text, lambda tokens: peek(tokens, 0.0), written) == meant
    assert chosen(phrases(), encoder.text, lambda tokens: peek(tokens, 30.0), written) == written


@pytest.mark.parametrize(
    ("text", "prior"),
    [
        ("re: boilage!", GARBLED),  # begins like `boiler`
        ("re: landmine drill!", GARBLED),
        ("re: boil!", GARBLED),  # ends within it
        ("re: boiler!", 1.0),
        ("re: The Landlord!", 1.0),  # in other capitals
        ("re: Payback boiler!", 1.0),
        ("re: Payback!", UNSAID),  # nothing that the task says
        ("re: bo!", UNSAID),
    ],
)
def test_what_somebody_makes_up_is_less_probable(text: str, prior: float) -> None:
    action = replace(phrases().by_start()[0][0], text=text)
    assert phrases().prior(action) == pytest.approx(math.log(prior))


@given(st.text(alphabet="abc AB1.,-:'", min_size=1, max_size=30))
def test_no_run_of_the_tasks_own_words_is_made_up(task: str) -> None:
    found = phrases(replace(COPYING, task=task, frame=frozenset()))
    assert all(found.prior(action) == 0.0 for group in found.by_start() for action in group)


def test_what_an_action_would_copy() -> None:
    assert copying_of(parse('type "Note" [3] "tea"'), "buy tea") == Copying(Verb.TYPE, "Note", "", "", "buy tea")
    assert copying_of(parse('open "/wiki?id=notes:tae"'), "tea") == Copying(Verb.OPEN, "", "/wiki?id=notes:", "", "tea")
    assert copying_of(parse('click "Save" [3]'), "tea") is None
    assert copying_of(parse('type "Note" [3] ""'), "tea") is None


def test_an_address_hardly_has_a_space_in_it() -> None:
    page = Observation("http://a.example/", "", ())
    found = Phrases.of(Copying(Verb.OPEN, "", "/wiki/", "", "mountain trip: tea"), page)
    assert found is not None
    priors = {action.text: found.prior(action) for group in found.by_start() for action in group}
    assert priors["/wiki/trip"] == priors["/wiki/tea"] == 0.0
    assert priors["/wiki/mountain trip"] == priors["/wiki/trip: tea"] == pytest.approx(math.log(SPACED))
    allowed = Phrases.of(Copying(Verb.OPEN, "", "/wiki/", "", "mountain trip: tea", value="the bike"), page)
    assert allowed is not None and all(allowed.prior(action) == 0.0 for group in allowed.by_start() for action in group)
    assert phrases(replace(COPYING, frame=frozenset())).prior(phrases().by_start()[0][1]) == 0.0, "a text may have one"


@pytest.mark.parametrize(("shown", "prior"), [("coffee", CAPITAL), ("Coffee", 1.0), ("", 1.0)])
def test_an_address_hardly_has_a_capital_where_the_demonstrations_had_none(shown: str, prior: float) -> None:
    copying = Copying(Verb.OPEN, "", "/Wiki/", "", "Tea or water", value=shown)
    found = Phrases.of(copying, Observation("http://a.example/", "", ()))
    assert found is not None
    priors = {action.text: found.prior(action) for group in found.by_start() for action in group}
    assert priors["/Wiki/water"] == 0.0 and priors["/Wiki/Tea"] == pytest.approx(math.log(prior))


def test_an_address_needs_no_field() -> None:
    found = Phrases.of(Copying(Verb.OPEN, "", "/wiki/", "", "page about tea"), Observation("http://a.example/", "", ()))
    assert found is not None
    assert found.by_start()[2][0].render() == 'open "/wiki/tea"'


def test_a_task_of_one_word_leaves_nothing_to_choose(tiny_tokenizer: Any) -> None:
    found, size = phrases(Copying(Verb.TYPE, "Comment", "", "", "boiler")), len(tiny_tokenizer)
    assert [[action.text for action in group] for group in found.by_start()] == [["boiler"]]
    sure_V = torch.zeros(size).index_fill(0, torch.tensor([0]), 20.0)  # of something else
    assert chosen(found, Encoder(tiny_tokenizer).text, lambda ids: sure_V.expand(len(ids), -1)) is None


def test_a_task_without_words_has_no_phrases() -> None:
    found = phrases(Copying(Verb.TYPE, "Comment", "", "", "?!"))
    assert found.by_start() == []
    assert chosen(found, lambda _: [1], lambda ids: torch.zeros(len(ids), 4)) is None
