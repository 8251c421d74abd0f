"""Secrets that a person types while they are followed: their values are not known, their names may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from browser.actions import TYPED_SECRET, Action, Verb
from browser.types import Observation


def named(action: Action, page: Observation, places: Mapping[str, Sequence[str]]) -> Action:
    """Put the name of the vault's secret in the place of a typed one, where exactly one belongs to this page's origin."""
    if not is_typed_secret(action):
        return action
    names = [name for name, origins in places.items() if page.origin in origins]
    return replace(action, text="", secret=names[0]) if len(names) == 1 else action


def as_taught(action: Action, page: Observation, places: Mapping[str, Sequence[str]]) -> Action:
    """Return the step of a lesson for what the person did: a secret that has no name is theirs to type, whenever it is done again."""
    action = named(action, page, places)
    if is_typed_secret(action):
        return Action(Verb.ASK, text=f"Please type {action.name or 'the secret'} into the page yourself")
    return action


def is_typed_secret(action: Action) -> bool:
    """Whether this is a person's typing into a secret field, as the recorder tells it."""
    return action.verb is Verb.TYPE and not action.secret and action.text == TYPED_SECRET
