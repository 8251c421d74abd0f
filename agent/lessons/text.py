"""How a lesson reads in a prompt. Trusted words only: the person's, and the executor's own action log.

An action is written without its ref (which dies with the page) but with its control's name: the one piece of the
page that a lesson carries, bounded and printed on the control the person chose.
"""

from __future__ import annotations

from collections.abc import Iterable

from browser.actions import Action

ASKED = "Asked: "
TOLD = "Told: "


def demonstration_text(task: str, actions: Iterable[Action]) -> str:
    """Write what was asked and what was done about it, one action a line."""
    return "\n".join([ASKED + task, *(action.render(with_ref=False) for action in actions)])


def words_text(words: str) -> str:
    """Write a correction or preference in the person's own words."""
    return f"{TOLD}{' '.join(words.split())}"
