"""The prompt: one renderer for every model, every day and every night.

Order: system, task, page, lessons, done so far, so that student, teacher and anchor share the longest prefix. A prompt is
a **keyframe** (the whole page, in the user's turn) and a **reply** that grows in the assistant's turn: each action, then the
lines of the page that it changed. A step therefore costs the tokens of what changed, not of the page, both when
the model acts (the key-value cache is only appended to) and when it learns (one sequence holds several decisions). A
new keyframe is taken when the page is another one, changed a lot, or the reply grew long. Below the task stand its **mentions**: the
things of the page that it names, counted. Before each action stands what of them no action has used yet, and, with a
demonstration among the lessons, its **cue**: the demonstrated step that comes next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.grammar import Copying, Futile
from agent.lessons.cues import MARK, Cues
from agent.lessons.mentions import Mentions, choices
from browser.actions import ON_CONTROL, Action, Verb, manual
from browser.types import Line, Observation, StepResult, quote

SYSTEM = "You operate a web app for a person. Answer with the next action."
MAX_REPLY_CHARS = 2000
"""A reply longer than this is folded into a new keyframe."""
MAX_CHANGES = 14
"""More changed lines than this, or more than half the page, and the page is shown whole again."""
MAX_DONE = 24
"""So many of the last actions are listed; earlier ones are counted. The store keeps them all."""
MAX_TITLE = 60
LEFT = "Left: "
"""Begins the line of what no action has used yet, a reminder."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the reply: a cue, an action the policy took, or what came of it."""

    text: str
    is_action: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a policy reads before one decision."""

    system: str
    user: str
    reply: tuple[Piece, ...] = ()
    copying: Copying | None = None
    """What the next text is made of, as a lesson shows it: for the grammar, not for the model."""
    futile: Futile = frozenset()
    """What the grammar does not offer while the page stays as it is."""
    task: str = ""
    """The person's words, as they stand in the prompt."""
    answer_schema: str = ""
    """The JSON Schema that the answer must fit, where the task came with one."""
    secrets: tuple[str, ...] = ()
    """Names of the granted secrets that belong to the present page: for the grammar, which offers them on secret fields."""

    @property
    def with_manual(self) -> bool:
        """Whether it explains the actions."""
        return self.system != SYSTEM

    def render(self) -> str:
        """Write the prompt for people; models get it through their own chat template."""
        return f"{self.system}\n\n{self.user}\n\n" + "".join(piece.text for piece in self.reply)


@dataclass(slots=True)
class Transcript:
    """A session as the policy reads it. Feed it what happened; ask it for the prompt.

    The same class renders live sessions, rehearsals and procedural episodes, so they cannot differ in form.
    """

    task: str
    lessons: Sequence[str] = ()
    with_manual: bool = False
    """Explain the actions: for models that were not trained on them."""
    answer_schema: str = ""
    """A JSON Schema for the answer, on one line; said below the task."""
    granted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The origins of each secret that the person granted, by its name."""
    page: Observation | None = None
    _keyframe: Observation | None = None
    _done: list[str] = field(default_factory=list)
    _folded: int = 0
    _reply: list[Piece] = field(default_factory=list)
    _used: list[str] = field(default_factory=list)
    """What the actions that went well named and wrote."""
    _futile: set[tuple[Verb, int]] = field(default_factory=set)
    keyframes: int = 0
    _cues: Cues = field(init=False)

    def __post_init__(self) -> None:
        self._cues = Cues.of(self.lessons)

    def start(self, observation: Observation) -> None:
        """Take the first look at the page."""
        self.page = observation
        self._take_keyframe(observation)

    def advance(self, action: Action, result: StepResult) -> None:
        """Add one action and what came of it."""
        before, after = self.page, result.observation
        assert before is not None, "start() comes first"
        self._done.append(action.render(with_ref=False))
        if result.ok:
            self._cues.advance(action, lambda step: _offers(before, step))
            self._used.append(f"{action.name}\n{action.text}")
        self._note_futile(action, before, result)
        changes = describe_change(before, after, action)
        self.page = after
        reply_chars = sum(len(piece.text) for piece in self._reply if not piece.text.startswith((LEFT, MARK)))
        if changes is None or reply_chars > MAX_REPLY_CHARS:
            if not result.ok or result.note:
                self._done.append(f"! {result.note or 'failed'}")
            self._take_keyframe(after)
            return
        lines = list(changes)
        if not result.ok or result.note:
            lines.insert(0, f"! {result.note or 'failed'}")
        elif not lines and not _is_expected_silence(before, after, action):
            lines.append("! nothing changed")
        self._reply.append(Piece(action.render() + "\n", is_action=True))
        if lines:
            self._reply.append(Piece("\n".join(lines) + "\n", is_action=False))
        self._remind()

    def prompt(self) -> Prompt:
        """Return what the policy reads now."""
        assert self._keyframe is not None, "start() comes first"
        return Prompt(
            self.system,
            self._user(self._keyframe),
            tuple(self._reply),
            self._cues.copying(self.task),
            frozenset(self._futile),
            self.task,
            self.answer_schema,
            self._secrets(),
        )

    def _secrets(self) -> tuple[str, ...]:
        """Name the granted secrets that belong to the page as it is now."""
        here = self.page.origin if self.page else ""
        return tuple(name for name, origins in sorted(self.granted.items()) if here in origins)

    @property
    def system(self) -> str:
        """The system turn; with the manual of actions when the model needs it."""
        return f"{SYSTEM}\n{manual()}" if self.with_manual else SYSTEM

    def _note_futile(self, action: Action, before: Observation, result: StepResult) -> None:
        """Remember what changed nothing at all and had nothing to tell; forget it when anything changes."""
        after = result.observation
        if (before.url, before.lines, before.mutations) != (after.url, after.lines, after.mutations):
            self._futile.clear()
        elif result.ok and not result.note and action.ref is not None:
            self._futile.add((action.verb, action.ref))

    def _take_keyframe(self, observation: Observation) -> None:
        self._keyframe = observation
        self._folded = len(self._done)
        self._reply.clear()
        self.keyframes += 1
        self._remind()

    def _remind(self) -> None:
        """Say, right before a decision, what is left of the task, and what a lesson does next."""
        assert self.page is not None
        mentions = self._mentions(self.page)
        if left := mentions.left(self._used):
            self._reply.append(Piece(f"{LEFT}{' '.join(map(quote, left))}\n", is_action=False))
        if lines := self._cues.lines(mentions, self.page.lines):
            self._reply.append(Piece("\n".join(lines) + "\n", is_action=False))

    def _mentions(self, page: Observation) -> Mentions:
        return Mentions.of(self.task, choices(page.lines))

    def _user(self, page: Observation) -> str:
        title = page.title if len(page.title) <= MAX_TITLE else page.title[: MAX_TITLE - 1] + "…"
        answer = [f"Answer: done, then JSON of this schema: {self.answer_schema}"] if self.answer_schema else []
        parts = [
            f"Task: {self.task}",
            *answer,
            *self._mentions(page).lines(),
            f"Page: {title} {page.path}",
            page.render(),
        ]
        if self.with_manual and (
            names := self._secrets()
        ):  # others know from a lesson; the grammar offers nothing else
            parts.append(f"Secrets: {' '.join(f'<secret:{name}>' for name in names)}")
        if self.lessons:
            parts.append("Lessons:")
            parts.extend(self.lessons)
        done = self._done[: self._folded]
        if done:
            parts.append("Done so far:")
            if len(done) > MAX_DONE:
                parts.append(f"({len(done) - MAX_DONE} earlier)")
            parts.extend(done[-MAX_DONE:])
        return "\n".join(parts)


def describe_change(before: Observation, after: Observation, action: Action) -> list[str] | None:
    """List what an action changed on the page, one line each; None when a new keyframe says it better.

    A change that is nothing but the action's own effect (the field now holds what was typed) is left out.
    """
    if (
        before.path.split("?")[0] != after.path.split("?")[0]
        or before.origin != after.origin
        or before.dialog != after.dialog
    ):
        return None
    old, new = _by_key(before.lines), _by_key(after.lines)
    changed = [
        line
        for key, line in new.items()
        if key in old and old[key] != line and not _is_own_effect(old[key], line, action)
    ]
    added = [line for key, line in new.items() if key not in old]
    removed = [line for key, line in old.items() if key not in new]
    count = len(changed) + len(added) + len(removed)
    if count > MAX_CHANGES or 2 * count > max(len(after.lines), 8):
        return None
    return [
        *(f"~ {line.render()}" for line in changed),
        *(f"- {line.role} {quote(line.name)}" for line in removed),
        *(f"+ {line.render()}" for line in added),
    ]


def _offers(page: Observation, step: Action) -> bool:
    """Whether the page has the control that a demonstrated step names."""
    return step.verb not in ON_CONTROL or any(line.ref is not None and line.name == step.name for line in page.lines)


def _by_key(lines: Iterable[Line]) -> dict[tuple[object, ...], Line]:
    """Index lines by what stays the same while their value and states change."""
    index: dict[tuple[object, ...], Line] = {}
    for line in lines:
        key: tuple[object, ...] = (line.ref,) if line.ref is not None else (line.role, line.name)
        while key in index:
            key = (*key, "again")
        index[key] = line
    return index


def _is_own_effect(old: Line, new: Line, action: Action) -> bool:
    """Whether the line changed only as its action meant it to."""
    if old.name != new.name or old.options != new.options:
        return False
    own = action.ref is not None and action.ref == new.ref
    if action.verb in (Verb.TYPE, Verb.SELECT):
        meant = new.value == " ".join(action.text.split()) or ("secret" in new.states and "filled" in new.states)
        return (
            own
            and meant
            and _without(old.states, "filled", "invalid") == _without(new.states, "filled", "invalid")
            and "invalid" not in new.states
        )
    if action.verb is Verb.CLICK and new.role in ("checkbox", "radio", "switch") and old.value == new.value:
        same = _without(old.states, "checked") == _without(new.states, "checked")
        return same and (own or (new.role == "radio" and "checked" not in new.states))
    return False


def _is_expected_silence(before: Observation, after: Observation, action: Action) -> bool:
    """Whether a step without visible change is no surprise: its own effect, or typing what was there already."""
    if action.verb in (Verb.WAIT, Verb.SCROLL, Verb.FIND, Verb.ASK):
        return True
    if action.ref is None:
        return False
    old, new = before.find(action.ref), after.find(action.ref)
    if old is None or new is None:
        return False
    if action.verb in (Verb.TYPE, Verb.SELECT):
        return new.value == " ".join(action.text.split()) or "filled" in new.states
    return old != new


def _without(states: tuple[str, ...], *names: str) -> tuple[str, ...]:
    return tuple(state for state in states if state not in names)
