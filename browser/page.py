"""One tab as lines of text: our walker in every frame, joined to one Observation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Error, Page

from browser.actions import ActionFailed
from browser.room import CAP, Room
from browser.types import COLLAPSED, FramePart, Line, Observation, Target
from browser.world import BrowserLost, Call, DocumentGone, World, call_all, script, translated

SCRIPTS = (
    *("nodes", "names", "drawings", "geometry", "notices", "relevance", "collapse", "twins", "targets"),
    *("walker", "hands", "press", "waits"),
)
"""Our scripts in every frame, in this order."""
BLOCK = 1000
"""Each frame of another origin numbers its controls in a thousand of its own; the page itself has 1 to 999, then what is free."""
MAX_DEPTH = 3
TRIES = 10
"""A page that moves on while it is read is read again, so many times."""
LOAD_MS = 10_000


@dataclass(slots=True)
class Frame:
    """One frame whose inside is read by a call of its own: the page itself, or a frame of another origin."""

    world: World
    id: str
    block: int = 0
    parent: Frame | None = None
    number: int = 0
    """What its parent's world calls the element that holds it."""
    seen: str = ""
    """The document that was last observed; numbers mean nothing in another one."""
    ids: dict[tuple[str, int], str] = field(default_factory=dict)
    """CDP ids of the frames in it, by document and number."""
    room: Room = field(default_factory=lambda: Room(0, 0))
    """What it was asked for last."""
    sought: dict[str, str] | None = None
    """What was found in it by the last action, and at which address: what the policy wants to read."""

    def call(self, function: str, *arguments: Any) -> Any:
        """Call one of our functions in this frame. Raises DocumentGone when it is gone, with its process perhaps."""
        try:
            return self.world.call(function, *arguments, frame=self.id)
        except BrowserLost as error:
            if self.parent is None:
                raise
            raise DocumentGone(self.id) from error

    def origin(self) -> tuple[float, float]:
        """Return where this frame's viewport begins in the tab's."""
        if self.parent is None:
            return 0.0, 0.0
        x, y = self.parent.origin()
        inner = self.parent.call("frameOrigin", self.number)
        if inner is None:
            raise ActionFailed("the frame that held it is gone")
        return x + inner["x"], y + inner["y"]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a frame was read as before it was known how much room it has."""

    document: str
    room: Room
    raw: dict[str, Any]

    def fits(self, room: Room) -> bool:
        """Whether reading it with this room would say the same: it is the same, or neither cuts anything."""
        lines = self.raw["lines"]
        whole = not self.raw["moreBelow"] and all(line["role"] != COLLAPSED for line in lines)
        return room == self.room or (whole and room.holds(lines, self.raw["cost"]))


class PageView:
    """Reads one tab and finds the controls in it. The page's DOM is never written to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._source = script(*SCRIPTS)
        self._outfits: list[Callable[[World], None]] = []
        self.world = World(page.context.new_cdp_session(page), self._source)
        self.main = Frame(self.world, self.world.root)
        self._frames: dict[str, Frame] = {}
        self._sessions: dict[str, World] = {}
        self._blocks = 0
        self._ahead: dict[str, Ahead] = {}
        self._shown: list[Frame] = []
        """The frames that were read in the last look: those of the next one, most likely."""

    def observe(self, cap: int = CAP) -> Observation:
        """Look at the page and its visible frames of other origins, all at once; frames that are new take a second round trip."""
        started = time.perf_counter()
        room = Room.of(cap)
        raw = self._steadily(room)
        lines, more_below, focus = raw["lines"], raw["moreBelow"], raw["focus"]
        targets, parts = raw["targets"], []
        if raw["frames"]:
            inner, cost, focused = self._read_frames(self.main, raw["frames"], room.for_frames(raw), 1, targets, parts)
            kept = room.beside(raw["costs"], raw["ranks"], Room(len(inner), cost))
            more_below += len(lines) - len(kept)
            lines = [lines[at] for at in kept]
            parts = [FramePart(url, first + len(lines), count) for url, first, count in parts]
            lines += _numbered(inner, lines)
            focus = focused if focused is not None else focus
        return Observation(
            url=raw["url"],
            title=raw["title"],
            lines=tuple(Line.from_json(line) for line in lines),
            focus=focus,
            dialog=raw["dialog"],
            more_above=raw["moreAbove"],
            more_below=more_below,
            mutations=raw["mutations"],
            elements=raw["elements"],
            took_ms=(time.perf_counter() - started) * 1000,
            targets={int(ref): Target(**target) for ref, target in targets.items()},
            frames=tuple(parts),
        )

    def answer(self) -> None:
        """Return once the page does anything at all. Raises BrowserLost when it crashed."""
        self.world.send("Runtime.evaluate", {"expression": "0"})

    def locate(self, ref: int) -> Frame:
        """Return the frame that holds the control. Raises ActionFailed when its document is another than the observed one."""
        block = ref // BLOCK % BLOCK
        frame = next((frame for frame in self._frames.values() if frame.block == block), self.main)
        if frame.seen != frame.world.context(frame.id):
            raise ActionFailed("the page has changed since it was read")
        return frame

    def forget_search(self) -> None:
        """Look for nothing any more."""
        for frame in self.frames():
            frame.sought = None

    def frames(self) -> Iterator[Frame]:
        """Yield the page and the frames of other origins seen in it."""
        yield self.main
        yield from self._frames.values()

    def worlds(self) -> Iterator[World]:
        """Yield the World of every process that shows a part of this page."""
        yield from (self.world, *self._sessions.values())

    def equip(self, outfit: Callable[[World], None]) -> None:
        """Do something to the World of every process that shows a part of this page, now and later."""
        self._outfits.append(outfit)
        for world in self.worlds():
            outfit(world)

    def strip(self, outfit: Callable[[World], None]) -> None:
        """Do it no more to Worlds to come."""
        self._outfits.remove(outfit)

    def _steadily(self, room: Room) -> dict[str, Any]:
        """Read the page itself; when it moves on meanwhile, read the next one."""
        for _ in range(TRIES):
            try:
                return self._read(self.main, room)
            except DocumentGone:
                with translated():
                    self.page.wait_for_load_state("domcontentloaded", timeout=LOAD_MS)
        raise BrowserLost(
            "The page moves on before it can be read", "Look at the app in a browser; it may be reloading without end."
        )

    def _read(self, frame: Frame, room: Room) -> dict[str, Any]:
        """Read one frame, unless it was read ahead with the room that it now has."""
        if frame is self.main:
            frame.id = self.world.root
            shown, self._shown, self._ahead = self._shown, [], {}
            self._read_ahead([(frame, room), *((other, other.room) for other in shown)])
        elif not (frame.id in self._ahead and self._ahead[frame.id].fits(room)):
            self._read_ahead([(frame, room)])
        ahead = self._ahead.pop(frame.id, None)
        if ahead is None or frame.world.context(frame.id) != ahead.document:
            raise DocumentGone(frame.id)
        frame.seen, frame.room = ahead.document, room
        if frame is not self.main:
            self._shown.append(frame)
        return ahead.raw

    def _read_ahead(self, frames: list[tuple[Frame, Room]]) -> None:
        """Read several frames at once, each with so much room."""
        asked, calls = [], []
        for frame, room in frames:
            taken = [other.block for other in self._frames.values() if other is not frame]
            options = {
                "cap": room.lines,
                "budget": room.cost,
                "base": frame.block * BLOCK + 1,
                "taken": taken,
                "sought": frame.sought,
            }
            try:
                document = frame.world.context(frame.id)
            except (DocumentGone, BrowserLost):
                if frame is self.main:
                    raise
                continue  # a frame that is gone, with its process perhaps, has nothing to say
            asked.append((frame, document, room))
            calls.append(Call(frame.world, document, "observe", (options,)))
        for (frame, document, room), raw in zip(asked, call_all(calls), strict=True):
            if not isinstance(raw, Exception):
                self._ahead[frame.id] = Ahead(document, room, raw)
            elif frame is self.main:
                raise raw
            elif isinstance(raw, BrowserLost):
                self._sessions.pop(frame.id, None)

    def _read_frames(
        self,
        parent: Frame,
        numbers: list[int],
        room: Room,
        depth: int,
        targets: dict[str, dict[str, Any]],
        parts: list[tuple[str, int, int]],
        first: int = 0,
    ) -> tuple[list[dict[str, Any]], float, int | None]:
        """Read the visible frames of other origins, outer ones first. One that goes away meanwhile has nothing to say.

        Returned are their lines, what these cost, and which has the focus. Where their controls lead goes to `targets`;
        where each begins among these lines, counted from `first`, to `parts`.
        """
        lines: list[dict[str, Any]] = []
        left, focus = room, None
        there = [frame for frame in (self._there(parent, number) for number in numbers) if frame is not None]
        self._read_ahead([(frame, room) for frame in there if frame.id not in self._ahead])
        for frame in there:
            if not left.is_left:
                break
            try:
                raw = self._read(frame, left)
            except DocumentGone:
                continue
            parts.append((raw["url"], first + len(lines), len(raw["lines"])))
            targets.update({ref: target for ref, target in raw["targets"].items() if ref not in targets})
            lines += raw["lines"]
            left = left.after(raw)
            focus = raw["focus"] if raw["focus"] is not None else focus
            if raw["frames"] and depth < MAX_DEPTH:
                inner, cost, focused = self._read_frames(
                    frame, raw["frames"], left, depth + 1, targets, parts, first + len(lines)
                )
                lines += inner
                left = Room(left.lines - len(inner), left.cost - cost)
                focus = focused if focused is not None else focus
        return lines, room.cost - left.cost, focus

    def _there(self, parent: Frame, number: int) -> Frame | None:
        try:
            return self._frame(parent, number)
        except DocumentGone:
            return None

    def _frame(self, parent: Frame, number: int) -> Frame | None:
        """Return the frame in the parent's element of this number, with the session that reaches it."""
        key = (parent.seen, number)
        if key not in parent.ids:
            element = parent.world.handle("frameElement", number, frame=parent.id)
            if element is None:
                return None
            parent.ids[key] = parent.world.send("DOM.describeNode", {"objectId": element})["node"].get("frameId", "")
        id = parent.ids[key]
        world = parent.world if parent.world.has(id) else self._session(id)
        if world is None:
            return None
        if id not in self._frames:
            self._blocks += 1
            self._frames[id] = Frame(world, id, block=self._blocks)
        frame = self._frames[id]
        frame.world, frame.parent, frame.number = world, parent, number
        return frame

    def _session(self, id: str) -> World | None:
        """Return the World of a frame in another process. Frames that are not there yet have none."""
        if id in self._sessions:
            return self._sessions[id]
        for frame in self.page.frames[1:]:
            try:
                world = World(self.page.context.new_cdp_session(frame), self._source)
            except Error:  # it shares its parent's process, or is gone
                continue
            for outfit in self._outfits:
                outfit(world)
            self._sessions.setdefault(world.root, world)
        return self._sessions.get(id)


def _numbered(inner: list[dict[str, Any]], outer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell controls of frames from those outside that have their role and name, as the walker does within a frame."""
    taken = {(line["role"], line["name"]) for line in outer if "ref" in line}
    for line in inner:
        if "ref" not in line:
            continue
        name, count = line["name"], 1
        while (line["role"], line["name"]) in taken:
            count += 1
            line["name"] = f"{name} #{count}".strip()
        taken.add((line["role"], line["name"]))
    return inner
