"""A BrowserGym observation as a page: its accessibility tree, flattened into lines. Refs are BrowserGym's ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.grammar import FIELD_ROLES
from browser.types import Line, Observation

_CONTROLS = FIELD_ROLES | {"button", "link", "listbox", "checkbox", "radio", "switch", "tab", "option", "treeitem"}
_MENU = {"menuitem", "menuitemcheckbox", "menuitemradio"}
_TEXTS = frozenset({"heading", "alert", "status", "dialog", "alertdialog"})
_SKIPPED = frozenset({"InlineTextBox", "MenuListPopup", "LineBreak", "ListMarker"})
_OPEN = frozenset({"listbox", "treeitem", "alert", "status", "dialog", "alertdialog"})
"""What is a line and holds others."""
_VISIBLE = 0.5
"""Share of an element that must be in view, as BrowserGym measures it."""
MAX_NAME, MAX_OPTIONS, CAP = 80, 30, 120
FOREIGN = 100_000
"""From here on refs stand for ids that are no numbers: those of elements in frames."""


@dataclass(slots=True)
class Ids:
    """BrowserGym's ids and our refs, for one episode."""

    _foreign: list[str] = field(default_factory=list)

    def ref(self, bid: str) -> int:
        """Return the number for an id."""
        if bid.isdecimal():
            return int(bid)
        if bid not in self._foreign:
            self._foreign.append(bid)
        return FOREIGN + self._foreign.index(bid)

    def bid(self, ref: int) -> str:
        """Return the id for a number."""
        return self._foreign[ref - FOREIGN] if ref >= FOREIGN else str(ref)


def page_of(obs: Mapping[str, Any], ids: Ids) -> Observation:
    """Return what a BrowserGym observation shows, without what is out of view."""
    nodes = {node["nodeId"]: node for node in obs["axtree_object"]["nodes"]}
    root = obs["axtree_object"]["nodes"][0]["nodeId"] if nodes else None
    lines = list(_walk(nodes, root, obs.get("extra_element_properties") or {}, ids)) if root else []
    focused, active = obs.get("focused_element_bid") or "", int(obs["active_page_index"][0])
    return Observation(
        url=obs["url"],
        title=obs["open_pages_titles"][active] if obs.get("open_pages_titles") else "",
        lines=tuple(_told_apart(lines)[:CAP]),
        focus=ids.ref(focused) if focused else None,
        more_below=max(len(lines) - CAP, 0),
    )


def goal_of(obs: Mapping[str, Any]) -> str:
    """Return the task in words; pictures of a goal are left out."""
    parts = [part["text"] for part in obs.get("goal_object") or () if part.get("type") == "text"]
    return "\n".join(parts) or str(obs.get("goal", ""))


def _walk(nodes: Mapping[str, Any], node_id: str, seen: Mapping[str, Any], ids: Ids) -> Iterator[Line]:
    node = nodes[node_id]
    role, name, bid = (
        node["role"].get("value", ""),
        _squeezed(node.get("name", {}).get("value")),
        node.get("browsergym_id"),
    )
    if role in _SKIPPED:
        return
    line = _line(nodes, node, role, name, ids)
    if line is not None and (bid is None or seen.get(bid, {}).get("visibility", 1.0) >= _VISIBLE):
        yield line
    if line is None or role in _OPEN:
        for child in node.get("childIds", ()):
            if child in nodes:
                yield from _walk(nodes, child, seen, ids)


def _line(nodes: Mapping[str, Any], node: Mapping[str, Any], role: str, name: str, ids: Ids) -> Line | None:
    """Return what a node of the tree says by itself; None for what only holds others."""
    if role == "StaticText":
        return Line("text", name) if re.search(r"\w", name) else None
    bid = node.get("browsergym_id")
    if role in _CONTROLS | _MENU and bid is not None:
        return _control(nodes, node, role, name, ids.ref(bid))
    return Line(role, name) if role in _TEXTS and name else None


def _control(nodes: Mapping[str, Any], node: Mapping[str, Any], role: str, name: str, ref: int) -> Line:
    value = _squeezed(node.get("value", {}).get("value"))
    hidden = bool(value) and set(value) == {"•"}
    properties = {item["name"]: item.get("value", {}).get("value") for item in node.get("properties", ())}
    states = [state for state in ("disabled", "readonly", "required") if properties.get(state) is True]
    states += ["checked"] if str(properties.get("checked", "")).lower() == "true" else []
    states += ["selected"] if properties.get("selected") is True else []
    if "expanded" in properties and role != "combobox":
        states.append("expanded" if properties["expanded"] else "collapsed")
    states += ["secret", "filled"] if hidden else []
    options = _options(nodes, node) if role == "combobox" else ()
    return Line(role, _cut(name), ref, "" if hidden or value == name else value, tuple(states), options)


def _options(nodes: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the choices of a native select: they hang below it, hidden, until it is opened."""
    found: list[str] = []
    waiting = list(node.get("childIds", ()))
    while waiting and len(found) < MAX_OPTIONS:
        child = nodes.get(waiting.pop(0))
        if child is None:
            continue
        if child["role"].get("value") == "option":
            found.append(_cut(_squeezed(child.get("name", {}).get("value"))))
        else:
            waiting = [*child.get("childIds", ()), *waiting]
    return tuple(option for option in found if option)


def _told_apart(lines: list[Line]) -> list[Line]:
    """Number controls that have one role and one name, and drop words that a control beside them says already."""
    counts: Counter[tuple[str, str]] = Counter()
    out: list[Line] = []
    for line in lines:
        if line.ref is None and out and line.name == out[-1].name:
            continue
        if line.ref is not None:
            if out and out[-1].ref is None and out[-1].name == line.name:
                out.pop()
            counts[line.role, line.name] += 1
            number = counts[line.role, line.name]
            line = replace(line, name=f"{line.name} #{number}".strip()) if number > 1 else line
        out.append(line)
    return out


def _squeezed(text: Any) -> str:
    return " ".join(str(text or "").split())


def _cut(text: str) -> str:
    return text if len(text) <= MAX_NAME else text[: MAX_NAME - 1].rstrip() + "…"
