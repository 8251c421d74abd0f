"""Recording a demonstration: what a person does in the browser, as the Actions an agent would have to take."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from browser.actions import TYPED_SECRET, Action, Verb
from browser.environment import LiveEnvironment
from browser.page import PageView
from browser.types import Line, Observation, StepResult
from browser.world import BrowserLost, DocumentGone, World, script

TICK_MS = 200
"""How long one wait for the person lasts before it is looked whether the recording was stopped."""
SECRET = TYPED_SECRET
_VERBS = {
    "click": Verb.CLICK,
    "focus": Verb.CLICK,
    "type": Verb.TYPE,
    "select": Verb.SELECT,
    "press": Verb.PRESS,
    "hover": Verb.HOVER,
    "drag": Verb.DRAG,
}


_History = tuple[int, tuple[tuple[int, str, str], ...]]
"""The present entry, and each entry's id, how it was come to, and its address."""


class Recorded(NamedTuple):
    """One step of a demonstration: what was seen, what the person did, what came of it."""

    before: Observation
    action: Action
    result: StepResult


@dataclass(frozen=True, slots=True)
class _Event:
    action: Action
    before: Observation
    is_focus: bool = False
    """A press on a field of text: an action of its own only when it showed something new."""


class Recorder:
    """Follows a person in every tab of an environment, which is opened when it is not yet.

    Iterate for the steps as they are done, until `stop` is called (from any thread) or the browser is closed; or call `take`
    for those done so far. Typing is one step, when the field is left. Of secret fields no key and no value is recorded.
    """

    def __init__(self, environment: LiveEnvironment) -> None:
        self._environment = environment
        self._events: deque[_Event] = deque()
        self._focus: _Event | None = None
        self._stopped = threading.Event()
        self._closed = False
        self._source = script("recorder")
        self._outfits: list[tuple[PageView, Callable[[World], None]]] = []
        self._last = environment.look() if environment.is_open else environment.reset()
        self._view = environment.tabs.view
        environment.tabs.on_view.append(self._attach)
        self._attach(self._view)
        self._history: _History = (0, ())
        self._history = self._read_history()

    def __iter__(self) -> Iterator[Recorded]:
        while not self._stopped.is_set():
            try:
                self._wait()
                yield from self.take()
            except BrowserLost:  # the person closed it
                return
        yield from self.take()

    def stop(self) -> None:
        """End the recording; what the person did until now is still handed out."""
        self._stopped.set()

    def close(self) -> None:
        """Take the recorder off every page, so that whoever acts from now on is not recorded."""
        self._closed = True
        self._stopped.set()
        with suppress(ValueError):  # closed already
            self._environment.tabs.on_view.remove(self._attach)
        for view, outfit in self._outfits:
            view.strip(outfit)
            for world in view.worlds():
                with suppress(DocumentGone, BrowserLost):
                    world.drop(self._source)
                    for frame in world.frames:
                        world.call("unrecord?.", frame=frame)
        self._outfits.clear()

    def take(self) -> list[Recorded]:
        """Return the steps done since the last call. A field that is still being filled in counts once the recording is stopped."""
        self._in_every_frame("finishAll" if self._stopped.is_set() else "hear")
        steps: list[Recorded] = []
        self._notice_navigation()
        while self._events:
            event = self._events.popleft()
            for ready in self._in_order(event):
                steps.append(self._finish(ready))  # noqa: PERF401 - finishing takes in what happens meanwhile
        return steps

    def _in_order(self, event: _Event) -> list[_Event]:
        """Hold back a press on a text field; let it go before what could not have been seen without it."""
        held, self._focus = self._focus, None
        if event.is_focus:
            self._focus = event
            return []
        if (
            held is not None
            and event.action.ref not in (None, held.action.ref)
            and held.before.find(event.action.ref or 0) is None
        ):
            return [held, event]
        return [event]

    def _finish(self, event: _Event) -> Recorded:
        tabs = self._environment.tabs
        if not self._events:
            self._environment.settle()
        tabs.forget_search()
        after = self._events[0].before if self._events else self._environment.look()
        self._view, self._last = tabs.view, after
        self._history = self._read_history()
        return Recorded(event.before, event.action, StepResult(after, note="; ".join(tabs.drain())))

    def _wait(self) -> None:
        """Wait until the person did something, at most one tick."""
        with suppress(DocumentGone):
            if not self._events:
                self._environment.tabs.view.main.call("awaken", TICK_MS)

    def _in_every_frame(self, function: str) -> None:
        """Call a function of the page's part of the recorder. What was told before its answer has then arrived: the answer to a
        click comes from the browser, what the page tells of it from the page's own process, a little later when that is busy.
        """
        world = self._environment.tabs.view.world
        for frame in world.frames:
            with suppress(DocumentGone):
                world.call(function, frame=frame)

    def _attach(self, view: PageView) -> None:
        def outfit(world: World) -> None:
            world.bind("apprenticeTell", self._heard)
            world.add(self._source)

        self._outfits.append((view, outfit))
        view.equip(outfit)

    def _heard(self, payload: str) -> None:
        if self._closed:
            return
        told = json.loads(payload)
        before = self._environment.redacted(_observation(told["before"], self._last)) if told["before"] else self._last
        ref, name = told.get("ref"), told.get("name", "")
        if ref is None and told["kind"] != "press":
            ref = next(
                (line.ref for line in before.lines if line.ref and (line.role, line.name) == (told["role"], name)), None
            )
        text = told["text"]
        self._events.append(_Event(Action(_VERBS[told["kind"]], name, ref, text), before, told["kind"] == "focus"))

    def _notice_navigation(self) -> None:
        """Tell going back, and an address that was typed, from what the history says when nothing on the page explains it."""
        known, now = self._history, self._read_history()
        if self._events or now == known or self._environment.tabs.view is not self._view:
            return
        self._history = now
        (index, entries), (was, earlier) = now, known
        if index < was:
            self._events.append(_Event(Action(Verb.BACK), self._last))
        elif index > was and entries[index][0] in [entry[0] for entry in earlier]:
            self._events.append(_Event(Action(Verb.FORWARD), self._last))
        elif entries[index][1] in ("typed", "address_bar"):
            self._events.append(_Event(Action(Verb.OPEN, text=entries[index][2]), self._last))

    def _read_history(self) -> _History:
        """Return where the active tab is in its history; where it was when it is just moving on."""
        try:
            history = self._environment.tabs.view.world.send("Page.getNavigationHistory")
        except DocumentGone:
            return self._history
        return history["currentIndex"], tuple(
            (entry["id"], entry["transitionType"], entry["url"]) for entry in history["entries"]
        )


def _observation(raw: dict[str, Any], last: Observation) -> Observation:
    """Read what the page told. Frames of other origins are as they were last seen."""
    lines = tuple(Line.from_json(line) for line in raw["lines"])
    beyond = tuple(line for line in last.lines if line.ref is not None and line.ref > 1000) if raw["frames"] else ()
    return Observation(
        url=raw["url"],
        title=raw["title"],
        lines=lines + beyond,
        focus=raw["focus"],
        dialog=raw["dialog"],
        more_above=raw["moreAbove"],
        more_below=raw["moreBelow"],
        mutations=raw["mutations"],
        elements=raw["elements"],
    )
