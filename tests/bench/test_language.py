"""What general language costs: every instruction's check passes what follows it and nothing else; perplexity is what it says."""

import math
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from bench.instructions import INSTRUCTIONS
from bench.language import WINDOW, corpora, main, perplexity, table, windows

FOLLOWING = (
    "An umbrella was left in the street.",
    "The kettle stands by the window, and the cat sleeps.",
    "It comes fresh from the oven.",
    "It is a vehicle with two pedals.",
    "It is frosty and dark.",
    "It is blue and wide.",
    "Roses stand beside a path.",
    "A house of books.",
    "train " * 60,
    "tea " * 25,
    "It tells the time.",
    "I like soup. It is hot.",
    "They are high. They are old. They stay.",
    "- apple\n- pear\n- plum",
    "1. cat\n2. dog\n3. cow\n4. hen\n5. pig",
    "- a book\n- a pen\n- a cake\n- a hat",
    "1. red\n2. blue",
    "hello there",
    "it barks.",
    "CAUTION! WET FLOOR",
    "HELLO",
    "The river is long. The end.",
    "It glows. Good night!",
    "Perhaps it is love.",
    "Dear neighbour, it is loud.",
    "Yes.",
    "no",
    "Red",
    '{"name": "Ann", "age": 3}',
    '```json\n{"city": "Rome", "country": "Italy"}\n```',
    "It sings.\n\nIt plays.",
    "One.\n\nTwo.\n\nThree.",
    "<<The lamp>>",
    '"A way over water."',
    "Leaves fall.",
    "Where? When? With whom?",
    "The horse runs!",
    "Dear Tom, hi.\nP.S. Bye",
    "The answer is 42.",
    "apple apple apple apple apple",
)
STRAYING = (
    "Rain falls. The word is street",
    "kettle and cat",
    "fresh bread",
    "It has a wheel.",
    "Snow lies.",
    "Salt water.",
    "garden " * 21,
    "word " * 15,
    "train " * 59,
    "tea " * 51,
    "It ticks. It tells the time.",
    "I like soup.",
    "They are high. They are old.",
    "apple, pear, plum",
    "1. cat\n2. dog",
    "- a book\n- a pen",
    "red and blue",
    "Hello there",
    "It barks.",
    "Caution! Wet floor",
    "Hello",
    "The river is long.",
    "Good night! It glows.",
    "It may be love.",
    "Hello neighbour",
    "Yes, it is hot.",
    "maybe",
    "green",
    "name: Ann",
    '["Rome", "Italy"]',
    "It sings. It plays.",
    "One.\n\nTwo.",
    "The lamp",
    "A way over water.",
    "Red, brown leaves fall.",
    "Where? When?",
    "The horse runs.",
    "Dear Tom, hi.",
    "The answer is 41.",
    "apple apple",
)


def test_there_are_forty_and_all_differ() -> None:
    assert len(INSTRUCTIONS) == len({item.prompt for item in INSTRUCTIONS}) == 40


@pytest.mark.parametrize("number", range(40))
def test_a_check_tells_following_from_straying(number: int) -> None:
    check = INSTRUCTIONS[number].check
    assert check(FOLLOWING[number].strip()) and not check(STRAYING[number].strip()) and not check("")


def test_windows_are_whole_and_spread_over_the_text(tiny_tokenizer: object) -> None:
    text = "".join(chr(97 + i % 26) for i in range(20_000))
    pieces = windows(tiny_tokenizer, text, 4)
    assert len(pieces) == 4 and all(len(piece) == WINDOW for piece in pieces)
    assert len(windows(tiny_tokenizer, "too short", 4)) == 0


def test_perplexity_of_a_model_that_knows_nothing_is_the_vocabulary(tiny_model: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    ids = torch.arange(300)
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
    assert perplexity(model, [ids]) == pytest.approx(model.config.vocab_size, rel=1e-4)


def test_perplexity_is_what_the_model_s_own_loss_says(tiny_model: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    ids = torch.randint(3, 300, (80,), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        loss = model(input_ids=ids[None], labels=ids[None]).loss
    assert perplexity(model, [ids]) == pytest.approx(math.exp(float(loss)), rel=1e-3)


def test_both_models_are_measured_and_told_apart(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tiny_model)
    assert main(["--model", folder, "--pretrained", folder, "--windows", "1", "--skip-instructions"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in corpora()) and "1.000   within" in said
    worse = {"perplexity": {"text": 11.0}}
    assert "NOT within" in table({"perplexity": {"text": 10.0}}, worse)
