"""Drafts: what a lesson's cue says is proposed to the model as a whole, which takes it or writes something else.

Speculative decoding (arXiv 2211.17192) with the prompt as the drafter and typical acceptance (Medusa, arXiv 2401.10774): a token of
the draft stands unless the model finds it improbable. One pass over the draft replaces a dozen passes over single tokens.
"""

from __future__ import annotations

from dataclasses import replace

from agent.grammar import can_perform
from agent.lessons.cues import MARK
from agent.prompt import Prompt
from browser.actions import ON_CONTROL, Action, parse
from browser.types import Observation

LEAST = 0.05
"""Probability under the grammar below which a token of a draft is refused: the model then goes on by itself."""


def draft_of(prompt: Prompt, page: Observation) -> Action | None:
    """Return the action that the cue before a decision says, with its ref on this page.

    None without a cue, with more than one, with `like` in it (its value is the model's part), or where no control or several fit.
    """
    lines = prompt.reply[-1].text.splitlines() if prompt.reply else []
    if len(lines) != 1 or not lines[0].startswith(MARK):
        return None
    try:
        step = parse(lines[0].removeprefix(MARK))
    except ValueError:
        return None
    if step.verb not in ON_CONTROL:
        return step
    refs = [line.ref for line in page.lines if can_perform(step, line)]
    return replace(step, ref=refs[0]) if len(refs) == 1 else None
