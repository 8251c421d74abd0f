"""The dream of a site: each step is answered by the most faithful tier that can, and says which one it was.

*Replay* knows recorded pages and what was done on them, exactly. *Mock* knows the site's states, and lets other values flow through
them. What neither knows is said to be unknown: the page stays as it is, and nothing is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from browser.actions import WITHOUT_PAGE, Action
from browser.types import Observation, StepResult
from consolidation.dream.mock import Machine, Position, State, mismatches
from consolidation.dream.recording import Recording
from consolidation.rehearsal.variants import same_action
from consolidation.segments import Step


class Tier(StrEnum):
    """Who answered a dreamt step."""

    REPLAY = "replay"
    MOCK = "mock"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Dreamt(StepResult):
    """What came of an action in a dream."""

    tier: Tier = Tier.UNKNOWN


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a dream, and how many steps led there."""

    state: State
    steps: int


@dataclass(slots=True)
class SiteDream:
    """An Environment made of the recordings of one site; it begins where the first of them began.

    `refused` says why the site's mock is not used: it must reproduce every recorded step.
    """

    recordings: Sequence[Recording]
    refused: str = ""
    answered: list[Tier] = field(default_factory=list)
    """Who answered each step since the beginning."""
    _machine: Machine | None = None
    _state: State = field(init=False)

    def __post_init__(self) -> None:
        machine = Machine(self.recordings)
        wrong = mismatches(machine, self.recordings)
        if wrong:
            self.refused = f"it does not reproduce {len(wrong)} recorded steps, the first: {wrong[0]}"
        else:
            self._machine = machine
        self._state = State(self.recordings[0].start, Position(0, 0))

    @property
    def page(self) -> Observation:
        """The page that the dream stands at."""
        return self._state.page

    @property
    def at_the_end(self) -> bool:
        """Whether the dream stands where the first recording ended, whatever values led there."""
        steps = self.recordings[0].steps
        ends = sum(step.action.verb in WITHOUT_PAGE for step in steps[-1:])
        return self._state.at.recording == 0 and self._state.at.step >= len(steps) - ends

    def reset(self) -> Observation:
        """Begin again."""
        self._state = State(self.recordings[0].start, Position(0, 0))
        self.answered.clear()
        return self.page

    def close(self) -> None:
        """Nothing to give back."""

    def step(self, action: Action) -> Dreamt:
        """Do one action, and say who knew what comes of it."""
        result, state, tier = self._answer(action)
        self.answered.append(tier)
        self._state = state
        return Dreamt(result.observation, result.ok, result.note, unknown=result.unknown, tier=tier)

    def mark(self) -> Mark:
        """Remember where the dream stands."""
        return Mark(self._state, len(self.answered))

    def return_to(self, mark: Mark) -> None:
        """Stand where the dream stood, as if nothing had been done since."""
        self._state = mark.state
        del self.answered[mark.steps :]

    def _answer(self, action: Action) -> tuple[StepResult, State, Tier]:
        if found := self._recorded(action):
            position, step = found
            return step.result, self._state.moved(step.result.observation, position.next()), Tier.REPLAY
        if action.verb in WITHOUT_PAGE:
            return StepResult(self.page), self._state, Tier.REPLAY
        if self._machine is not None and (answer := self._machine.step(self._state, action)):
            result, state = answer
            return result, state, Tier.MOCK
        note = "the dream does not know what comes of this"
        return StepResult(self.page, ok=False, note=note), self._state, Tier.UNKNOWN

    def _recorded(self, action: Action) -> tuple[Position, Step] | None:
        """Return the recorded step that is exactly this one: the next of its recording if that is it, else the latest."""
        if self._state.values:
            return None  # what was written here is not what was recorded, whatever this page shows of it
        found = [
            (Position(number, at), step)
            for number, recording in enumerate(self.recordings)
            for at, step in enumerate(recording.steps)
            if step.observation == self.page and same_action(step.action, action)
        ]
        return next((item for item in found if item[0] == self._state.at), found[-1] if found else None)
