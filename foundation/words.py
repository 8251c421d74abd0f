"""Where the words of procedural apps come from: real interface phrases mixed with words that mean nothing.

Nothing can be answered from memory alone: a label may be real English, German, French or Spanish, or invented.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

_ONSETS = [
    "b",
    "bl",
    "br",
    "c",
    "ch",
    "cl",
    "cr",
    "d",
    "dr",
    "f",
    "fl",
    "fr",
    "g",
    "gl",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "kr",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "pr",
    "qu",
    "r",
    "s",
    "sh",
    "sk",
    "sl",
    "sp",
    "st",
    "str",
    "t",
    "th",
    "tr",
    "v",
    "w",
    "x",
    "y",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "oo", "ou"]
_CODAS = [
    "",
    "",
    "",
    *["b", "ck", "d", "f", "g", "l", "m", "n", "nd", "ng", "nt", "p", "r", "rk", "rt", "s", "sh", "st", "t", "x", "z"],
]
_PEOPLE = [
    "Ada",
    "Alex",
    "Amir",
    "Ana",
    "Anton",
    "Bea",
    "Ben",
    "Bo",
    "Carla",
    "Chen",
    "Chris",
    "Clara",
    "Dana",
    "Daniel",
    "Dora",
    "Eli",
    "Emma",
    "Erik",
    "Eva",
    "Fatima",
    "Felix",
    "Finn",
    "Frida",
    "Gita",
    "Greta",
    "Hana",
    "Hugo",
    "Ida",
    "Imran",
    "Ines",
    "Ivan",
    "Jana",
    "Jo",
    "Jonas",
    "Juan",
    "Jun",
    "Kai",
    "Kara",
    "Karim",
    "Kim",
    "Lars",
    "Lea",
    "Leo",
    "Lina",
    "Lou",
    "Luis",
    "Maja",
    "Marco",
    "Maria",
    "Max",
    "Mei",
    "Mia",
    "Mila",
    "Mohamed",
    "Nadia",
    "Nils",
    "Nina",
    "Noah",
    "Nora",
    "Olga",
    "Omar",
    "Oskar",
    "Pablo",
    "Paula",
    "Pia",
    "Priya",
    "Quinn",
    "Rafa",
    "Rana",
    "Rosa",
    "Ruth",
    "Sam",
    "Sara",
    "Sofia",
    "Sven",
    "Tara",
    "Theo",
    "Tim",
    "Tom",
    "Uma",
    "Vera",
    "Viktor",
    "Wei",
    "Yara",
    "Yusuf",
    "Zoe",
]
_SURNAMES = [
    "Abel",
    "Adler",
    "Alvarez",
    "Bauer",
    "Bianchi",
    "Brandt",
    "Castro",
    "Cohen",
    "Costa",
    "Diaz",
    "Dubois",
    "Eriksen",
    "Farah",
    "Fischer",
    "Garcia",
    "Haas",
    "Hansen",
    "Hoffman",
    "Ibrahim",
    "Ito",
    "Jansen",
    "Jensen",
    "Kaya",
    "Keller",
    "Khan",
    "Kim",
    "Kowalski",
    "Larsen",
    "Leroy",
    "Lopez",
    "Meyer",
    "Mori",
    "Moreau",
    "Nguyen",
    "Novak",
    "Okafor",
    "Olsen",
    "Patel",
    "Petrov",
    "Reyes",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Singh",
    "Tanaka",
    "Turner",
    "Vega",
    "Wagner",
    "Weber",
    "Wong",
    "Yilmaz",
    "Young",
    "Zhang",
]

_REMEMBERED = 12
"""Words that may be drawn again."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Files of `foundation/data` that words are drawn from."""

    phrases: str
    """Interface phrases in sections."""
    words: str
    """Everyday words, one a line."""


TRAINING = Lexicon("interface_words.txt", "vocabulary.txt")
UNSEEN = Lexicon("held_out_phrases.txt", "held_out_words.txt")
"""Phrases and words of which none is in `TRAINING`: what measurements draw from."""


@cache
def phrases(section: str, lexicon: Lexicon = TRAINING) -> tuple[str, ...]:
    """Return one section of the harvested interface phrases: `english labels`, `foreign sentences`, …"""
    text = resources.files("foundation").joinpath("data", lexicon.phrases).read_text(encoding="utf-8")
    body = text.split(f"[{section}]\n", 1)[1].split("\n\n", 1)[0]
    return tuple(line for line in body.split("\n") if line)


@cache
def plain_words(lexicon: Lexicon = TRAINING) -> tuple[str, ...]:
    """Return ordinary lower-case words: those of the harvested sentences, and everyday ones; of another lexicon, only what is new."""
    found = re.findall(r"\b[a-z]{3,12}\b", " ".join(phrases("english sentences", lexicon)))
    everyday = resources.files("foundation").joinpath("data", lexicon.words).read_text(encoding="utf-8").split()
    known = set() if lexicon is TRAINING else set(plain_words())
    return tuple(sorted({*found, *everyday} - known))


@dataclass(slots=True)
class Words:
    """Draw words with one random generator. `strangeness` is the share of invented words (0 to 1).

    `echo` is the share of words that were drawn before: what two values have in common says nothing about either.
    """

    rng: random.Random
    strangeness: float = 0.3
    foreign: float = 0.15
    echo: float = 0.12
    lexicon: Lexicon = TRAINING
    _drawn: list[str] = field(default_factory=list, repr=False)

    def invented(self) -> str:
        """Return a pronounceable word that means nothing."""
        rng = self.rng
        return "".join(
            rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((1, 1, 2, 2)))
        )

    def word(self) -> str:
        """Return one lower-case word."""
        if self._drawn and self.rng.random() < self.echo:
            return self.rng.choice(self._drawn[-_REMEMBERED:])
        word = self.invented() if self.rng.random() < self.strangeness else self.rng.choice(plain_words(self.lexicon))
        self._drawn.append(word)
        return word

    def joined(self) -> str:
        """Return a name of several words, or of words and a number, that are written as one: `spring_plan`, `KeyRing`, `dock-7`."""
        rng = self.rng
        parts = [self.word() for _ in range(rng.choice((2, 2, 2, 3)))]
        if rng.random() < 0.2:
            parts[-1] = str(rng.randint(1, 2030))
        if rng.random() < 0.15:
            return "".join(part.capitalize() for part in parts)
        return rng.choice("__--.:/").join(parts)

    def label(self) -> str:
        """Return what a button, field or heading may say."""
        draw = self.rng.random()
        if draw < self.strangeness:
            return " ".join(self.invented() for _ in range(self.rng.choice((1, 1, 2)))).capitalize()
        if draw < self.strangeness + self.foreign:
            return self.rng.choice(phrases("foreign labels", self.lexicon))
        return self.rng.choice(phrases("english labels", self.lexicon))

    def labels(self, count: int, taken: set[str]) -> list[str]:
        """Return labels that differ from each other and from those taken, which they join."""
        out: list[str] = []
        while len(out) < count:
            label = self.label()
            if label.casefold() not in taken:
                taken.add(label.casefold())
                out.append(label)
        return out

    def sentence(self) -> str:
        """Return a line of page text."""
        return self.rng.choice(
            phrases("foreign sentences" if self.rng.random() < self.foreign else "english sentences", self.lexicon)
        )

    def title(self) -> str:
        """Return the name of a thing: one to four words, sometimes with a number, sometimes written as one."""
        if self.rng.random() < 0.08:
            return self.joined()
        words = " ".join(self.word() for _ in range(self.rng.choice((1, 1, 2, 2, 3, 4))))
        if self.rng.random() < 0.25:
            return f"{self.rng.choice(('the', 'a', 'my', 'our', 'new', 'this'))} {words}"
        words = words.capitalize() if self.rng.random() < 0.7 else words.title()
        return f"{words} {self.rng.randint(1, 99)}" if self.rng.random() < 0.12 else words

    def person(self) -> str:
        """Return a first name, sometimes with a surname.

        Half of them are any word: with a closed list the base learns to expect its names, and copies others badly.
        """
        if self.rng.random() < 0.04:
            return self.joined()
        name = self.rng.choice(_PEOPLE) if self.rng.random() < 0.5 else self.word().capitalize()
        return f"{name} {self.rng.choice(_SURNAMES)}" if self.rng.random() < 0.3 else name

    def amount(self) -> str:
        """Return a number as a person writes a price."""
        rng = self.rng
        whole = rng.choice((rng.randint(1, 20), rng.randint(1, 400), rng.randint(100, 9999)))
        return rng.choice(
            (
                str(whole),
                str(whole),
                f"{whole}.{rng.randint(0, 99):02d}",
                f"{whole}.{rng.randint(0, 9)}0",
                f"{whole},{rng.randint(0, 99):02d}",
            )
        )

    def date(self) -> str:
        """Return an ISO date between 2019 and 2029."""
        return f"{self.rng.randint(2019, 2029)}-{self.rng.randint(1, 12):02d}-{self.rng.randint(1, 28):02d}"

    def email(self) -> str:
        """Return a mail address."""
        rng = self.rng
        tail = rng.choice(("", f".{rng.choice(_SURNAMES).lower()}", str(rng.randint(1, 99))))
        return f"{rng.choice(_PEOPLE).lower()}{tail}@{self.invented()}.{rng.choice(('com', 'org', 'net', 'example'))}"

    def slug(self) -> str:
        """Return a lower-case name for an address."""
        return self.word() if self.rng.random() < 0.4 else self.joined()
