"""Spans: which words of the task a text is made of, chosen as a whole and not word by word.

Greedy decoding takes the most probable first word though each phrase that begins with it may be improbable: "the" opens "the
landlord", "the landlord rang" and "the landlord rang about", and the one phrase that is meant loses to their sum. Where a cue says
that the next text is some words of the task, every such phrase is known beforehand, and the most probable one can be looked up.

What the demonstration's task says around its value is the skill's own wording, so a phrase with such a word in it is less probable
than the model takes it to be: of `the landlord wrote because of a leak`, after `the landlord rang about the new boiler`, hardly anything
with `landlord` in it is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from agent.grammar import Copying, can_perform
from agent.lessons.said import long_words, says
from agent.policy.encode import shared_length
from agent.policy.reading import Peek, Writing
from browser.actions import Action, Verb
from browser.types import Observation

MAX_WORDS = 60
"""Longer tasks are not searched."""
SHARED = 0.03
"""A phrase is so many times less probable for each word of the demonstration's frame in it."""
GARBLED = 0.001
"""A text that begins like a word of the task and goes on otherwise, or ends within it, is so many times less probable: what somebody
makes up seldom does."""
UNSAID = 0.1
"""A text without any word of the task is so many times less probable: the skill's own constants are certain enough to bear it."""
SPACED = 0.01
"""An address with a space in it, where the demonstration's had none, is so many times less probable."""
CAPITAL = 0.1
"""So is one with a capital where the demonstration's had none."""
ALIKE = 3
"""So many letters at the beginning make two words alike."""
PROBABLE = 0.001
"""Phrases whose first token is less probable than this are not looked at."""
_WORD = re.compile(r"\w+(?:[^\w\s]+\w+)*")

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Everything that a copying step may write on this page."""

    step: Action
    copying: Copying

    @classmethod
    def of(cls, copying: Copying, page: Observation) -> Phrases | None:
        """Return None where the field is not on the page, or stands there twice, or the task is too long."""
        if len(copying.task.split()) > MAX_WORDS:
            return None
        step = Action(copying.verb, copying.name)
        if not copying.name:
            return cls(step, copying)
        refs = [line.ref for line in page.lines if can_perform(step, line)]
        return cls(replace(step, ref=refs[0]), copying) if len(refs) == 1 else None

    def by_start(self) -> list[list[Action]]:
        """Return the actions that write a run of the task's words, those that begin alike together, the longest last."""
        task, words = self.copying.task, list(_WORD.finditer(self.copying.task))
        return [
            [self._write(task[first.start() : last.end()]) for last in words[at:]] for at, first in enumerate(words)
        ]

    def beyond(self, action: Action) -> Action:
        """Return the action with one word more, so that even the longest phrase ends somewhere on the way."""
        end = len(action.text) - len(self.copying.after)
        return replace(action, text=f"{action.text[:end]} and{self.copying.after}")

    def prior(self, action: Action) -> float:
        """Return the logarithm of how much less an action is to be expected: for words of the frame in it, as made up, as no address."""
        shared = sum(word in self.copying.frame for word in long_words(action.text))
        made_up = GARBLED if self._is_garbled(action) else UNSAID if self._is_unsaid(action) else 1.0
        return shared * math.log(SHARED) + math.log(made_up * self._as_address(action))

    def _as_address(self, action: Action) -> float:
        if action.verb is not Verb.OPEN:
            return 1.0
        written, shown = self._written(action), self.copying.value
        spaced = " " in written and " " not in shown
        capital = shown.islower() and any(map(str.isupper, written))
        return (SPACED if spaced else 1.0) * (CAPITAL if capital else 1.0)

    def _is_garbled(self, action: Action) -> bool:
        written, task = self._written(action).casefold(), self.copying.task.casefold()
        start = written[:ALIKE]
        return (
            len(start) == ALIKE
            and not says(task, written)
            and any(word[0].startswith(start) for word in _WORD.finditer(task))
        )

    def _is_unsaid(self, action: Action) -> bool:
        said = {word[0] for word in _WORD.finditer(self.copying.task.casefold())}
        return not any(word[0] in said for word in _WORD.finditer(self._written(action).casefold()))

    def _written(self, action: Action) -> str:
        """Return what stands between that which every text of this step has."""
        return action.text[len(self.copying.before) : len(action.text) - len(self.copying.after)]

    def _write(self, words: str) -> Action:
        return replace(self.step, text=self.copying.before + words + self.copying.after)


def copying_of(action: Action, task: str) -> Copying | None:
    """Say what an action would copy from the task if it did: a typed text, or the last part of an address; None for other actions."""
    if action.verb is Verb.TYPE and action.text:
        return Copying(action.verb, action.name, "", "", task)
    if action.verb is Verb.OPEN and (lead := re.match(r".*[:/=]", action.text)):
        return Copying(action.verb, "", lead[0], "", task)
    return None


def most_probable(phrases: Phrases, encode: Encode, written: Action | None = None) -> Writing[Action | None]:
    """Return the action that is most probable as a whole, by the model and the frame; None when the model finds none probable.

    `written` is an action on the same field that is considered beside the phrases.

    What begins alike is scored in one pass over a path that goes beyond the longest: at each of its words stands how probable it is
    to end there. What closes a text is taken for certain after its first token.
    """

    def read(action: Action) -> list[int]:
        return encode(action.render() + "\n")

    starts = [*phrases.by_start(), *([[written]] if written else [])]
    groups = [[(action, read(action)) for action in group] for group in starts]
    paths = [read(phrases.beyond(group[-1][0])) for group in groups]
    lead = shared_length([*paths, *(ids for group in groups for _, ids in group)])
    if not lead:
        return None
    [logits_1_V] = yield Peek([paths[0][:lead]], since=lead - 1)
    first_V = logits_1_V[0].float().log_softmax(-1)
    likely = [pair for pair in zip(groups, paths, strict=True) if first_V[pair[1][lead]].exp() >= PROBABLE]
    found = (yield Peek([path for _, path in likely], since=lead)) if likely else []
    best, highest = None, float("-inf")
    for (group, path), logits_T_V in zip(likely, found, strict=True):
        rows_T_V = torch.cat([first_V[None], logits_T_V.float().log_softmax(-1)])
        for action, ids in group:
            told = ids[lead : shared_length([ids, path]) + 1]
            score = sum(float(rows_T_V[at, token]) for at, token in enumerate(told)) + phrases.prior(action)
            if score > highest:
                best, highest = action, score
    return best
