"""Forty instructions whose following code can check, in the manner of IFEval (arXiv 2311.07911); all of them are our own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Instruction:
    """Something to answer, and whether an answer keeps to its form. What it says is not judged."""

    prompt: str
    check: Check


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return re.findall(r"[\w'’-]+", text)


def lines(text: str) -> list[str]:
    """Return the lines of a text that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def paragraphs(text: str) -> list[str]:
    """Return the parts of a text between empty lines."""
    return [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part.strip()]


def holds(*phrases: str) -> Check:
    """Check that every phrase is there, in any case."""
    return lambda text: bool(text.strip()) and all(phrase.lower() in text.lower() for phrase in phrases)


def lacks(*phrases: str) -> Check:
    """Check that something is said, and no phrase is there."""
    return lambda text: bool(words(text)) and not any(phrase.lower() in text.lower() for phrase in phrases)


def between(count: Callable[[str], int], least: int, most: int) -> Check:
    """Check that something is there so many times."""
    return lambda text: least <= count(text) <= most


def bullets(text: str) -> int:
    """Count the lines that begin as an item of a list."""
    return sum(bool(re.match(r"([-*•]|\d+[.)])\s", line)) for line in lines(text))


def is_json(*keys: str) -> Check:
    """Check that the answer is a JSON object with these keys, in a code block or bare."""

    def check(text: str) -> bool:
        inner = re.sub(r"^```\w*\n|\n?```$", "", text.strip())
        try:
            found = json.loads(inner)
        except ValueError:
            return False
        return isinstance(found, dict) and set(keys) <= set(found)

    return check


def only(*answers: str) -> Check:
    """Check that the answer is one of these and nothing else."""
    return lambda text: text.strip().strip(".!\"'").lower() in answers


def number(text: str) -> int:
    """Count the words."""
    return len(words(text))


INSTRUCTIONS = (
    Instruction("Write about rain. Use the word umbrella and the word street.", holds("umbrella", "street")),
    Instruction(
        "Describe a kitchen in a few sentences. Mention a kettle, a window and a cat.", holds("kettle", "window", "cat")
    ),
    Instruction(
        "Tell me about bread. Your answer must contain the phrase fresh from the oven.", holds("fresh from the oven")
    ),
    Instruction("Explain what a bicycle is. Do not use the word wheel.", lacks("wheel")),
    Instruction("Describe winter without using the words snow or cold.", lacks("snow", "cold")),
    Instruction("Describe the sea without using the word water.", lacks("water")),
    Instruction("Describe a garden. Write no more than 20 words.", between(number, 3, 20)),
    Instruction("What is a library? Answer in fewer than 15 words.", between(number, 2, 14)),
    Instruction("Write at least 60 words about trains.", between(number, 60, 10_000)),
    Instruction("Write between 20 and 50 words about tea.", between(number, 20, 50)),
    Instruction("Say in exactly one sentence what a clock does.", between(lambda text: len(sentences(text)), 1, 1)),
    Instruction(
        "Describe your favourite meal in exactly two sentences.", between(lambda text: len(sentences(text)), 2, 2)
    ),
    Instruction("Write three sentences about mountains.", between(lambda text: len(sentences(text)), 3, 3)),
    Instruction(
        "List three fruits as a bulleted list, one a line, each beginning with a dash.", between(bullets, 3, 3)
    ),
    Instruction("List five animals as a numbered list.", between(bullets, 5, 5)),
    Instruction("Give me four ideas for a birthday present as a bulleted list.", between(bullets, 4, 4)),
    Instruction("Name two colours, as a numbered list of two lines.", between(bullets, 2, 2)),
    Instruction("Write a short greeting in lower case letters only.", lambda t: bool(words(t)) and t == t.lower()),
    Instruction("Describe a dog. Use only lower case letters.", lambda t: bool(words(t)) and t == t.lower()),
    Instruction(
        "Write a warning sign for a wet floor in capital letters only.", lambda t: bool(words(t)) and t == t.upper()
    ),
    Instruction("SAY HELLO IN CAPITAL LETTERS ONLY.", lambda t: bool(words(t)) and t == t.upper()),
    Instruction(
        "Write about a river. End with the words the end.",
        lambda t: t.strip().lower().rstrip(".!\"' ").endswith("the end"),
    ),
    Instruction(
        "Describe a city at night. Finish your answer with the exact phrase Good night!",
        lambda t: t.strip().strip('"').endswith("Good night!"),
    ),
    Instruction(
        "Begin your answer with the word Perhaps. What makes people happy?", lambda t: t.strip().startswith("Perhaps")
    ),
    Instruction(
        "Start with Dear neighbour, and write a short note about noise.",
        lambda t: t.strip().startswith("Dear neighbour"),
    ),
    Instruction("Is the sun hot? Answer with yes or no only.", only("yes", "no")),
    Instruction("Is ice warmer than fire? Answer with one word: yes or no.", only("yes", "no")),
    Instruction("Choose one: red or blue. Answer with that one word only.", only("red", "blue")),
    Instruction(
        "Return a JSON object with the keys name and age for a person you make up. Return nothing else.",
        is_json("name", "age"),
    ),
    Instruction(
        "Answer in JSON with the keys city and country, for any city. No other text.", is_json("city", "country")
    ),
    Instruction(
        "Write two paragraphs about music, with an empty line between them.",
        between(lambda t: len(paragraphs(t)), 2, 2),
    ),
    Instruction(
        "Write three paragraphs about school, parted by empty lines.", between(lambda t: len(paragraphs(t)), 3, 3)
    ),
    Instruction(
        "Write a title for a story about a lighthouse. Put the title between << and >>.",
        lambda t: bool(re.search(r"<<[^<>]+>>", t)),
    ),
    Instruction(
        "Put your whole answer between double quotes. What is a bridge?",
        lambda t: len(t.strip()) > 2 and t.strip()[0] == t.strip()[-1] == '"',
    ),
    Instruction("Describe autumn without using any commas.", lacks(",")),
    Instruction(
        "Ask me three questions about my holiday. Use exactly three question marks.",
        between(lambda t: t.count("?"), 3, 3),
    ),
    Instruction(
        "Write a sentence about a horse that ends with an exclamation mark.",
        lambda t: t.strip().rstrip('"').endswith("!"),
    ),
    Instruction("Write a letter to a friend and add a postscript that begins with P.S.", holds("p.s.")),
    Instruction("Write one sentence that contains the number 42.", holds("42")),
    Instruction(
        "Write the word apple five times, with spaces between, and nothing else.",
        lambda t: words(t.lower()) == ["apple"] * 5,
    ),
)
