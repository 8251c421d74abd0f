"""A session as a Playwright program in Python: controls by role and name, values, dialogs, tabs and downloads.

The program needs Playwright and nothing of Apprentice. What was typed into secret fields is read from the environment when it runs.
Steps that failed are left out as comments, and so is what only speaks to the person.
"""

from __future__ import annotations

import re
from importlib import resources

from agent.export.masked import Mask, is_secret
from agent.store import SessionRow, StepRow
from browser.actions import ON_CONTROL, Action, Verb
from browser.errors import UsageError
from browser.types import Line, Observation

_INDENT = " " * 4
_OPENED, _CLOSED, _DOWNLOADED = "opened a new tab", "the tab was closed", "downloaded "
_DIALOG = re.compile(r"(accepted dialog|dismissed dialog|alert) \"")


def playwright_script(session: SessionRow, steps: list[StepRow]) -> str:
    """Write the program. Raises UsageError when the session did nothing that could be done again."""
    mask = Mask.of(steps)
    body = [line for step in steps for line in _step(step, mask)]
    if all(line.startswith("#") for line in body):
        raise UsageError(f"session {session.id} did nothing on a page", "Choose another: apprentice sessions")
    head = resources.files("agent.export").joinpath("playwright_head.txt").read_text(encoding="utf-8")
    secrets = sorted({_variable(step) for step in steps if is_secret(step) and step.ok})
    return "\n".join(
        [
            f'"""{_plain(mask.text(session.task))}',
            "",
            f"Session {session.id}, recorded {session.started_at[:10]}. Run it with Python and Playwright."
            + (f" It reads {', '.join(secrets)} from the environment." if secrets else ""),
            '"""',
            "",
            head,
            "",
            "def work(context: BrowserContext) -> None:",
            f'{_INDENT}"""Do what was done."""',
            f"{_INDENT}page = context.new_page()",
            f"{_INDENT}page.goto({session.url!r})",
            *(_INDENT + line for line in body),
            "",
            "",
            'if __name__ == "__main__":',
            f"{_INDENT}main()",
            "",
        ]
    )


def _step(step: StepRow, mask: Mask) -> list[str]:
    """Write one step: how its dialogs are answered, what is done, and which page is looked at then."""
    shown = _plain(mask.action(step).render(with_ref=False))
    notes = step.note.split("; ")
    if not step.ok:
        return [f"# {shown}: {_plain(mask.text(step.note)) or 'no result was recorded'}"]
    doing = _doing(step)
    if not doing:
        return [f"# {shown}"]
    lines = doing
    dialogs = [found[1] == "accepted dialog" for note in notes if (found := _DIALOG.match(note))]
    if any(note.startswith(_OPENED) for note in notes):
        lines = ["with page.expect_popup() as popup:", *(_INDENT + line for line in lines), "page = popup.value"]
    elif any(note.startswith(_DOWNLOADED) for note in notes):
        lines = [
            "with page.expect_download() as download:",
            *(_INDENT + line for line in lines),
            "download.value.save_as(download.value.suggested_filename)",
        ]
    if _CLOSED in notes:
        lines = [*lines, "page = context.pages[-1]"]
    return [*([f"DIALOGS.extend({dialogs})"] if dialogs else []), *lines]


def _doing(step: StepRow) -> list[str] | None:
    """Write what an action does; None for what does nothing to a page."""
    action = step.action
    if action.verb in ON_CONTROL:
        return _on_control(step)
    match action.verb:
        case Verb.PRESS:
            return [f"page.keyboard.press({action.text!r})"]
        case Verb.OPEN:
            return [f"page.goto({_address(step)!r})"]
        case Verb.BACK:
            return ["page.go_back()"]
        case Verb.FORWARD:
            return ["page.go_forward()"]
        case Verb.SCROLL:
            return [f"page.mouse.wheel(0, {600 if action.text == 'down' else -600})"]
        case Verb.WAIT:
            return ["page.wait_for_timeout(1000)"]
        case Verb.FIND:
            return [f"page.get_by_text({action.text!r}).first.scroll_into_view_if_needed()"]
        case _:
            return None


def _on_control(step: StepRow) -> list[str]:
    """Write what is done to a control; nothing for what only changes how a page is read."""
    action = step.action
    line = step.observation.find(action.ref) if action.ref is not None else None
    role = line.role if line else _likely_role(action)
    if action.verb is Verb.EXPAND:  # shows more of a page to who reads it in lines; the page itself is as it was
        return []
    control = _find(role, action.name, step.observation)
    text = f"os.environ[{_variable(step)!r}]" if is_secret(step) else repr(action.text)
    if action.verb in (Verb.CLICK, Verb.HOVER):
        return [f"{control}.{action.verb}()"]
    if action.verb is Verb.DRAG:
        return [f'{control}.drag_to(find(page, "clickable", {action.text!r}))']
    if role == "file":
        return [f"{control}.set_input_files({text})"]
    if action.verb is Verb.TYPE:
        return [f"{control}.fill({text})"]
    if line is not None and line.options:
        return [f"{control}.select_option(label={text})"]
    return [f"{control}.click()", f'find(page, "option", {text}).click()']


def _likely_role(action: Action) -> str:
    roles = {Verb.CLICK: "button", Verb.TYPE: "textbox", Verb.SELECT: "combobox"}
    return roles.get(action.verb, "clickable")


def _find(role: str, name: str, page: Observation) -> str:
    """Write the call that finds a control: what the walker added to tell it from its twins becomes row and number."""
    name, nth = _numbered(role, name, page.lines)
    name, row = _in_row(role, name, page.lines)
    extra = (f", row={row!r}" if row else "") + (f", nth={nth}" if nth else "")
    return f'find(page, "{role}", {name!r}{extra})'


def _numbered(role: str, name: str, lines: tuple[Line, ...]) -> tuple[str, int]:
    """Split `Edit #2` when there is an `Edit` too."""
    match = re.fullmatch(r"(.+) #(\d+)", name)
    if match and any(line.role == role and line.name == match[1] for line in lines):
        return match[1], int(match[2]) - 1
    return name, 0


def _in_row(role: str, name: str, lines: tuple[Line, ...]) -> tuple[str, tuple[str, ...]]:
    """Split `Delete (Museum, 20)` when another control of its role begins alike."""
    for match in re.finditer(r" \(", name):
        base, words = name[: match.start()], name[match.end() : -1]
        twins = [
            line for line in lines if line.role == role and line.name.startswith(base + " (") and line.name != name
        ]
        if name.endswith(")") and twins:
            return base, tuple(part.rstrip("…").strip() for part in words.split(", ") if part.strip("… "))
    return name, ()


def _address(step: StepRow) -> str:
    """Return the address that was opened, absolute."""
    from urllib.parse import urljoin

    return urljoin(step.observation.url, step.action.text)


def _variable(step: StepRow) -> str:
    """Return the name of the environment variable that holds a secret."""
    return re.sub(r"\W+", "_", step.action.name, flags=re.ASCII).strip("_").upper() or "SECRET"


def _plain(text: str) -> str:
    """Make text safe for a comment and a docstring."""
    text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.replace("\\", "/").replace('"""', "'''").split()).rstrip('"')
