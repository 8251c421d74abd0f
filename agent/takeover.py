"""The wheel: who drives the browser, the agent or the person, and what the person says should be done instead.

The front end's thread turns it (`take`, `hand_back`, `correct`); the loop looks at it between its steps, while the policy decides
and while a page settles, so that a person who takes over waits for no model. What they do meanwhile is recorded as theirs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from agent.grammar import can_perform
from browser.actions import ON_CONTROL, Action
from browser.types import Observation, StepResult

Done = tuple[Observation, Action, StepResult]
"""One thing the person did: what was seen before, the action, what came of it."""


class Following(Protocol):
    """Follows a person in the browser; `browser.recorder.Recorder` is one."""

    def __iter__(self) -> Iterator[Done]:
        """Yield what they do, as they do it, until stopped."""
        ...

    def stop(self) -> None:
        """End the following; any thread may call it."""
        ...

    def close(self) -> None:
        """Take it off the pages."""
        ...


class Wheel:
    """In the agent's hands until somebody takes it."""

    def __init__(
        self, follow: Callable[[], Following], name: Callable[[Action, Observation], Action] | None = None
    ) -> None:
        """`follow` begins to follow the person; `name` may put a secret's name in the place of one that was typed."""
        self._follow = follow
        self._name = name or (lambda action, _: action)
        self._lock = threading.Lock()
        self._taken = threading.Event()
        self._following: Following | None = None
        self._correction: Action | None = None
        self.reason = ""
        """Why the person drives, when something in the page asked for them."""

    @property
    def taken(self) -> bool:
        """Whether the person drives, or wants to."""
        return self._taken.is_set()

    @property
    def corrects(self) -> bool:
        """Whether something waits to be done in the place of what the agent does next."""
        return self._correction is not None

    def take(self, reason: str = "") -> None:
        """Give the wheel to the person; any thread may call it."""
        with self._lock:
            self.reason = reason
            self._taken.set()

    def hand_back(self) -> None:
        """Give the wheel to the agent again; any thread may call it."""
        with self._lock:
            self._taken.clear()
            if self._following is not None:
                self._following.stop()

    def correct(self, action: Action) -> None:
        """Have this done in the place of what the agent proposes now, or next; any thread may call it."""
        with self._lock:
            self._correction = action

    def correction(self, page: Observation) -> Action | None:
        """Return, once, what the person wants done in the place of what is proposed, with its control's ref on this page."""
        with self._lock:
            action, self._correction = self._correction, None
        if action is None or action.verb not in ON_CONTROL or action.ref is not None:
            return action
        return replace(action, ref=next((line.ref for line in page.lines if can_perform(action, line)), None))

    def follow(self, begun: Callable[[], None]) -> Iterator[Done]:
        """Yield what the person does until they hand back. `begun` is called once their hands are followed."""
        following = self._follow()
        try:
            with self._lock:
                self._following = following
                if not self._taken.is_set():  # handed back before it began
                    following.stop()
            begun()
            for before, action, result in following:
                yield before, self._name(action, before), result
        finally:
            with self._lock:
                self._following = None
                self._taken.clear()
            following.close()
