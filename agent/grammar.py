"""The grammar of one page: exactly the actions that can be performed on it, in llguidance's Lark form.

An action on a control that is not there, a choice that its list does not offer, a key that does not exist: none of them can
be produced under this grammar, whatever the model and its size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from browser.actions import KEYS, Action, Verb, parse
from browser.types import COLLAPSED, Line, Observation, quote

FIELD_ROLES = frozenset({"textbox", "searchbox", "combobox", "spinbutton", "slider"})
_TEXT = r'TEXT: /"([^"\\\n\r]|\\["\\n])*"/'
_ADDRESS = r'ADDRESS: /"(https?:\/\/|\/)[^"\\\n\r ]*"/'


Futile = AbstractSet[tuple[Verb, int]]
"""What was done to which control, by ref, and changed nothing on the page."""


@dataclass(frozen=True, slots=True)
class Copying:
    """A text that the next step takes from the task: some words of it, in a row, between what is always the same."""

    verb: Verb
    """`type` or `open`."""
    name: str
    """The field; empty for an address."""
    before: str
    after: str
    task: str
    frame: frozenset[str] = frozenset()
    """The longer words, in lower case, that the demonstration's task had around what was copied: words of the skill, hardly of a value."""
    value: str = ""
    """What the demonstration copied; empty where none is at hand."""

    @property
    def rules(self) -> str:
        """Write the terminal COPY, quotes included."""
        before, words, after = quote(self.before)[:-1], quote(self.task)[1:-1], quote(self.after)[1:]
        copy = f"COPY: {_literal(before)} WORDS {_literal(after)}"
        return f'{copy}\nWORDS: %regex {{ "substring_words": {_literal(words)} }}'


def can_click(line: Line) -> bool:
    """Whether pressing the control is possible now."""
    return line.ref is not None and line.role != COLLAPSED and "disabled" not in line.states


def can_type(line: Line) -> bool:
    """Whether the control is a field that takes text now."""
    return (
        line.ref is not None
        and line.role in FIELD_ROLES
        and not line.options
        and not {"disabled", "readonly"} & set(line.states)
    )


def can_type_secret(line: Line) -> bool:
    """Whether the control is a field for secrets: a password, a one-time code, a card."""
    return can_type(line) and "secret" in line.states


def can_select(line: Line) -> bool:
    """Whether the control is a list whose options are known."""
    return line.ref is not None and bool(line.options) and "disabled" not in line.states


def can_perform(action: Action, line: Line) -> bool:
    """Whether an action on a control can be performed on this one now, whatever its ref."""
    if line.name != action.name:
        return False
    match action.verb:
        case Verb.SELECT:
            return can_select(line) and action.text in line.options
        case Verb.TYPE:
            return can_type_secret(line) if action.secret else can_type(line)
        case Verb.EXPAND:
            return line.role == COLLAPSED
        case _:
            return can_click(line)


def action_grammar(
    page: Observation,
    copying: Copying | None = None,
    futile: Futile = frozenset(),
    secrets: Sequence[str] = (),
    *,
    with_rare: bool = False,
    answer_schema: str = "",
) -> str:
    """Write the grammar of the actions possible on this page, each ended by a line break.

    With `copying`, what is typed into its field (or opened) consists of words of the task. What is `futile` is left out. Where
    the person granted `secrets` that belong to this page, its secret fields take one of them, and no text that is made up.
    The rare verbs (hover, drag, forward) are for models that read the manual; ours was never taught them.
    With `answer_schema`, a JSON Schema, what follows `done` is JSON that fits it, without quotes around it: `read_action`.
    """

    def offered(verb: Verb, can: Callable[[Line], bool]) -> list[Line]:
        return [line for line in page.lines if can(line) and (verb, line.ref) not in futile]

    clickable = [_target(line) for line in offered(Verb.CLICK, can_click)]
    typed, choices = offered(Verb.TYPE, can_type), offered(Verb.SELECT, can_select)
    copied = [line for line in typed if copying and copying.verb is Verb.TYPE and line.name == copying.name]
    closed = [line for line in typed if secrets and can_type_secret(line)]
    copied = [line for line in copied if line not in closed]
    fields = [_target(line) for line in typed if line not in copied and line not in closed]
    done, answer = _answer(answer_schema)
    forms = [
        '"press " KEY',
        '"open " COPY' if copying and copying.verb is Verb.OPEN else '"open " ADDRESS',
        '"back"',
        '"scroll " ("down" | "up")',
        '"wait"',
        '"find " TEXT',
        '"ask " TEXT',
        done,
        '"fail " TEXT',
    ]
    if with_rare:
        forms += ['"hover " (anything | TEXT)', '"drag " (anything | TEXT) " " TEXT', '"forward"']
    rules = [_TEXT, _ADDRESS, f"KEY: {_either(quote(key) for key in KEYS)}", *answer]
    if with_rare:
        there = [_target(line) for line in page.lines if line.ref is not None]
        rules.append(f"anything: {_either(there)}" if there else "anything: TEXT")
    if clickable:
        forms.insert(0, '"click " clickable')
        rules.append(f"clickable: {_either(clickable)}")
    if collapsed := [_target(line) for line in page.lines if line.role == COLLAPSED]:
        forms.append('"expand " collapsed')
        rules.append(f"collapsed: {_either(collapsed)}")
    if fields:
        forms.insert(1, '"type " field " " TEXT')
        rules.append(f"field: {_either(fields)}")
    forms[1:1] = _secret_forms(closed, secrets)
    if copying and copied:
        forms.insert(1, f'"type " ({_either(map(_target, copied))}) " " COPY')
    if copying and (copied or copying.verb is Verb.OPEN):
        rules.append(copying.rules)
    if choices:
        forms.insert(1, '"select " choice')
        rules.append(
            "choice: "
            + "\n  | ".join(
                f"{_literal(_target(line) + ' ')} ({_either(quote(option) for option in line.options)})"
                for line in choices
            )
        )
    return "\n".join(['start: action "\\n"', "action: " + "\n  | ".join(forms), *rules]) + "\n"


def _answer(schema: str) -> tuple[str, list[str]]:
    """Write the form of `done`, and the rule it needs: any text, or compact JSON that fits a schema."""
    if not schema:
        return '"done" (" " TEXT)?', []
    compact = {**json.loads(schema), "x-guidance": {"whitespace_flexible": False}}
    return '"done " answer', [f"answer: %json {json.dumps(compact)}"]


def read_action(written: str, answer_schema: str = "") -> Action:
    """Read an action that was written under this grammar. Raises ValueError for any other text."""
    if answer_schema and written.startswith(f"{Verb.DONE} "):
        return Action(Verb.DONE, text=written.removeprefix(f"{Verb.DONE} ").strip())
    return parse(written)


def _secret_forms(fields: Sequence[Line], secrets: Sequence[str]) -> list[str]:
    """Write how these fields take one of the secrets; nothing without a field."""
    names = _either(f"<secret:{name}>" for name in secrets)
    return [f'"type " ({_either(map(_target, fields))}) " " ({names})'] if fields else []


def _target(line: Line) -> str:
    return f"{quote(line.name)} [{line.ref}]"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _either(texts: object) -> str:
    return "\n  | ".join(_literal(text) for text in dict.fromkeys(texts))  # type: ignore[call-overload]
