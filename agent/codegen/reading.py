"""Reading a codegen program with `ast`. Nothing of it is run; a line that is not understood is one error with its number."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.codegen.steps import CodegenStep, Target, without_focus
from browser.actions import KEYS
from browser.errors import UsageError

_NAMED = {"get_by_label": "label", "get_by_placeholder": "placeholder", "get_by_text": "text", "get_by_title": "title"}
_WITH_TEXT = {
    "fill": "fill",
    "type": "fill",
    "press_sequentially": "fill",
    "press": "press",
    "select_option": "select_option",
}
_WITHOUT_TEXT = {"click": "click", "check": "check", "uncheck": "uncheck", "hover": "hover", "clear": "fill"}
_NO_STEP = {
    "close",
    "launch",
    "new_context",
    "new_page",
    "wait_for_load_state",
    "wait_for_timeout",
    "wait_for_url",
    "bring_to_front",
}
"""Calls of a program's frame, and waits: here every action waits by itself."""
_THERE = {"first": 0, "last": -1}
_ADVICE = "Leave the line away, or write it as codegen does: page.get_by_role(…, name=…).click()"


class NotUnderstood(Exception):
    """A part of a line that has no meaning here."""


@dataclass(frozen=True, slots=True)
class Program:
    """A codegen program: where it begins, and what it does there."""

    url: str
    steps: list[CodegenStep]


def read_codegen(path: Path) -> Program:
    """Read a program. Raises UsageError for a file that is no Python, has a line that is not understood, or does nothing."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "Give a Python file that playwright codegen wrote"
        ) from error
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None) or 1
        raise UsageError(
            f"{path}, line {number}: no Python: {getattr(error, 'msg', error)}",
            "Record it with: playwright codegen --target python",
        ) from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply", "Give a Python file that playwright codegen wrote") from error
    steps = _Reader(path).read(tree.body)
    if steps and steps[0].deed == "goto":
        url, steps = steps[0].text, steps[1:]
    else:
        url = ""
    if not any(step.deed != "dialog" for step in steps):
        raise UsageError(f"{path} does nothing on a page", "Record it with: playwright codegen --target python")
    return Program(url, without_focus(steps))


@dataclass(slots=True)
class _Reader:
    path: Path
    steps: list[CodegenStep] = field(default_factory=list)

    def read(self, body: list[ast.stmt]) -> list[CodegenStep]:
        for statement in body:
            try:
                self._statement(statement)
            except NotUnderstood as reason:
                raise UsageError(f"{self.path}, line {statement.lineno}: {reason}", _ADVICE) from reason
        return self.steps

    def _statement(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Return(value=None):
                return
            case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
                self.read(body)
            case ast.With(body=body) | ast.AsyncWith(body=body):  # expect_popup, expect_download, sync_playwright
                self.read(body)
            case ast.Expr(value=ast.Constant()):
                return
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                self._assigned(value)
            case ast.Expr(value=value):
                self._call(value.value if isinstance(value, ast.Await) else value, statement.lineno)
            case _:
                raise NotUnderstood(f"{_source(statement)} is not understood")

    def _assigned(self, value: ast.expr) -> None:
        """Pass over `page = context.new_page()` and `page1 = page1_info.value`; a control by another name is not followed."""
        value = value.value if isinstance(value, ast.Await) else value
        is_frame = isinstance(value, ast.Call) and _called(value) in _NO_STEP
        if not is_frame and not (isinstance(value, ast.Attribute) and value.attr == "value"):
            raise NotUnderstood(f"{_source(value)} is not understood")

    def _call(self, call: ast.expr, number: int) -> None:
        if not isinstance(call, ast.Call):
            raise NotUnderstood(f"{_source(call)} is not understood")
        name = _called(call)
        if isinstance(call.func, ast.Name):  # run(playwright), asyncio.run(main())
            if name in ("run", "main", "test_example"):
                return
            raise NotUnderstood(f"{_source(call)} is not understood")
        if name in _NO_STEP or (name == "run" and _source(call).startswith("asyncio.")):
            return
        self.steps.append(_step(call, name, number))


def _step(call: ast.Call, name: str, number: int) -> CodegenStep:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    if isinstance(owner, ast.Name):
        return _on_page(call, name, number)
    if isinstance(owner, ast.Attribute) and owner.attr == "keyboard" and name == "press":
        return CodegenStep(number, "press", None, _key(_text(call)))
    target = _target(owner)
    if name == "set_checked":
        return CodegenStep(number, "check" if _argument(call, 0, "checked") else "uncheck", target)
    if name in _WITH_TEXT:
        text = _option(call) if name == "select_option" else _text(call)
        return CodegenStep(number, _WITH_TEXT[name], target, _key(text) if name == "press" else text)  # type: ignore[arg-type]
    if name in _WITHOUT_TEXT:
        if call.args or call.keywords:
            raise NotUnderstood(f"{name} takes no options here: {_source(call)}")
        return CodegenStep(number, _WITHOUT_TEXT[name], target)  # type: ignore[arg-type]
    raise NotUnderstood(f"{name} is not understood")


def _on_page(call: ast.Call, name: str, number: int) -> CodegenStep:
    if name == "goto":
        return CodegenStep(number, "goto", None, _text(call))
    if name in ("go_back", "go_forward"):
        return CodegenStep(number, name)
    if name in ("on", "once") and _text(call) == "dialog":
        return CodegenStep(number, "dialog", None, _dialog(call))
    raise NotUnderstood(f"{name} is not understood")


def _dialog(call: ast.Call) -> str:
    handler = call.args[1] if len(call.args) == 2 else None
    if isinstance(handler, ast.Lambda) and isinstance(handler.body, ast.Call) and not handler.body.args:
        answer = _called(handler.body)
        if answer in ("accept", "dismiss"):
            return answer
    raise NotUnderstood("a dialog is accepted or dismissed, by a lambda and without text")


def _target(node: ast.expr) -> Target:
    """Read a chain of locators from its end: the last names the control, those before it the rows or groups around it."""
    match node:
        case ast.Attribute(attr="first" | "last" as which, value=inner):
            return replace(_target(inner), nth=_THERE[which])
        case ast.Attribute(attr="content_frame", value=inner):
            return _target(inner)
        case ast.Call(func=ast.Attribute(attr="nth", value=inner)):
            return replace(_target(inner), nth=int(_argument(node, 0, "index")))
        case ast.Call(func=ast.Attribute(attr="filter", value=inner)):
            target = _target(inner)
            return replace(target, within=(*target.within, str(_argument(node, None, "has_text"))))
        case ast.Call(func=ast.Attribute(attr=attr, value=inner)) if attr == "get_by_role" or attr in _NAMED:
            return replace(_located(node, attr), within=_around(inner))
        case _:
            raise NotUnderstood(
                f"{_source(node)} does not name a control: get_by_role, get_by_label, get_by_placeholder, get_by_text and get_by_title do"
            )


def _located(call: ast.Call, attr: str) -> Target:
    exact = bool(_argument(call, None, "exact", False))
    if attr == "get_by_role":
        return Target("role", str(_argument(call, 0, "role")), str(_argument(call, None, "name", "")), exact)
    return Target(_NAMED[attr], "", _text(call), exact)  # type: ignore[arg-type]


def _around(node: ast.expr) -> tuple[str, ...]:
    """Return the words of what a control is looked for in: nothing for the page and its frames."""
    if isinstance(node, ast.Name):
        return ()
    if isinstance(node, ast.Call) and _called(node) == "frame_locator":
        return ()
    if isinstance(node, ast.Attribute) and node.attr == "content_frame":
        return ()
    outer = _target(node)
    if outer.nth is not None and not outer.name and not outer.within:
        raise NotUnderstood("a row is told by its words, not by its number")
    return (*outer.within, *([outer.name] if outer.name else []))


def _option(call: ast.Call) -> str:
    """Return the one option that is chosen, by label or value."""
    value = _argument(call, 0, "label", None) or _argument(call, None, "value", None)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise NotUnderstood("select_option takes one option here, by its label or value")
    return value


def _key(text: str) -> str:
    key = {" ": "Space"}.get(text, text)
    if key not in KEYS:
        raise NotUnderstood(f"unknown key {text!r}; the keys are {', '.join(KEYS)}")
    return key


def _text(call: ast.Call) -> str:
    value = _argument(call, 0, "text", None)
    if value is None:
        value = call.keywords and _argument(call, None, call.keywords[0].arg or "", None)
    if not isinstance(value, str):
        raise NotUnderstood(f"{_source(call)} has no text written out")
    return value


_NEEDED = object()


def _argument(call: ast.Call, place: int | None, name: str, default: Any = _NEEDED) -> Any:
    """Return an argument that is written out as a literal. Raises NotUnderstood for one that is not there or is computed."""
    node = next((word.value for word in call.keywords if word.arg == name), None)
    if node is None and place is not None and place < len(call.args):
        node = call.args[place]
    if node is None:
        if default is _NEEDED:
            raise NotUnderstood(f"{_source(call)} has no {name}")
        return default
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise NotUnderstood(f"{_source(node)} is computed; write it out") from None


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _source(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 80 else text[:79] + "…"
