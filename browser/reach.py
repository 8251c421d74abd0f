"""Where the mouse reaches a control or a place of the active tab, once it can be pressed there, and what is in its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from browser.actions import ActionFailed
from browser.page import Frame
from browser.tabs import Tabs
from browser.types import Observation, quote
from browser.world import BrowserLost, DocumentGone, translated

PATIENCE_MS = 5000
"""How long a control may stay covered, disabled or hidden before the action fails."""
AIMS = 5
"""So many times the mouse follows a control that moves away from it."""
MOVED_ON = "the page has changed since it was read"


class Reach:
    """Reaches into the active tab. Every ActionFailed is one line that names the control and what is in the way."""

    def __init__(self, tabs: Tabs) -> None:
        self._tabs = tabs
        self.patience_ms = PATIENCE_MS
        self.seen: Observation | None = None
        """What the policy last saw: its names are used in messages, its changes counted by `wait`."""
        self.named = ""
        """What the action calls its control, for when the policy names one that it no longer sees."""

    def _place(self, ref: int | None, name: str) -> tuple[float, float]:
        """Return where the mouse reaches a control, or the first place with these words."""
        if ref is not None:
            frame, found = self._ready(ref)
            return self._point(frame, found, self._name(ref, found))
        for frame in self._tabs.view.frames():
            try:
                found = frame.call("spot", name) if name.strip() else None
            except DocumentGone:
                continue
            if found is not None:
                return self._point(frame, found, quote(name))
        raise ActionFailed(f"not found: {quote(name)}")

    def _ready(self, ref: int) -> tuple[Frame, dict[str, Any]]:
        """Wait until the control can be pressed; return its frame and what it is. Raises ActionFailed with what is in the way."""
        frame, found = self._probe(ref, self.patience_ms)
        self._point(frame, found, self._name(ref, found))
        return frame, found

    def _probe(self, ref: int, patience_ms: int) -> tuple[Frame, dict[str, Any]]:
        return self._locate(ref), self._call(ref, "probe", patience_ms)

    def _point(self, frame: Frame, found: dict[str, Any], name: str) -> tuple[float, float]:
        """Return where the mouse reaches what was probed. Raises ActionFailed with what is in the way."""
        state = found["state"]
        if state == "covered":
            raise ActionFailed(f"{name} is covered by {found['by']}")
        if state != "ok":
            raise ActionFailed(f"{name} is {'hidden' if state == 'away' else state}")
        left, top = self._moving(frame.origin)
        return found["x"] + left, found["y"] + top

    def _press(self, ref: int, name: str, frame: Frame, found: dict[str, Any]) -> None:
        """Press the control that was probed. Nothing else is ever pressed: where a menu that the mouse leaves closes and things
        move up, the mouse follows, some times at most.
        """
        mouse = self._tabs.page.mouse
        for _ in range(AIMS):
            x, y = self._point(frame, found, name)
            with translated():
                mouse.move(x, y)
            if self._point(frame, found, name) == (x, y) and self._call(ref, "take", found["x"], found["y"]):
                with translated():
                    mouse.down()
                    mouse.up()
                if not self._missed(frame):
                    return
            frame, found = self._probe(ref, self.patience_ms)
        raise ActionFailed(f"{name} moves away from the mouse")

    def _missed(self, frame: Frame) -> bool:
        """Whether the press was kept from the page, since it landed on something else. A page that is gone took it."""
        try:
            return frame.seen == frame.world.context(frame.id) and bool(frame.call("missed"))
        except (DocumentGone, BrowserLost):
            return False

    def _locate(self, ref: int) -> Frame:
        return self._moving(lambda: self._tabs.view.locate(ref))

    def _call(self, ref: int, function: str, *arguments: Any) -> Any:
        return self._moving(lambda: self._locate(ref).call(function, ref, *arguments))

    def _view_call(self, function: str, *arguments: Any) -> Any:
        return self._moving(lambda: self._tabs.view.main.call(function, *arguments))

    def _moving(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except DocumentGone as error:
            raise ActionFailed(MOVED_ON) from error

    def _name(self, ref: int, found: dict[str, Any]) -> str:
        line = self.seen.find(ref) if self.seen else None
        return quote(line.name if line else self.named or found.get("name", ""))
