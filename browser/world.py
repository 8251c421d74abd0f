"""One CDP session's isolated worlds: our scripts run beside the page's, where the page can neither see nor change them."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from playwright.sync_api import CDPSession, Error

from browser.errors import ApprenticeError

WORLD = "apprentice"
"""The name of our world in every frame."""
_SECRET = f"a{secrets.token_hex(16)}"
"""Names the events by which our script in the page's world and those in ours speak: the page cannot guess it."""
_GONE = (
    "Cannot find context",
    "uniqueContextId not found",
    "Execution context was destroyed",
    "Inspected target navigated",
    "Promise was collected",
    "No frame for given id",
    "Not attached to an active page",
)
_LOST = (
    "Target crashed",
    "Target page, context or browser has been closed",
    "Target closed",
    "Connection closed",
    "Session closed",
    "connection closed",
    "Page crashed",
    "has been detached",
)


class DocumentGone(Exception):
    """The document went away while something ran in it: the page moved on. Look again."""


class BrowserLost(ApprenticeError):
    """The browser, or the page in it, crashed or was closed."""

    def __init__(
        self, message: str = "The page crashed or its browser was closed", next_step: str = "Start the session again."
    ) -> None:
        super().__init__(message, next_step)


@contextmanager
def translated() -> Iterator[None]:
    """Raise DocumentGone or BrowserLost for what Playwright says when a document, a tab or the browser is gone."""
    try:
        yield
    except Error as error:
        if any(sign in error.message for sign in _GONE):
            raise DocumentGone(error.message) from error
        if any(sign in error.message for sign in _LOST):
            raise BrowserLost from error
        raise


def script(*names: str) -> str:
    """Return our JavaScript files as one source text, in this order."""
    folder = files("browser") / "js"
    text = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in names)
    return text.replace("@SECRET@", _SECRET)


class World:
    """Our world in every frame of one CDP session. Frames of other processes have sessions, and Worlds, of their own."""

    def __init__(self, session: CDPSession, source: str) -> None:
        self.session = session
        self._sources: dict[str, str] = {}
        self._heard: dict[str, Callable[[str], None]] = {}
        self._contexts: dict[str, str] = {}
        session.on("Runtime.executionContextCreated", self._created)
        session.on("Runtime.executionContextDestroyed", self._destroyed)
        session.on("Runtime.executionContextsCleared", lambda _: self._contexts.clear())
        session.on("Page.frameNavigated", self._navigated)
        session.on("Runtime.bindingCalled", self._called)
        self.send("Page.enable")
        self.root: str = self.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self.send("Runtime.enable")
        self.add(source)

    def add(self, source: str) -> None:
        """Run a script in our world of every frame, now and in every document to come."""
        told = {"source": source, "worldName": WORLD, "runImmediately": True}
        self._sources[source] = ""  # before it is sent: a document that comes meanwhile needs it, too
        self._sources[source] = self.send("Page.addScriptToEvaluateOnNewDocument", told)["identifier"]

    def drop(self, source: str) -> None:
        """Run a script no more in documents to come. What it did in the present ones stays."""
        identifier = self._sources.pop(source, "")
        if identifier:
            self.send("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})

    def bind(self, name: str, heard: Callable[[str], None]) -> None:
        """Give our world, in every frame, a function of this name that calls `heard` with its one text argument.

        Binding the name again puts another listener in the place of the first.
        """
        is_new = name not in self._heard
        self._heard[name] = heard
        if is_new:
            self.send("Runtime.addBinding", {"name": name, "executionContextName": WORLD})

    def send(self, method: str, parameters: dict[str, Any] | None = None) -> Any:
        """Send one CDP command. Raises DocumentGone when its document went away, BrowserLost when page or browser did."""
        with translated():
            return self.session.send(method, parameters or {})

    def context(self, frame: str | None = None) -> str:
        """Return the id of our world in the frame's present document; another document has another id."""
        frame = frame or self.root
        if frame not in self._contexts:
            self.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": WORLD})
            if frame not in self._contexts:
                raise DocumentGone(frame)
            self._evaluate(self._contexts[frame], "\n".join(self._sources))
        return self._contexts[frame]

    @property
    def frames(self) -> list[str]:
        """The frames of this session's process."""
        return list(self._contexts)

    def has(self, frame: str) -> bool:
        """Whether the frame lives in this session's process."""
        return frame in self._contexts

    def call(self, function: str, *arguments: Any, frame: str | None = None) -> Any:
        """Call one of our functions in a frame, wait for what it promises, and return that by value."""
        return self._evaluate(self.context(frame), _called(function, arguments)).get("value")

    def handle(self, function: str, *arguments: Any, frame: str | None = None) -> str | None:
        """Call a function that returns an element; return the element's CDP object id."""
        return self._evaluate(self.context(frame), _called(function, arguments), by_value=False).get("objectId")

    def _evaluate(self, context: str, expression: str, *, by_value: bool = True) -> dict[str, Any]:
        return _result(self.send("Runtime.evaluate", _evaluation(context, expression, by_value=by_value)))

    def _called(self, event: dict[str, Any]) -> None:
        if heard := self._heard.get(event["name"]):
            heard(event["payload"])

    def _created(self, event: dict[str, Any]) -> None:
        context = event["context"]
        if context["name"] == WORLD:
            self._contexts[context["auxData"]["frameId"]] = context["uniqueId"]

    def _destroyed(self, event: dict[str, Any]) -> None:
        gone = event["executionContextUniqueId"]
        for frame in [frame for frame, context in self._contexts.items() if context == gone]:
            del self._contexts[frame]

    def _navigated(self, event: dict[str, Any]) -> None:
        if "parentId" not in event["frame"]:
            self.root = event["frame"]["id"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of our functions, to be made together with others."""

    world: World
    context: str
    function: str
    arguments: tuple[Any, ...]


class _Unwaited:
    """A session whose `send` returns what is awaited for the answer, instead of waiting."""

    def __init__(self, session: CDPSession) -> None:
        self._impl_obj = cast("Any", session)._impl_obj

    def send(self, call: Call) -> Awaitable[Any]:
        """Send a call. Its answer comes as one text: handing a page's lines over value by value takes Chromium much longer."""
        text = f"(async () => JSON.stringify(await {_called(call.function, call.arguments)}))()"
        asked = _evaluation(call.context, text)
        return cast("Any", CDPSession).send(self, "Runtime.evaluate", asked)

    def _sync(self, awaitable: Awaitable[Any]) -> Awaitable[Any]:
        return awaitable


def call_all(calls: Sequence[Call]) -> list[Any]:
    """Make calls in several frames at once: the wait is that for the slowest. A call that failed is answered by its error.

    Playwright's sessions have no public way to send without waiting; what is used of them here all its versions have.
    """
    if not calls:
        return []

    async def all_sent() -> list[Any]:
        sent = (_Unwaited(call.world.session).send(call) for call in calls)
        return await asyncio.gather(*sent, return_exceptions=True)

    answers = cast("Any", calls[0].world.session)._sync(all_sent())
    return [_value(answer) for answer in answers]


def _value(answer: Any) -> Any:
    try:
        with translated():
            if isinstance(answer, BaseException):
                raise answer
        text = _result(answer).get("value")
        return None if text is None else json.loads(text)
    except (DocumentGone, BrowserLost) as error:
        return error


def _called(function: str, arguments: Sequence[Any]) -> str:
    return f"apprentice.{function}({', '.join(json.dumps(argument) for argument in arguments)})"


def _evaluation(context: str, expression: str, *, by_value: bool = True) -> dict[str, Any]:
    return {"expression": expression, "uniqueContextId": context, "returnByValue": by_value, "awaitPromise": True}


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    if "exceptionDetails" in answer:
        details = answer["exceptionDetails"]
        raise ApprenticeError(
            f"A script of ours failed in the page: {details.get('exception', {}).get('description', details['text']).splitlines()[0]}"
        )
    return answer["result"]
