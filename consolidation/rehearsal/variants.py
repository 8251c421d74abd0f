"""Variants of a demonstration: the same skill with other slot values, other words and other surroundings.

Choices of the page (the people in a list, the boxes to tick) are exchanged for each other everywhere, so that the page stays
whole, and stand in another order; free values are replaced by new ones. Surroundings change too: numbers of elements,
unrelated rows and links, links to what was done lately, boxes that a step sets anyway, and the page that an address is opened from.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.lessons.said import as_words, says
from browser.actions import Action
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.begin import begin_elsewhere
from consolidation.rehearsal.crowd import crowd
from consolidation.rehearsal.leftovers import leave
from consolidation.rehearsal.recents import MOST, recall, recent_names
from consolidation.rehearsal.shuffle import shuffle
from consolidation.rehearsal.slots import Slot, find_slots
from consolidation.rehearsal.values import WORD, as_in_address, borrow, draw_value
from consolidation.rehearsal.wording import reword
from consolidation.segments import Step

HELD_OUT = 1 << 20
"""Variant seeds from here on are probes: never trained on."""
SEVERAL = 0.6
"""Share of the free values of one word that become names of several: copying the whole of those is what small models get wrong."""
ELSEWHERE = 0.4
"""Share of the sessions that open an address first that do it from where another one ended."""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What a person did once: the task in their words, and the recorded steps."""

    task: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """A session that never happened."""

    task: str
    steps: tuple[Step, ...]
    values: tuple[str, ...] = ()

    def only_filling(self) -> Variant:
        """Return the session with only those steps marked as taught that stand where something is filled in: all when nothing is.

        From the first step that holds a value of the task or a text to the one that follows the last: what is in between, and
        what sends it off, stands on the same pages, so it costs next to nothing.
        """
        filling = [at for at, step in enumerate(self.steps) if self._fills(step.action)] or [0, len(self.steps)]
        taught = range(filling[0], filling[-1] + 2)
        return replace(self, steps=tuple(replace(step, taught=at in taught) for at, step in enumerate(self.steps)))

    def _fills(self, action: Action) -> bool:
        return bool(action.text) or any(says(action.name, value) for value in self.values)


def make_variant(demonstration: Demonstration, words: tuple[str, ...], seed: int) -> Variant:
    """Make the variant of a seed. The seed fixes values, wording and surroundings."""
    rng = random.Random(f"variant {seed}")
    slots = find_slots(demonstration.task, demonstration.steps)
    renaming = _renaming(slots, words, rng)
    rename = _renamer(renaming)
    renamed = [_rename_step(step, rename) for step in demonstration.steps]
    for group in {slot.choices: None for slot in slots if len(slot.choices) > 1}:
        names, newcomers = [renaming[name] for name in group], _newcomers(group, renaming, words, rng)
        renamed = shuffle(crowd(renamed, names, newcomers), [*names, *newcomers], rng)
    renamed = leave(renamed, rng)
    begin = random.Random(f"begin {seed}")
    if begin.random() < ELSEWHERE:  # on the page that an earlier errand, with other values, ended on
        ended = _rename_step(demonstration.steps[-1], _renamer(_renaming(slots, words, begin)))
        renamed = begin_elsewhere(renamed, ended.observation)
    renamed = recall(renamed, _recent(slots, renaming, words, random.Random(f"recent {seed}")))
    surround = _Surroundings(rng, demonstration.steps, [slot.text for slot in slots])
    steps = tuple(surround.step(step) for step in renamed)
    values = [renaming.get(slot.text, slot.text) for slot in slots]
    task = reword(rename(demonstration.task), values, _alike(slots, values), words, rng)
    return Variant(task, steps, tuple(values))


def _renaming(slots: Sequence[Slot], words: tuple[str, ...], rng: random.Random) -> dict[str, str]:
    """Map old values to new ones: each set of choices is shuffled or, mostly, gets new names; the rest gets fresh values."""
    renaming: dict[str, str] = {}
    for slot in slots:
        group = [choice for choice in dict.fromkeys(slot.choices) if choice not in renaming]
        if len(slot.choices) > 1 and group:  # lists may overlap: what one of them adds gets a name, too
            fresh = rng.random() < 0.7
            others = _fresh(group, words, rng, set()) if fresh else rng.sample(group, len(group))
            renaming.update(zip(group, others, strict=True))
    rest = [slot for slot in slots if slot.text not in renaming]
    fresh = _sharing(_fresh([slot.text for slot in rest], words, rng, set(renaming.values()), SEVERAL), rng)
    written = [as_in_address(value) if slot.in_address else value for slot, value in zip(rest, fresh, strict=True)]
    return renaming | dict(zip([slot.text for slot in rest], written, strict=True))


def _sharing(values: list[str], rng: random.Random) -> list[str]:
    """Let a value of several words say one of another value's, in a quarter of the calls: what is said of them tells them apart."""
    long = [at for at, value in enumerate(values) if len(WORD.findall(value)) > 1]
    if not long or rng.random() > 0.25:
        return values
    at = rng.choice(long)
    others = [word for other, value in enumerate(values) if other != at for word in WORD.findall(value)]
    if not others:
        return values
    mixed = borrow(values[at], rng.choice(others), rng)
    return values if mixed in values else [mixed if i == at else value for i, value in enumerate(values)]


def _alike(slots: Sequence[Slot], values: Sequence[str]) -> list[str]:
    """Return the values of slots that are chosen from one list with another slot."""
    shared = [choice for slot in slots for choice in set(slot.choices)]
    return [value for slot, value in zip(slots, values, strict=True) if shared.count(slot.text) > 1]


def _newcomers(group: Sequence[str], renaming: dict[str, str], words: tuple[str, ...], rng: random.Random) -> list[str]:
    """Draw up to eight more choices of the kind, in seven of eight variants: lists grow, and long ones are the harder.

    In half of the variants those of the recording that have no part in this one are among them: tomorrow they are still there.
    """
    count = rng.choice((0, 1, 2, 3, 4, 5, 6, 8))
    taken = {*renaming.values(), *renaming}
    idle = [old for old in group if not any(old in new or new in old for new in renaming.values())]
    staying = idle[:count] if rng.random() < 0.5 else []
    return [*staying, *_fresh([rng.choice(group) for _ in range(count - len(staying))], words, rng, taken)]


def _fresh(
    olds: Sequence[str], words: tuple[str, ...], rng: random.Random, taken: set[str], several: float = 0.2
) -> list[str]:
    """Draw a new value for each old one, none of which is or contains another."""
    out: list[str] = []
    for old in olds:
        value = draw_value(old, words, rng, several)
        while any(value in other or other in value for other in (*out, *taken)):
            value = draw_value(old, words, rng, several)
        out.append(value)
    return out


def _recent(slots: Sequence[Slot], renaming: dict[str, str], words: tuple[str, ...], rng: random.Random) -> list[str]:
    """Name what was done lately, in half of the variants: by values such as the free ones in words, the recording's among them."""
    olds = [slot.text for slot in slots if not slot.choices and WORD.findall(slot.text)]
    if not olds or rng.random() < 0.5:
        return []
    drawn = [draw_value(rng.choice(olds), words, rng) for _ in range(2 * MOST)]
    values = [renaming[old] for old in olds]
    return recent_names(values, rng.sample([*olds, *drawn], MOST), rng)


def _renamer(renaming: dict[str, str]) -> Callable[[str], str]:
    """Return a function that replaces all old values by their new ones at once."""
    if not renaming:
        return lambda text: text
    pattern = re.compile("|".join(as_words(old) for old in sorted(renaming, key=len, reverse=True)))

    def replaced(match: re.Match[str]) -> str:
        if match[0] in renaming:
            return renaming[match[0]]
        new = renaming[match[0][:-3]]  # the page shows 20 as 20.00
        return new if re.search(r"[.,]\d\d$", new) else new + match[0][-3:]

    return lambda text: pattern.sub(replaced, text)


def with_other_texts(steps: Sequence[Step], renaming: dict[str, str]) -> tuple[Step, ...]:
    """Exchange texts for others in all that steps say and show."""
    rename = _renamer(renaming)
    return tuple(_rename_step(step, rename) for step in steps)


def _rename_step(step: Step, rename: Callable[[str], str]) -> Step:
    action = replace(step.action, name=rename(step.action.name), text=rename(step.action.text))
    result = replace(
        step.result, observation=_rename_page(step.result.observation, rename), note=rename(step.result.note)
    )
    return replace(step, observation=_rename_page(step.observation, rename), action=action, result=result)


def _rename_page(page: Observation, rename: Callable[[str], str]) -> Observation:
    lines = tuple(
        replace(line, name=rename(line.name), value=rename(line.value), options=tuple(map(rename, line.options)))
        for line in page.lines
    )
    return replace(page, title=rename(page.title), lines=lines)


class _Surroundings:
    """What is around the skill, changed alike on every page of the episode."""

    def __init__(self, rng: random.Random, steps: Sequence[Step], values: list[str]) -> None:
        self._shift = rng.choice((0, rng.randint(1, 40), rng.randint(1, 300)))
        self._salt = rng.randrange(1 << 30)
        self._drop = rng.choice((0.0, 0.15, 0.35))
        self._used = {step.action.ref for step in steps if step.action.ref is not None}
        self._values = values

    def step(self, step: Step) -> Step:
        """Change one step."""
        ref = step.action.ref
        action = replace(step.action, ref=ref + self._shift if ref is not None else None)
        result = StepResult(self._page(step.result.observation), step.result.ok, step.result.note)
        return Step(self._page(step.observation), action, result, step.taught)

    def _page(self, page: Observation) -> Observation:
        lines = tuple(self._line(line) for line in page.lines if not self._is_dropped(line))
        return replace(page, lines=lines, focus=page.focus + self._shift if page.focus is not None else None)

    def _is_dropped(self, line: Line) -> bool:
        """Unrelated links and texts may be missing; fields, and whatever the demonstration touched, stay."""
        if line.ref in self._used or line.role not in ("link", "text", "row") or not self._drop:
            return False
        return random.Random(f"{self._salt} {line.role} {line.name}").random() < self._drop

    def _line(self, line: Line) -> Line:
        name = line.name
        if line.role == "row" and any(char.isdigit() for char in name):
            name = self._other_numbers(name)
        return replace(line, name=name, ref=line.ref + self._shift if line.ref is not None else None)

    def _other_numbers(self, text: str) -> str:
        """Give an unrelated row other amounts; the same row gets the same ones on every page."""
        rng = random.Random(f"{self._salt} {text}")
        return re.sub(
            r"(?<![\d-])\d+[.,]\d\d(?![\d-])",
            lambda match: f"{rng.randint(1, 200)}{match[0][-3]}{rng.randint(0, 99):02d}",
            text,
        )


def same_action(one: Action, other: Action) -> bool:
    """Whether two actions do the same on one page."""
    return replace(one, name="") == replace(other, name="")
