"""Probes: a dictated turn counts where the base is right and sure of it, and is kept when the student takes it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from agent.policy.scripted import ScriptedPolicy
from browser.actions import Action, Verb
from consolidation import probes
from consolidation.lora import attach_lora
from consolidation.probes import drift, turn_kept
from consolidation.rehearsal.anchors import dictated
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Segment, cut, only_last
from consolidation.tokens import encode
from tests.consolidation.conftest import WORDS


@pytest.mark.parametrize(
    ("sure", "counts"), [(9.0, True), (0.5, False), (-9.0, False)], ids=["sure", "unsure", "wrong"]
)
def test_a_turn_counts_where_the_base_is_right_and_sure(
    tiny_model: Path, demonstration: Demonstration, monkeypatch: pytest.MonkeyPatch, sure: float, *, counts: bool
) -> None:
    encoder = Encoder(load_tokenizer(tiny_model))
    model = attach_lora(load_model(tiny_model), 4, 8, seed=1)

    def opinion(_model: Any, _encoder: Encoder, segment: Segment) -> tuple[Any, torch.Tensor]:
        """The base finds each right token as probable as `sure` says, and its neighbour a little."""
        tokens = encode(encoder, segment)
        logits_N_V = torch.zeros(len(tokens.positions), len(encoder.tokenizer) + 1)
        logits_N_V[range(len(logits_N_V)), tokens.targets] = sure
        return tokens, logits_N_V

    monkeypatch.setattr(probes, "score", opinion)
    for session in dictated([demonstration], WORDS, 4, 1):
        last = session.steps[-1].action
        asked = probes.Variant(session.task, only_last(session.steps))
        for says, kept in ((last, [1.0]), (Action(Verb.CLICK, last.name, 999), [0.0]), (Action(Verb.BACK), [0.0])):
            found = turn_kept(model, encoder, ScriptedPolicy([says]), asked)
            assert found == (kept if counts else [])


@pytest.mark.parametrize(
    ("base", "adapted", "kept"),
    [
        ("right", "right", 1.0),
        ("wrong", "wrong", 1.0),
        ("wrong", "right", 1.0),
        ("right", "wrong", 0.0),
        ("wrong", "other", 0.0),
    ],
)
def test_an_action_is_kept_when_it_stays_or_becomes_right(
    tiny_model: Path,
    demonstration: Demonstration,
    monkeypatch: pytest.MonkeyPatch,
    base: str,
    adapted: str,
    kept: float,
) -> None:
    encoder = Encoder(load_tokenizer(tiny_model))
    model = attach_lora(load_model(tiny_model), 4, 8, seed=1)

    def opinion(_model: Any, _encoder: Encoder, segment: Segment, *, adapter: bool = False) -> tuple[Any, torch.Tensor]:
        """Each is sure of the right tokens, or of those one or two places further in the vocabulary."""
        tokens, size = encode(encoder, segment), len(encoder.tokenizer)
        logits_N_V = torch.zeros(len(tokens.positions), size)
        away = {"right": 0, "wrong": 1, "other": 2}[adapted if adapter else base]
        logits_N_V[range(len(logits_N_V)), (tokens.targets + away) % size] = 9.0
        return tokens, logits_N_V

    monkeypatch.setattr(probes, "score", opinion)
    _, scores = drift(model, encoder, cut(demonstration.task, (), demonstration.steps))
    assert set(scores.scores) == {kept}
