"""When a night may run. Pure: what was read in, a verdict with its reason out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?)?\s*(?:(?P<begin>\d\d?:\d\d)-(?P<end>\d\d?:\d\d))?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Readings:
    """The state of the machine at one moment."""

    away: float | None
    """Seconds since anybody touched it; None when that cannot be known."""
    on_mains: bool
    others: float
    """Share of all cores, 0 to 1, that other programs use."""
    gpu: float | None = None
    """Share of the graphics card, 0 to 1, that other programs use; None without one."""
    celsius: float | None = None
    """The hottest sensor; None without sensors."""
    at: datetime = datetime.min
    """Local time."""
    in_session: bool = False
    """Whether the agent itself is at work."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of the week in which nights may run: `mon-fri 22:00-07:00`, `sat`, `01:00-05:30`."""

    days: frozenset[int]
    begin: int = 0
    """Minutes after midnight."""
    end: int = 24 * 60
    """Minutes after midnight; not after `begin`: on the next day."""

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Read one entry. Raises ValueError that says what is wrong."""
        match = _HOURS.fullmatch(text.strip())
        if not match or not text.strip():
            raise ValueError(f"write hours as mon-fri 22:00-07:00, sat or 01:00-05:30: {text!r}")
        first, last = (_day(match[name], text) if match[name] else None for name in ("first", "last"))
        if first is None:
            days = frozenset(range(7))
        else:
            span = ((last if last is not None else first) - first) % 7
            days = frozenset((first + offset) % 7 for offset in range(span + 1))
        if match["begin"] is None:
            return cls(days)
        return cls(days, _minutes(match["begin"], text), _minutes(match["end"], text))

    def hold(self, at: datetime) -> bool:
        """Whether a moment is within them."""
        minute = at.hour * 60 + at.minute
        today, yesterday = at.weekday() in self.days, (at - timedelta(days=1)).weekday() in self.days
        if self.begin < self.end:
            return today and self.begin <= minute < self.end
        return (today and minute >= self.begin) or (yesterday and minute < self.end)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a night may run now, and the one reason that a person is told."""

    may_run: bool
    reason: str


@dataclass(frozen=True, slots=True)
class IdleRules:
    """The bounds. To begin is harder than to go on, so that nothing flutters."""

    away: float = 180.0
    """Seconds without input before a night begins."""
    back: float = 2.0
    """Input within so many seconds means that the person is back."""
    others_begin: float = 0.25
    others_go_on: float = 0.50
    """Other programs' share of the cores: below the first a night begins, above the second it stops."""
    gpu_begin: float = 0.10
    gpu_go_on: float = 0.50
    hot: float = 85.0
    cooled: float = 75.0
    """Degrees Celsius: at the first a night stops, below the second one begins."""
    hours: tuple[Hours, ...] = ()
    """When nights may run; empty for always."""
    on_battery: bool = False
    """Whether nights may run on battery."""

    def judge(self, now: Readings, *, running: bool) -> Verdict:
        """Decide, for a night that runs or one that waits."""
        for refusal in (self._person(now, running), self._machine(now, running), self._others(now, running)):
            if refusal:
                return Verdict(False, refusal)
        return Verdict(True, "nobody is here and the machine is free")

    def _person(self, now: Readings, running: bool) -> str:
        if self.hours and not any(hours.hold(now.at) for hours in self.hours):
            return "these are not the hours for it"
        if now.in_session:
            return "a session is running"
        if now.away is None:
            return "it cannot be told here whether somebody is at the machine"
        if running:
            return "somebody is here" if now.away < self.back else ""
        return f"somebody was here {now.away:.0f} s ago" if now.away < self.away else ""

    def _machine(self, now: Readings, running: bool) -> str:
        if not (now.on_mains or self.on_battery):
            return "the machine runs on battery"
        if now.celsius is not None and now.celsius >= (self.hot if running else self.cooled):
            return f"the machine is at {now.celsius:.0f} degrees"
        return ""

    def _others(self, now: Readings, running: bool) -> str:
        if now.others > (self.others_go_on if running else self.others_begin):
            return f"other programs use {now.others:.0%} of the processor"
        if now.gpu is not None and now.gpu > (self.gpu_go_on if running else self.gpu_begin):
            return f"other programs use {now.gpu:.0%} of the graphics card"
        return ""


def _day(name: str, text: str) -> int:
    if name.lower() not in DAYS:
        raise ValueError(f"{name!r} is no day; write {', '.join(DAYS)}: {text!r}")
    return DAYS.index(name.lower())


def _minutes(clock: str, text: str) -> int:
    hour, minute = map(int, clock.split(":"))
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"{clock} is no time of day: {text!r}")
    return hour * 60 + minute
