"""Many actions written abreast: each pass through the model carries what all of them ask for, and the next texts to be read.

On a CPU a pass over one token costs as much as one over twenty. So prompts are read a few hundred tokens a pass, and the actions that
are being written meanwhile ride along, each with its next token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import torch

from agent.policy.encode import shared_length
from agent.policy.forest import Forest, Path, Stretch
from agent.policy.reading import Cut, Feed, Peek, Writing

TOKENS = 1024
"""A pass takes up texts until it has so many: over fewer a token costs more, over many more, too."""
SIDE_BY_SIDE = 64
"""No more is written at once than this: each holds the keys and values of its text, some ten megabytes."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Text:
    """Tokens to begin with: the logits after each from `since` on are wanted."""

    ids: list[int]
    since: int


@dataclass(slots=True)
class _Work(Generic[_T]):
    """A text after which something is being written, and what is to be read for it now."""

    number: int
    begin: Callable[[torch.Tensor], Writing[_T]]
    path: Path
    asked: Feed | Peek
    """The first time what is new of the text, which belongs to the path already."""
    writing: Writing[_T] | None = None

    def stretches(self) -> list[Stretch]:
        """Return what is to be read; what is fed belongs to the path from now on."""
        if isinstance(self.asked, Peek):
            return [Stretch(self.path, ids) for ids in self.asked.paths]
        if not self.asked.ids:
            return []
        stretch = Stretch(self.path, self.asked.ids)
        self.path = stretch.whole
        return [stretch]

    def rows(self, stretches: Sequence[Stretch]) -> list[torch.Tensor]:
        """Return hidden_T_D of the tokens after which something is asked, once these were read."""
        if isinstance(self.asked, Peek):
            since = self.asked.since
            return [stretch.whole.hidden(len(stretch.before) + since) for stretch in stretches]
        return [self.path.hidden(len(self.path) - self.asked.last)]

    def go_on(self, logits: list[torch.Tensor]) -> list[_T]:
        """Write on, knowing what the model said; return what was written once it is finished."""
        try:
            if self.writing is None:
                self.writing = self.begin(logits[0])
                request = next(self.writing)
            else:
                request = self.writing.send(logits)
            while isinstance(request, Cut):
                self.path = self.path.cut(len(self.path) - request.count)
                request = self.writing.send([])
        except StopIteration as end:
            return [end.value]
        self.asked = request
        return []


class Abreast:
    """Writes something after each of many texts."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._forest = Forest(model)

    def write(
        self, texts: Sequence[Text], begin: Callable[[int, torch.Tensor], Writing[_T]]
    ) -> Iterator[tuple[int, _T]]:
        """Yield the number of a text with what was written after it, whichever is finished next.

        `begin` is told a text's number and the logits_T_V that were wanted of it, and returns what then writes.
        """
        waiting = _in_order(texts, begin)
        live: list[_Work[_T]] = []
        while True:
            asked = [(work, work.stretches()) for work in live]
            size = sum(len(stretch.ids) for _, stretches in asked for stretch in stretches)
            while size < TOKENS and len(asked) < SIDE_BY_SIDE and (new := next(waiting, None)):
                asked.append(new)
                size += sum(len(stretch.ids) for stretch in new[1])
            if not asked:
                return
            self._forest.read([stretch for _, stretches in asked for stretch in stretches])
            live = []
            for (work, _), logits in zip(asked, self._logits([work.rows(found) for work, found in asked]), strict=True):
                finished = work.go_on(logits)
                yield from ((work.number, result) for result in finished)
                live += [] if finished else [work]

    def _logits(self, rows: Sequence[list[torch.Tensor]]) -> list[list[torch.Tensor]]:
        """Return logits_T_V for each hidden_T_D, all from one product."""
        flat = [rows_T_D for of_one in rows for rows_T_D in of_one]
        logits_N_V = self._model.get_output_embeddings()(torch.cat(flat))
        found = iter(logits_N_V.split([len(rows_T_D) for rows_T_D in flat]))
        return [[next(found) for _ in of_one] for of_one in rows]


def _in_order(
    texts: Sequence[Text], begin: Callable[[int, torch.Tensor], Writing[_T]]
) -> Iterator[tuple[_Work[_T], list[Stretch]]]:
    """Yield what is to be read for each text, in the order of their tokens: only what the one before did not begin with."""
    read, path = list[int](), Path()
    for number in sorted(range(len(texts)), key=lambda number: texts[number].ids):
        text = texts[number]
        path = path.cut(shared_length([read, text.ids]))
        new = [Stretch(path, rest)] if (rest := text.ids[len(path) :]) else []
        path = new[0].whole if new else path
        read = text.ids
        yield _Work(number, partial(begin, number), path, Feed(rest, last=len(text.ids) - text.since)), new
