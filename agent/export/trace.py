"""A session as a Playwright trace: `trace.zip`, which Playwright's viewer and its `trace` command read.

It is written from the record, not while the browser runs: Playwright's own tracing keeps what is typed into password fields, in clear
text. So a snapshot here is the page's lines drawn as plain controls, the pictures are those of the store, with secret fields painted
over, and typed secrets are `<secret>`. Version 8 of the format, which viewers older than the present one read too.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.export.masked import Mask
from agent.store import SessionRow, StepRow, Store
from browser.actions import ON_CONTROL, Action, Verb
from browser.types import Line, Observation

VERSION = 8
VIEWPORT = {"width": 1280, "height": 800}
_PAGE, _FRAME = "page@apprentice", "frame@apprentice"
_METHODS = {
    Verb.CLICK: ("Frame", "click"),
    Verb.TYPE: ("Frame", "fill"),
    Verb.SELECT: ("Frame", "selectOption"),
    Verb.HOVER: ("Frame", "hover"),
    Verb.DRAG: ("Frame", "dragAndDrop"),
    Verb.PRESS: ("Page", "keyboardPress"),
    Verb.OPEN: ("Frame", "goto"),
    Verb.BACK: ("Page", "goBack"),
    Verb.FORWARD: ("Page", "goForward"),
    Verb.SCROLL: ("Page", "mouseWheel"),
    Verb.WAIT: ("Frame", "waitForTimeout"),
}
_TAGS = {"button": "BUTTON", "link": "A", "heading": "H2", "text": "P", "row": "P", "columns": "P"}
_INPUTS = {"textbox", "searchbox", "spinbutton", "slider", "checkbox", "radio", "switch", "combobox", "listbox", "file"}

Event = dict[str, Any]


def write_trace(path: Path, store: Store, session: SessionRow) -> int:
    """Write a session's trace and return how many actions it has. Raises StorageError when a page or picture is damaged."""
    steps = store.steps(session.id)
    mask = Mask.of(steps)
    events = [_context(session, mask), *_events(session, steps, mask)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trace.trace", "".join(json.dumps(event) + "\n" for event in events))
        archive.writestr("trace.network", "")
        for name in dict.fromkeys(step.screenshot_hash for step in steps if step.screenshot_hash):
            archive.writestr(f"resources/{_picture(name)}", store.get_blob(name))
    return len(steps)


def _context(session: SessionRow, mask: Mask) -> Event:
    return {
        "version": VERSION,
        "type": "context-options",
        "origin": "library",
        "browserName": "chromium",
        "options": {"viewport": VIEWPORT},
        "platform": "apprentice",
        "wallTime": _ms(session.started_at),
        "monotonicTime": 0,
        "sdkLanguage": "python",
        "title": mask.text(session.task),
    }


def _events(session: SessionRow, steps: list[StepRow], mask: Mask) -> Iterator[Event]:
    """Yield each step: what is to be done and the page before it, what came of it and the page after it."""
    begun = _ms(session.started_at)
    yield {"type": "event", "time": 0, "class": "BrowserContext", "method": "page", "params": {"pageId": _PAGE}}
    for step in steps:
        call, started = f"call@{step.step_no + 1}", _ms(step.created_at) - begun
        ended = _ms(step.finished_at or step.created_at) - begun
        action = mask.action(step)
        yield {**_before(call, step, action), "startTime": started}
        yield _snapshot(f"before@{call}", call, step.observation, step.action.ref, started, begun, mask)
        yield {**_after(call, step, mask), "endTime": ended}
        after = step.result_observation or step.observation
        yield _snapshot(f"after@{call}", call, after, step.action.ref, ended, begun, mask)
        if step.screenshot_hash:
            yield {
                "type": "screencast-frame",
                "pageId": _PAGE,
                "sha1": _picture(step.screenshot_hash),
                **VIEWPORT,
                "timestamp": ended,
            }


def _before(call: str, step: StepRow, action: Action) -> Event:
    owner, method = _METHODS.get(action.verb, ("Tracing", "tracingGroup"))
    return {
        "type": "before",
        "callId": call,
        "class": owner,
        "method": method,
        "title": action.render(with_ref=False),
        "params": _params(step, action),
        "pageId": _PAGE,
        "beforeSnapshot": f"before@{call}",
    }


def _after(call: str, step: StepRow, mask: Mask) -> Event:
    note = mask.text(step.note)
    failed = {"error": {"name": "ActionFailed", "message": note or "no result was recorded"}} if not step.ok else {}
    result = {"result": {"note": note}} if note and step.ok else {}
    return {"type": "after", "callId": call, "afterSnapshot": f"after@{call}", **failed, **result}


def _params(step: StepRow, action: Action) -> Event:
    """Return the parameters as Playwright's own call would have them."""
    if action.verb in ON_CONTROL:
        line = step.observation.find(action.ref) if action.ref is not None else None
        selector = {"selector": f"internal:role={line.role if line else 'button'}[name={json.dumps(action.name)}s]"}
        match action.verb:
            case Verb.TYPE:
                return {**selector, "value": action.text}
            case Verb.SELECT:
                return {**selector, "options": [{"label": action.text}]}
            case Verb.DRAG:
                return {"source": selector["selector"], "target": f"internal:text={json.dumps(action.text)}i"}
        return selector
    match action.verb:
        case Verb.PRESS:
            return {"key": action.text}
        case Verb.OPEN:
            return {"url": action.text}
        case Verb.SCROLL:
            return {"deltaX": 0, "deltaY": 600 if action.text == "down" else -600}
    return {"name": action.render(with_ref=False)}


def _snapshot(
    name: str, call: str, page: Observation, target: int | None, at: float, begun: float, mask: Mask
) -> Event:
    body = [_element(line, mask, call if target is not None and line.ref == target else "") for line in page.lines]
    head = ["HEAD", {}, ["TITLE", {}, mask.text(page.title)]]
    return {
        "type": "frame-snapshot",
        "snapshot": {
            "callId": call,
            "snapshotName": name,
            "pageId": _PAGE,
            "frameId": _FRAME,
            "frameUrl": mask.text(page.url),
            "doctype": "html",
            "html": ["HTML", {}, head, ["BODY", {}, *body]],
            "viewport": VIEWPORT,
            "timestamp": at,
            "wallTime": begun + at,
            "collectionTime": 0,
            "resourceOverrides": [],
            "isMainFrame": True,
        },
    }


def _element(line: Line, mask: Mask, target: str) -> list[Any]:
    """Draw one line of a page as the plainest element that has its role, name and value."""
    name, value = mask.text(line.name), mask.text(line.value)
    mark: dict[str, str] = {"__playwright_target__": target} if target else {}
    states = {key: "" for key in ("disabled", "readonly") if key in line.states}
    if line.options:
        options = [
            ["OPTION", {"__playwright_selected_": str(text == line.value).lower()}, text] for text in line.options
        ]
        return ["P", {}, ["LABEL", {}, f"{name} ", ["SELECT", {**states, **mark}, *options]]]
    if line.role in _INPUTS:
        kind = {"type": "text" if line.role in ("textbox", "searchbox", "combobox") else "checkbox", "role": line.role}
        checked = {"__playwright_checked_": "true"} if "checked" in line.states else {}
        written = {"__playwright_value_": value, "aria-label": name}
        return ["P", {}, ["LABEL", {}, f"{name} ", ["INPUT", {**kind, **written, **checked, **states, **mark}]]]
    tag = _TAGS.get(line.role, "DIV")
    extra = {"href": "#"} if tag == "A" else {"role": line.role} if tag == "DIV" and line.ref is not None else {}
    return (
        ["P", {}, [tag, {**extra, **states, **mark}, name]] if line.ref is not None else [tag, {**extra, **mark}, name]
    )


def _picture(name: str) -> str:
    return name.partition(":")[2] + ".jpeg"


def _ms(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp() * 1000
