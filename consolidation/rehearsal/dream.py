"""A dream: an Environment built from one recorded session (or a variant of it), for the student to act in.

It answers the recorded path exactly. Fields are alive: they can be filled in any order, wrongly and again. A step that moves the
app on (a click that led to another page) does so only when everything recorded before it has been done and nothing is
filled wrongly; any other action changes nothing. What the recording does not show is never made up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.leftovers import TOGGLED, toggled
from consolidation.rehearsal.variants import Variant, same_action
from consolidation.segments import Step


@dataclass(slots=True)
class Dream:
    """Walk a variant. `finished` tells whether `done` came after every recorded step was done."""

    variant: Variant
    finished: bool = False
    _at: int = 0
    _early: set[int] = field(default_factory=set)
    """Recorded steps done ahead of their turn."""
    _edits: dict[int, Line] = field(default_factory=dict)
    """Lines that differ from the recording, by ref."""

    def reset(self) -> Observation:
        """Start at the first recorded page."""
        self._at, self.finished = 0, False
        self._early.clear()
        self._edits.clear()
        return self._page()

    def close(self) -> None:
        """Nothing to give back."""

    @property
    def expected(self) -> Action:
        """The recorded action whose turn it is."""
        return self.variant.steps[self._at].action

    def right(self, action: Action) -> Action | None:
        """Return the action itself if it is right now, else the right one: mend a wrong field first, then go on as recorded.

        None when a field holds what no action takes back: from there the recording cannot be gone on with.
        """
        due = {step.action.ref for step in self._coming()}
        wrong = [ref for ref in self._wrong() if ref not in due]
        mends = [self._mend(ref) for ref in wrong]
        if None in mends:
            return None
        mend = mends[0] if mends else None
        if mend is None and self._find_later(action) is not None:
            return action
        right = mend or self.expected
        return action if same_action(action, right) else right

    def step(self, action: Action) -> StepResult:
        """Do one action, as far as the recording knows what comes of it."""
        if action.verb is Verb.DONE:
            self.finished = self.expected.verb is Verb.DONE and action.text == self.expected.text and not self._edits
            return StepResult(self._page())
        step = self.variant.steps[self._at]
        if same_action(action, step.action) and (not self._wrong() or _is_field(step)):
            self._edits.pop(action.ref or -1, None)
            self._advance()
            return StepResult(self._page(), step.result.ok, step.result.note)
        later = self._find_later(action)
        if later is not None:
            self._early.add(later)
            self._edits[action.ref or -1] = self._effect(action)
        elif (
            action.ref is not None
            and self._page().find(action.ref) is not None
            and action.verb in (Verb.TYPE, Verb.SELECT)
        ):
            self._edits[action.ref] = self._effect(action)
            if self._edits[action.ref] == self.variant.steps[self._at].observation.find(action.ref):
                del self._edits[action.ref]  # back to what the recording has
        elif action.verb is Verb.CLICK and (line := self._page().find(action.ref or -1)) and line.role in TOGGLED:
            self._toggle(line)
        return StepResult(self._page())

    def _wrong(self) -> list[int]:
        """Return the fields that hold something that the recording does not have there by now."""
        early = {self.variant.steps[i].action.ref for i in self._early}
        return [ref for ref in self._edits if ref not in early]

    def _mend(self, ref: int) -> Action | None:
        """Return what brings a wrong field back to the recording; None when nothing does, as for one that was empty."""
        line = self.variant.steps[self._at].observation.find(ref)
        if line is None:
            return None
        if line.role in TOGGLED:
            return Action(Verb.CLICK, line.name, ref)
        verb = Verb.SELECT if line.options else Verb.TYPE
        return Action(verb, line.name, ref, line.value) if line.value else None

    def _coming(self) -> list[Step]:
        """Return the recorded steps from now on that only fill fields of this page."""
        rest = self.variant.steps[self._at :]
        end = next((i for i, step in enumerate(rest) if not _is_field(step)), len(rest))
        return list(rest[:end])

    def _advance(self) -> None:
        self._at += 1
        while self._at in self._early:
            self._early.discard(self._at)
            self._edits.pop(self.variant.steps[self._at].action.ref or -1, None)
            self._at += 1
        refs = {line.ref for line in self.variant.steps[self._at].observation.lines}
        self._edits = {ref: line for ref, line in self._edits.items() if ref in refs}

    def _find_later(self, action: Action) -> int | None:
        """Return the step that does this later on, if only fields are filled in between."""
        for i, step in enumerate(self._coming(), self._at):
            if i not in self._early and same_action(step.action, action):
                return i
        return None

    def _effect(self, action: Action) -> Line:
        line = self._page().find(action.ref or -1)
        assert line is not None, "the grammar only offers lines of the page"
        if action.verb is Verb.CLICK:
            return toggled(line)
        if action.secret:
            return replace(line, states=tuple(dict.fromkeys((*line.states, "filled"))))
        return replace(line, value=" ".join(action.text.split()))

    def _toggle(self, line: Line) -> None:
        assert line.ref is not None
        if line.ref in self._edits:
            del self._edits[line.ref]  # back to what the recording has
            self._early -= {i for i in self._early if self.variant.steps[i].action.ref == line.ref}
        else:
            self._edits[line.ref] = toggled(line)

    def _page(self) -> Observation:
        page = self.variant.steps[self._at].observation
        if not self._edits:
            return page
        return replace(
            page, lines=tuple(self._edits.get(line.ref, line) if line.ref is not None else line for line in page.lines)
        )


def _is_field(step: Step) -> bool:
    """Whether a recorded step only filled a field of the page it was on."""
    if step.action.verb in (Verb.TYPE, Verb.SELECT):
        return True
    line = step.observation.find(step.action.ref or -1)
    return step.action.verb is Verb.CLICK and line is not None and line.role in TOGGLED
