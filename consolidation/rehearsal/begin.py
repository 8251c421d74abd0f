"""Where a session begins: an address can be opened from any page, and tomorrow the app stands on another one than it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from browser.actions import Verb
from browser.types import Observation
from consolidation.segments import Step


def begin_elsewhere(steps: Sequence[Step], page: Observation) -> tuple[Step, ...]:
    """Let a session that opens an address first begin on another page; one that begins on the page itself stays as it is."""
    if steps[0].action.verb is not Verb.OPEN:
        return tuple(steps)
    return (replace(steps[0], observation=page), *steps[1:])
