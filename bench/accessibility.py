"""What Chromium itself says of the controls on a page: its accessibility tree, read over CDP, beside our lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Error, Page

from browser.page import BLOCK, PageView
from browser.types import Line

DATES = frozenset({"Date", "DateTime", "InputTime", "ColorWell"})
LISTS = frozenset({"combobox", "listbox", "MenuListPopup"})
ROLES = DATES | frozenset(
    {
        *("button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "switch", "slider"),
        *("spinbutton", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "treeitem"),
        *("DisclosureTriangle", "DisclosureTriangleGrouped"),
    }
)
"""Roles of what a person can use, some of them Chromium's own words."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control as assistive technology is told of it."""

    role: str
    name: str
    node: int
    """Its backend node id."""
    in_view: bool


def controls(page: Page) -> list[Control]:
    """Read the controls of the page's own document, in its order; those of frames are not in it."""
    session = page.context.new_cdp_session(page)
    try:
        session.send("Accessibility.enable")
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        view = page.viewport_size or {"width": 0, "height": 0}
        return list(_controls(session, nodes, view["width"], view["height"]))
    finally:
        session.detach()


def lines_by_node(view: PageView, lines: Iterable[Line]) -> dict[int, Line]:
    """Return the lines of the page's own document that can be acted on, by the backend node ids of their elements."""
    found = {}
    for line in lines:
        handle = view.world.handle("element", line.ref) if line.ref and line.ref < BLOCK else None
        if handle:
            found[view.world.send("DOM.describeNode", {"objectId": handle})["node"]["backendNodeId"]] = line
    return found


def is_named(line: Line, control: Control) -> bool:
    """Whether the line has the control's name, told apart from its twins or cut."""
    name = line.name
    return (
        name == control.name
        or name.startswith((f"{control.name} (", f"{control.name} #"))
        or (name.endswith("…") and control.name.startswith(name[:-1]))
    )


def _controls(session: CDPSession, nodes: list[dict[str, Any]], width: int, height: int) -> Iterator[Control]:
    by_id = {node["nodeId"]: node for node in nodes}
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        if node["ignored"] or role not in ROLES or "backendDOMNodeId" not in node or _is_part(node, role, by_id):
            continue
        backend = node["backendDOMNodeId"]
        name = " ".join(str(node.get("name", {}).get("value", "")).split())
        yield Control(role, name, backend, _in_view(session, backend, width, height))


def _is_part(node: dict[str, Any], role: str, by_id: dict[str, dict[str, Any]]) -> bool:
    """Whether it is a part of a native control, through which a person uses it: a choice of a select, the year of a date."""
    wholes = LISTS if role == "option" else DATES
    while node.get("parentId") in by_id:
        node = by_id[node["parentId"]]
        if node.get("role", {}).get("value", "") in wholes:
            return True
    return False


def _in_view(session: CDPSession, backend: int, width: int, height: int) -> bool:
    try:
        quads = session.send("DOM.getContentQuads", {"backendNodeId": backend})["quads"]
    except Error:  # it has no box
        return False
    return any(
        max(quad[0::2]) - min(quad[0::2]) >= 1
        and max(quad[1::2]) - min(quad[1::2]) >= 1
        and max(quad[0::2]) > 0
        and max(quad[1::2]) > 0
        and min(quad[0::2]) < width
        and min(quad[1::2]) < height
        for quad in quads
    )
