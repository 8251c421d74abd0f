"""A site as a state machine that is mined from recordings of it.

A state is a page, where it stands in a recording, and the values that flow from here on in the place of recorded ones. An action
is answered by the recorded step that is most like it: the same control on the same kind of page, with the same fields filled.
What a form held in the recording and holds otherwise now becomes a slot: wherever later pages say the one, they now say the other,
except in what they said before anybody wrote it. What no recorded step resembles is not answered.

A machine that does not reproduce every recorded step, once its own recordings are walked through it, is not to be used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urljoin, urlsplit

from agent.grammar import FIELD_ROLES
from agent.lessons.said import replaced
from browser.actions import ON_CONTROL, Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.dream.recording import Recording
from consolidation.rehearsal.leftovers import TOGGLED, toggled
from consolidation.segments import Step

FILLS = (Verb.TYPE, Verb.SELECT)
_LEADS = frozenset({"link", "tab", "menuitem", "treeitem"})
"""Roles that lead somewhere, whatever the fields of the page hold."""
Key = tuple[str, str, int]
"""A line by role, name, and its number among those that are alike."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A step of a recording, both by number."""

    recording: int
    step: int

    def next(self) -> Position:
        """Return the step after it."""
        return replace(self, step=self.step + 1)


@dataclass(frozen=True, slots=True)
class Value:
    """What was written instead of what the recording has."""

    old: str
    new: str
    known: frozenset[str]
    """What pages said before it was written: that has nothing to do with it."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a dream stands. `previous` is where `back` leads."""

    page: Observation
    at: Position
    values: tuple[Value, ...] = ()
    previous: State | None = None

    def moved(self, page: Observation, at: Position, values: tuple[Value, ...] | None = None) -> State:
        """Return the state after a step."""
        left = page.url != self.page.url
        return State(page, at, self.values if values is None else values, self if left else self.previous)

    def says(self, text: str) -> str:
        """Return what the site says now where the recording says `text`."""
        return replaced(text, {value.old: value.new for value in self.values if text not in value.known})


@dataclass(frozen=True, slots=True)
class Machine:
    """The mined site."""

    recordings: Sequence[Recording]

    def step(self, state: State, action: Action) -> tuple[StepResult, State] | None:
        """Answer an action; None when nothing that was recorded resembles it."""
        found = self._like(state, action)
        if found is not None:
            return self._as_recorded(state, action, *found)
        line = state.page.find(action.ref) if action.ref is not None else None
        if line is not None and (edited := _edited(line, action)) is not None:
            page = _with_lines(state.page, {line.ref: edited})
            return StepResult(page), replace(state, page=page)
        if action.verb is Verb.BACK and state.previous is not None:
            return StepResult(state.previous.page), replace(state.previous, values=state.values)
        if action.verb is Verb.OPEN:
            return self._visit(state, action.text)
        if action.verb is Verb.WAIT:
            return StepResult(state.page), state
        return None

    def _as_recorded(self, state: State, action: Action, at: Position, step: Step) -> tuple[StepResult, State] | None:
        """Do what a recorded step did, with the values of now."""
        values = state.values
        if action.verb not in FILLS:
            written = _written(state, action, step, self._known(at))
            if written is None:
                return None
            values = _joined(state.values, written)
        told = replace(state, values=values)
        page = _carried(told, action, step)
        result = StepResult(page, step.result.ok, told.says(step.result.note))
        return result, state.moved(page, at.next(), values)

    def _like(self, state: State, action: Action) -> tuple[Position, Step] | None:
        """Return the recorded step that resembles an action most: filled alike, on the most similar page, the next of its recording."""
        best: tuple[tuple[object, ...], Position, Step] | None = None
        here = _bag(state.page.lines)
        for number, recording in enumerate(self.recordings):
            for index, step in enumerate(recording.steps):
                if not _same_deed(state, action, step):
                    continue
                at = Position(number, index)
                then = _bag(_said_lines(state, step.observation.lines))
                likeness = (here & then).total() / max(here.total(), then.total(), 1)
                same_page = _kind(state, step.observation) == _kind(State(state.page, at), state.page)
                rank = (
                    same_page,
                    -_filled_otherwise(state.page, step.observation),
                    likeness,
                    step.action.text == action.text,
                    at == state.at,
                    at,
                )
                if best is None or rank > best[0]:
                    best = (rank, at, step)
        return best[1:] if best else None

    def _visit(self, state: State, address: str) -> tuple[StepResult, State] | None:
        """Open an address that some recorded page had; of several, the page that is nearest in the recording."""
        wanted = urljoin(state.page.url, address)
        pages = [
            (Position(number, index), page)
            for number, recording in enumerate(self.recordings)
            for index, step in enumerate(recording.steps)
            for page in (step.observation,)
            if unquote(state.says(page.url)) == unquote(wanted)
        ]
        if not pages:
            return None
        near = min(pages, key=lambda item: (item[0].recording != state.at.recording, abs(item[0].step - state.at.step)))
        page = _said_page(state, near[1])
        return StepResult(page), state.moved(page, near[0])

    def _known(self, at: Position) -> frozenset[str]:
        """Return what the pages of a recording had said, and offered, when a step was done; what fields held does not count."""
        lines = [line for step in self.recordings[at.recording].steps[: at.step + 1] for line in step.observation.lines]
        return frozenset(text for line in lines for text in (line.name, *line.options))


def mismatches(machine: Machine, recordings: Sequence[Recording]) -> list[str]:
    """Walk every recording through the machine; say where it does not come to the recorded page."""
    wrong = []
    for number, recording in enumerate(recordings):
        state = State(recording.start, Position(number, 0))
        for index, step in enumerate(recording.steps):
            where = f"step {index + 1} of session {recording.session}"
            if state.page != step.observation:
                wrong.append(f"{where}: the page had changed by itself")
                state = State(step.observation, Position(number, index))
            answer = machine.step(state, step.action) or (None, state)
            if answer[0] != step.result:
                wrong.append(f"{where}: {step.action.render()} led elsewhere")
                state = State(step.result.observation, Position(number, index + 1))
            else:
                state = answer[1]
    return wrong


def _same_deed(state: State, action: Action, step: Step) -> bool:
    """Whether a recorded step did the same to the same control on a page of the same kind; what leads somewhere does it from any page."""
    if step.action.verb is not action.verb:
        return False
    same_kind = _kind(state, step.observation) == _kind(State(state.page, state.at), state.page)
    if action.verb not in ON_CONTROL:
        if action.verb is Verb.OPEN:
            return _lead(step.action.text) == _lead(action.text)
        return same_kind and state.says(step.action.text) == action.text
    line = state.page.find(action.ref) if action.ref is not None else None
    recorded = step.observation.find(step.action.ref) if step.action.ref is not None else None
    if line is None or recorded is None or line.role != recorded.role or state.says(recorded.name) != line.name:
        return False
    return same_kind or line.role in _LEADS


def _kind(state: State, page: Observation) -> tuple[str, str, str]:
    """Return what kind of page it is: its path, numbers aside, and its dialog."""
    path = re.sub(r"\d+", "#", state.says(unquote(urlsplit(page.url).path)))
    return page.origin, path, state.says(page.dialog or "")


def _lead(address: str) -> str:
    """Return an address without its last part, the one that is a value."""
    match = re.match(r".*[:/=]", address)
    return match[0] if match else ""


def _filled_otherwise(here: Observation, then: Observation) -> int:
    """Count the fields of both pages that are empty on one of them only."""
    mine, theirs = _keyed(here.lines), _keyed(then.lines)
    return sum(
        bool(mine[key].value) != bool(theirs[key].value)
        for key in mine.keys() & theirs.keys()
        if mine[key].role in FIELD_ROLES
    )


def _written(state: State, action: Action, step: Step, known: frozenset[str]) -> list[Value] | None:
    """Return what the page holds otherwise than the recorded one did; None when that has another form, and nobody knows what it does."""
    if action.verb is Verb.OPEN:
        return [_value(step.action.text, action.text, known)] if action.text != step.action.text else []
    mine, theirs = _keyed(state.page.lines), _keyed(_said_lines(state, step.observation.lines))
    line = state.page.find(action.ref) if action.ref is not None else None
    if line is not None and (line.role in _LEADS or line.role in TOGGLED):
        return []
    values: list[Value] = []
    boxes: tuple[list[str], list[str]] = ([], [])
    for key in sorted(mine.keys() & theirs.keys()):
        now, then = mine[key], theirs[key]
        if now.role in FIELD_ROLES and now.value != then.value:
            if not now.value or not then.value:
                return None
            values.append(Value(then.value, now.value, known))
        elif now.role in TOGGLED and ("checked" in now.states) != ("checked" in then.states):
            boxes["checked" in now.states].append(now.name)
    if len(boxes[0]) != len(boxes[1]):
        return None
    return values + [Value(old, new, known) for old, new in zip(*boxes, strict=True)]


def _value(old: str, new: str, known: frozenset[str]) -> Value:
    lead = len(_lead(old))
    return Value(old[lead:], new[lead:], known)


def _joined(before: tuple[Value, ...], written: Iterable[Value]) -> tuple[Value, ...]:
    """Add values to those that flow already. One that was written over an earlier one takes its place in the recording, too."""
    flowing = {value.old: value for value in before}
    for value in written:
        old = next((other.old for other in flowing.values() if other.new == value.old), value.old)
        flowing[old] = replace(value, old=old)
    return tuple(value for value in flowing.values() if value.old and value.old != value.new)


def _carried(state: State, action: Action, step: Step) -> Observation:
    """Return the page that a recorded step led to, as it is said now, with what the step left alone as it stands here."""
    here = _keyed(state.page.lines)
    before = _keyed(_said_lines(state, step.observation.lines))
    target = step.action.ref
    after = _said_page(state, step.result.observation)
    keys = list(_keys(after.lines))
    lines = []
    for key, line, recorded in zip(keys, after.lines, step.result.observation.lines, strict=True):
        now, then = here.get(key), before.get(key)
        if now is not None and then is not None and (line.role in FIELD_ROLES or line.role in TOGGLED):
            mine = recorded.ref == target and target is not None
            line = _field(line, then, now, action, step) if mine else _kept(line, then, now)
        lines.append(line)
    return replace(after, lines=tuple(lines))


def _kept(line: Line, then: Line, now: Line) -> Line:
    """Return a field that the recorded step did not change, as it stands now."""
    if line.value == then.value and line.value != now.value:
        line = replace(line, value=now.value)
    if line.states == then.states and line.states != now.states:
        line = replace(line, states=now.states)
    return line


def _field(line: Line, then: Line, now: Line, action: Action, step: Step) -> Line:
    """Return the field that a step writes into, with what is written now."""
    if action.verb in FILLS:
        if action.text != step.action.text and line.value == " ".join(step.action.text.split()):
            return replace(line, value=" ".join(action.text.split()))
        return line
    if now.states != then.states and ("checked" in line.states) != ("checked" in then.states):
        return replace(line, states=toggled(now).states)
    return line


def _edited(line: Line, action: Action) -> Line | None:
    """Return a field after something was done to it that was never recorded; None for what is no field."""
    if action.verb in FILLS and (line.role in FIELD_ROLES or line.options):
        return replace(line, value=" ".join(action.text.split()))
    return toggled(line) if action.verb is Verb.CLICK and line.role in TOGGLED else None


def _said_page(state: State, page: Observation) -> Observation:
    """Return a recorded page as the site shows it now."""
    if not state.values:
        return page
    return replace(
        page,
        url=state.says(page.url),
        title=state.says(page.title),
        dialog=page.dialog and state.says(page.dialog),
        lines=tuple(_said_lines(state, page.lines)),
    )


def _said_lines(state: State, lines: Iterable[Line]) -> list[Line]:
    if not state.values:
        return list(lines)
    return [
        replace(
            line,
            name=state.says(line.name),
            value=state.says(line.value),
            options=tuple(map(state.says, line.options)),
        )
        for line in lines
    ]


def _with_lines(page: Observation, edits: dict[int | None, Line]) -> Observation:
    return replace(
        page, lines=tuple(edits.get(line.ref, line) if line.ref is not None else line for line in page.lines)
    )


def _keys(lines: Iterable[Line]) -> Iterable[Key]:
    seen: Counter[tuple[str, str]] = Counter()
    for line in lines:
        kind = (line.role, line.name)
        yield (*kind, seen[kind])
        seen[kind] += 1


def _keyed(lines: Iterable[Line]) -> dict[Key, Line]:
    lines = list(lines)
    return dict(zip(_keys(lines), lines, strict=True))


def _bag(lines: Iterable[Line]) -> Counter[tuple[str, str, str, tuple[str, ...]]]:
    """Return the lines of a page, refs aside, for comparing."""
    return Counter((line.role, line.name, line.value, line.states) for line in lines)
