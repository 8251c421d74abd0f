"""What the agent sees of a page, and the Environment it acts in. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from browser.actions import Action


def quote(text: str) -> str:
    r"""Put text between double quotes on one line; `"`, `\` and line breaks are escaped with `\`."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\r", "").replace("\n", "\\n").replace("\t", " ") + '"'


def unquote(quoted: str) -> str:
    """Invert `quote`. Raises ValueError when the text is not one quoted string."""
    if len(quoted) < 2 or quoted[0] != '"' or quoted[-1] != '"':
        raise ValueError(f"not a quoted string: {quoted}")
    out, escaped = [], False
    for char in quoted[1:-1]:
        if escaped:
            out.append("\n" if char == "n" else char)
        elif char == '"':
            raise ValueError(f"a quote inside needs a backslash: {quoted}")
        elif char != "\\":
            out.append(char)
        escaped = char == "\\" and not escaped
    if escaped:
        raise ValueError(f"the last quote is escaped: {quoted}")
    return "".join(out)


COLLAPSED = "more"
"""The role of a line that stands for a long run of alike things; its name counts those not shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a person can see or use on the page."""

    role: str
    """The ARIA role, or `text`, `row`, `columns`, `clickable`, `file`, `canvas`, `more`."""
    name: str
    """What a person would call it. For text and rows: the words themselves."""
    ref: int | None = None
    """The number an Action names it by, stable for the element's life. None for what cannot be acted on."""
    value: str = ""
    states: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """The choices of a native select, at most 30."""
    in_row: bool = False
    """Whether it stands in a row of a table, the one whose words come before it. Not part of what the policy reads."""

    def render(self) -> str:
        """Write the line as the policy reads it: `role "name" [ref] = "value" states: options`."""
        parts = [self.role, quote(self.name)]
        if self.ref is not None:
            parts.append(f"[{self.ref}]")
        if self.value:
            parts.append(f"= {quote(self.value)}")
        parts.extend(self.states)
        text = " ".join(parts)
        if self.options:
            text += ": " + " | ".join(quote(option) for option in self.options)
        return text

    def to_json(self) -> dict[str, Any]:
        """Return the smallest JSON object that `from_json` turns back into this line."""
        record: dict[str, Any] = {"role": self.role, "name": self.name}
        if self.ref is not None:
            record["ref"] = self.ref
        for key in ("value", "states", "options"):
            if getattr(self, key):
                record[key] = getattr(self, key)
        if self.in_row:
            record["row"] = True
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Line:
        """Read a line that the walker or the store wrote. Unknown keys are ignored."""
        return cls(
            role=record["role"],
            name=record["name"],
            ref=record.get("ref"),
            value=record.get("value", ""),
            states=tuple(record.get("states") or ()),
            options=tuple(record.get("options") or ()),
            in_row=bool(record.get("row", False)),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """Where pressing a control leads. For the guard alone: no policy reads it, no recording keeps it."""

    method: str
    """`link`, or how its form is sent: `get`, `post`, `dialog`."""
    url: str
    """The whole address."""
    submit: str = ""
    """For a field: the name of the button that Enter presses. For what has the focus and is no line: its name."""
    form: int = 0
    """Equal numbers are one form; 0 for a link."""


@dataclass(frozen=True, slots=True)
class FramePart:
    """The stretch of an observation's lines that came from one frame of another origin."""

    url: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at the page: everything the policy is told about it."""

    url: str
    title: str
    lines: tuple[Line, ...]
    focus: int | None = None
    dialog: str | None = None
    more_above: int = 0
    more_below: int = 0
    mutations: int = 0
    """How many DOM changes the page had made when it was read; equal numbers mean nothing moved."""
    elements: int = 0
    took_ms: float = field(default=0.0, compare=False)
    targets: Mapping[int, Target] = field(default_factory=dict, compare=False)
    """Where controls lead, by ref; under 0 what has the focus when it is no line. For the guard; empty in recordings."""
    frames: tuple[FramePart, ...] = field(default=(), compare=False)
    """The visible frames of other origins. For the guard; empty in recordings."""
    blocks: tuple[str, ...] = field(default=(), compare=False)
    """How the site turned the agent away, when the last page loads, one after the other, were refused. Told once."""

    @property
    def path(self) -> str:
        """The address without origin; a query keeps its keys and short values."""
        parts = urlsplit(self.url)
        path = parts.path or "/"
        query = parts.query if len(parts.query) <= 60 else parts.query[:60] + "…"
        return f"{path}?{query}" if query else path

    @property
    def origin(self) -> str:
        """Scheme, host and port of the page."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def find(self, ref: int) -> Line | None:
        """Return the line with this ref, None when the page has none."""
        return next((line for line in self.lines if line.ref == ref), None)

    def origin_at(self, number: int) -> str:
        """Return the origin that a line came from: the page's, or that of the frame it stands in."""
        for part in self.frames:
            if part.first <= number < part.first + part.count:
                parts = urlsplit(part.url)
                return f"{parts.scheme}://{parts.netloc}"
        return self.origin

    def origin_of(self, line: Line) -> str:
        """Return the origin that a control came from. It is found by its ref, which no other line has."""
        number = next((number for number, other in enumerate(self.lines) if other.ref == line.ref), -1)
        return self.origin_at(number)

    def render(self) -> str:
        """Write the page as lines of text, with what the cap left out."""
        text = [line.render() for line in self.lines]
        if self.more_above:
            text.insert(0, f"({self.more_above} more above)")
        if self.more_below:
            text.append(f"({self.more_below} more below)")
        return "\n".join(text)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `from_json` turns back into this observation, without timings."""
        return {
            "url": self.url,
            "title": self.title,
            "focus": self.focus,
            "dialog": self.dialog,
            "more_above": self.more_above,
            "more_below": self.more_below,
            "mutations": self.mutations,
            "elements": self.elements,
            "lines": [line.to_json() for line in self.lines],
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Observation:
        """Read an observation that `to_json` wrote."""
        fields = dict(record)
        fields["lines"] = tuple(Line.from_json(line) for line in record["lines"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of one action."""

    observation: Observation
    ok: bool = True
    note: str = ""
    """One line for the policy: why the action failed, or what else happened (a dialog, a download, a new tab)."""
    unknown: bool = False
    """Whether nobody knows if the action was done, since the browser was lost meanwhile. It is not repeated unasked."""


class Environment(Protocol):
    """Where an agent acts: a live page, a dream of one, or a procedural app."""

    def reset(self) -> Observation:
        """Begin: open the start page and look at it."""
        ...

    def step(self, action: Action) -> StepResult:
        """Do one action, wait until the page is quiet, and look again."""
        ...

    def close(self) -> None:
        """Give everything back. Safe to call twice."""
        ...
