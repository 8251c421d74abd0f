"""Reading: what somebody who writes an action asks of a model, one request at a time.

A writer yields a request and is sent the answer, a list of logits_T_V.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

import torch


@dataclass(frozen=True, slots=True)
class Feed:
    """Read these tokens after all that was read; the answer is one logits_T_V, after each of the `last` ones."""

    ids: list[int]
    last: int


@dataclass(frozen=True, slots=True)
class Peek:
    """Read each of these by itself after all that was read, and forget it; the answer is for each its logits_T_V from `since` on."""

    paths: list[list[int]]
    since: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Forget so many of the latest tokens; there is no answer."""

    count: int


Reading = Feed | Peek | Cut
_T = TypeVar("_T")
Writing = Generator[Reading, list[torch.Tensor], _T]
