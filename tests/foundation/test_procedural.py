"""Procedural apps: fixed by their seed, solvable by their experts, and only ever asked for what can be done."""

import random

import pytest
from llguidance import LLMatcher

from agent.grammar import action_grammar
from agent.policy.encode import Encoder
from agent.policy.tokens import grammar_tokenizer
from browser.actions import Action, Verb, parse
from consolidation.segments import Step
from foundation.app import ProceduralApp
from foundation.dataset import HELD_OUT, draw_sequences
from foundation.episodes import MAX_STEPS, run_expert
from foundation.goals import GiveUp, Read
from foundation.hard_tasks import Unavailable
from foundation.tasks import SUITES, Task, draw_task

SEEDS = range(40)


def episode(task: Task) -> list[Step]:
    return run_expert(task.app, task.goal, task.answer)


@pytest.mark.parametrize("suite", list(SUITES))
def test_a_seed_fixes_everything(suite: str) -> None:
    for seed in range(5):
        one, other = draw_task(seed, suite), draw_task(seed, suite)
        assert (one.text, one.lessons) == (other.text, other.lessons)
        assert [(step.observation, step.action) for step in episode(one)] == [
            (step.observation, step.action) for step in episode(other)
        ]


@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite != "impossible"])
def test_experts_reach_their_goals_within_the_limit(suite: str) -> None:
    for seed in SEEDS:
        task = draw_task(seed, suite)
        idle = isinstance(task.goal, GiveUp | Read | Unavailable)  # nothing is to be changed
        assert idle or not task.goal.achieved(task.app)
        steps = episode(task)
        assert len(steps) < MAX_STEPS, (seed, task.text)
        assert task.goal.achieved(task.app), (seed, task.text)


def test_what_is_impossible_ends_in_fail() -> None:
    last = [episode(draw_task(seed, "impossible"))[-1].action.verb for seed in SEEDS]
    assert last.count(Verb.FAIL) >= len(SEEDS) // 2  # an app without a fitting section falls back to another suite


def test_experts_come_back_from_planted_mistakes() -> None:
    reached = planted = 0
    for seed in range(60):
        task = draw_task(seed, "explicit")
        steps = run_expert(task.app, task.goal, task.answer, random.Random(seed))
        slips = [step for step in steps if not step.taught]
        planted += bool(slips)
        reached += bool(slips) and task.goal.achieved(task.app)
    assert planted >= 10
    assert reached >= 0.8 * planted


def test_a_do_nothing_policy_reaches_no_goal() -> None:
    for suite in ("lesson", "explicit", "steps", "told"):
        for seed in SEEDS:
            task = draw_task(seed, suite)
            task.app.reset()
            assert not task.goal.achieved(task.app)


def test_every_expert_action_can_be_produced_under_the_page_grammar(tiny_tokenizer: object) -> None:
    encoder = Encoder(tiny_tokenizer)
    tokens = grammar_tokenizer(encoder, len(tiny_tokenizer))  # type: ignore[arg-type]
    for seed in range(25):
        for step in episode(draw_task(seed)):
            matcher = LLMatcher(tokens, LLMatcher.grammar_from_lark(action_grammar(step.observation)))
            assert matcher.consume_tokens(encoder.text(step.action.render() + "\n")), step.action
            assert matcher.is_accepting()
            assert parse(step.action.render()) == step.action


def test_a_control_that_is_gone_says_so_and_changes_nothing() -> None:
    app = ProceduralApp.from_seed(3)
    before = app.reset()
    result = app.step(Action(Verb.CLICK, "nobody", 99_999))
    assert not result.ok and result.note
    assert result.observation.lines == before.lines and not app.events


def test_held_out_episodes_are_other_episodes(tiny_tokenizer: object) -> None:
    encoder = Encoder(tiny_tokenizer)
    drawn = [draw_sequences(encoder, seed, 10_000, training=False)[1] for seed in (1, HELD_OUT + 1)]
    assert drawn[0] and drawn[1]
    assert drawn[0][0].ids.tolist() != drawn[1][0].ids.tolist()
