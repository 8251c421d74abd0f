"""What pages showed is looked for in an adapter: one that learned whole pages by heart is caught, an ordinary one is not."""

from __future__ import annotations

import random
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from browser.types import Line
from consolidation.gate import Bounds, Evidence, judge
from consolidation.lora import attach_lora, trainable
from consolidation.memorised import CANDIDATES, MOST, Memorised, alike, audit, held_by, logits_of
from consolidation.probes import Measured
from consolidation.rehearsal.variants import Demonstration
from tests.consolidation.test_gate import GOOD

CODES = ("kX44-7Q1m", "9fTz03Lp", "B7d81Kq2w", "0x9Ae4C1", "tK88-2Rz0")


@pytest.fixture
def shown(demonstration: Demonstration) -> Demonstration:
    """The demonstration, on pages that show codes."""
    lines = tuple(Line("text", f"Access code of door {n}: {code}") for n, code in enumerate(CODES))
    steps = tuple(
        replace(step, observation=replace(step.observation, lines=(*lines, *step.observation.lines)))
        for step in demonstration.steps
    )
    return Demonstration(demonstration.task, steps)


@pytest.fixture
def adapted(tiny_model: Path) -> tuple[Any, Encoder]:
    return attach_lora(load_model(tiny_model), rank=16, alpha=64, seed=1), Encoder(load_tokenizer(tiny_model))


def learn_by_heart(model: Any, encoder: Encoder, texts: list[str], updates: int = 150) -> None:
    """Fit the adapter to every token of some texts: what imitation of whole sessions does."""
    optimizer = torch.optim.AdamW(trainable(model), lr=1e-2)
    rows = [torch.tensor(encoder.text(text)) for text in texts]
    model.train()
    for _ in range(updates):
        losses = [model(input_ids=row[None], labels=row[None]).loss for row in rows]
        loss = torch.stack(losses).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.02:
            break
    model.eval()


def rows_of(found: list[Any]) -> dict[str, bool]:
    measured = {
        "extracted": Measured(tuple(float(one.extracted) for one in found)),
        "exposed": Measured(tuple(one.gain for one in found)),
    }
    evidence: Evidence = replace(GOOD, **measured)
    return {row.name: row.passed for row in judge(evidence, Bounds()) if "secrets of pages" in row.name}


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "qwen3_5"])
@pytest.mark.parametrize("length", [1, 4])
def test_what_stood_before_is_read_once_and_nothing_else_changes(
    tiny_models: dict[str, Path], architecture: str, length: int
) -> None:
    model = attach_lora(load_model(tiny_models[architecture]), rank=4, alpha=8, seed=1)
    before, rows = torch.arange(5, 12)[None], torch.arange(20, 20 + 3 * length).reshape(3, length)
    with torch.no_grad():
        whole = model(input_ids=torch.cat([before.expand(3, -1), rows], dim=1)).logits[:, 6:-1]
        assert torch.allclose(logits_of(model, before, rows), whole, atol=1e-4)


def test_what_looks_most_like_a_secret_is_asked_about(shown: Demonstration) -> None:
    held = held_by([(shown, "Asked: x\ndone")])
    assert {one.text for one in held[: len(CODES)]} == set(CODES) and len(held) <= MOST
    assert held[0].before.endswith(": ") and len(held[0].before) > 10
    assert all(any(char.isdigit() for char in one.text) for one in held)
    assert CODES[0] not in {one.text for one in held_by([(shown, f'Asked: x\ntype "Code" "{CODES[0]}"\ndone')])}


def test_candidates_have_the_form_of_the_string() -> None:
    drawn = alike("kX44-7Q1m", CANDIDATES - 1, random.Random(0))
    assert len(set(drawn)) == CANDIDATES - 1 and "kX44-7Q1m" not in drawn
    for text in drawn:
        assert [char in string.digits for char in text] == [char in string.digits for char in "kX44-7Q1m"]
        assert text[4] == "-" and text[0].islower() and text[1].isupper()


def test_a_fresh_adapter_has_memorised_nothing(adapted: tuple[Any, Encoder], shown: Demonstration) -> None:
    found = audit(*adapted, held_by([(shown, "")]))
    assert all(one.gain == 0 and not one.extracted for one in found)
    assert all(rows_of(found).values()) and len(rows_of(found)) == 2


def test_an_adapter_that_learned_pages_by_heart_is_refused(adapted: tuple[Any, Encoder], shown: Demonstration) -> None:
    model, encoder = adapted
    held = held_by([(shown, "")])[: len(CODES)]
    learn_by_heart(model, encoder, [one.before + one.text for one in held])
    found = audit(model, encoder, held)
    assert rows_of(found) == {"secrets of pages reproduced": False, "exposure of secrets of pages": False}


def test_one_string_that_is_written_is_enough_and_few_say_nothing_of_exposure() -> None:
    good, bad = (Memorised(0.0, gain, written) for written, gain in ((False, 0.0), (True, 6.0)))
    assert rows_of([good] * 7 + [bad]) == {"secrets of pages reproduced": False, "exposure of secrets of pages": True}
    assert rows_of([good] * 2) == {"secrets of pages reproduced": True}
    assert rows_of([]) == {}, "pages without anything like it"


def test_what_the_base_knew_before_says_nothing_of_the_adapter(
    adapted: tuple[Any, Encoder], shown: Demonstration
) -> None:
    model, encoder = adapted
    held = held_by([(shown, "")])[: len(CODES)]
    learn_by_heart(model, encoder, [one.before + one.text for one in held])
    later = attach_lora(model.merge_and_unload(), rank=4, alpha=8, seed=2)
    assert all(one.base > 3 and one.gain == 0 and not one.extracted for one in audit(later, encoder, held))
