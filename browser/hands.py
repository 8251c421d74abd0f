"""Hands on a live page: trusted mouse and keyboard input, after waiting until the control can take it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error, TimeoutError

from browser.actions import ActionFailed
from browser.reach import PATIENCE_MS, Reach
from browser.secrets import Resolve
from browser.tabs import Tabs
from browser.types import quote
from browser.world import DocumentGone, translated

TYPED = 200
"""Up to so many characters are typed key by key, since lists of suggestions need key events; longer text is put in at once."""
LIST_MS = 700
"""How long a combobox that takes text may need to show its list before the option is typed into it."""
PICKS = 5
SLIDES = 300
"""So many presses of an arrow key may move a slider."""
STRETCH = 10
"""Movements that a dragging mouse makes on its way, so that what lies between notices it."""
MOVE_MS = 300
"""How long a slider may need to say its new number after a key."""
NAVIGATION_MS = 30_000
_FORMS = {
    "date": "a date as 2026-03-01",
    "time": "a time as 14:30",
    "datetime-local": "a date and time as 2026-03-01T14:30",
    "month": "a month as 2026-03",
    "week": "a week as 2026-W09",
    "color": "a colour as #ff8800",
    "range": "a number",
}


class LiveHands(Reach):
    """Acts on the active tab: one method for each action."""

    def __init__(self, tabs: Tabs, home: str, staging: Path | None, secrets: Resolve | None = None) -> None:
        super().__init__(tabs)
        self._home = home
        self._staging = staging
        self._secrets = secrets

    def click(self, ref: int) -> None:
        """Press the control at a point that the mouse reaches. Selects and file boxes have verbs of their own."""
        frame, found = self._ready(ref)
        name = self._name(ref, found)
        if found["kind"] == "select":
            raise ActionFailed(f"{name} is a list: select one of its options")
        if found["kind"] == "file":
            raise ActionFailed(f"{name} takes a file: type the file's name")
        self._press(ref, name, frame, found)

    def fill(self, ref: int, text: str) -> None:
        """Replace what the field holds. File boxes take the name of a staged file."""
        chooser, self._tabs.chooser = self._tabs.chooser, None
        frame, found = self._ready(ref)
        name, kind = self._name(ref, found), found["kind"]
        if kind == "file":
            self._upload(ref, name, text)
        elif chooser is not None and kind == "none":
            with translated():
                chooser.set_files(self._staged(name, text))
        elif found["readonly"]:
            raise ActionFailed(f"{name} is read-only")
        elif kind == "select":
            self.choose(ref, text)
        elif kind == "set":
            answer = self._call(ref, "set", text)
            if not answer["took"]:
                raise ActionFailed(f"{name} takes {_FORMS[answer['type']]}")
        elif kind == "slider":
            self._slide(ref, name, text)
        elif kind == "none":
            raise ActionFailed(f"{name} cannot be typed into")
        else:
            self._press(ref, name, frame, found)
            self._enter(ref, name, text)
            if kind == "number" and not self._call(ref, "understood", text):
                raise ActionFailed(f"{name} takes a number such as 12.5")

    def fill_secret(self, ref: int, secret: str) -> None:
        """Replace what a secret field holds by a secret that belongs to the field's own origin.

        The value goes into the field at once, not key by key: a page that moves on meanwhile would get the rest of the keys.
        """
        if self._secrets is None:
            raise ActionFailed(f"<secret:{secret}> was not granted to this session")
        frame, found = self._ready(ref)
        name, place = self._name(ref, found), self._call(ref, "secretPlace")
        value = self._secrets(secret, place["origin"])
        if not place["secret"]:
            raise ActionFailed(f"{name} is no field for secrets, so <secret:{secret}> is not typed into it")
        if found["readonly"]:
            raise ActionFailed(f"{name} is read-only")
        self._press(ref, name, frame, found)
        if not self._call(ref, "fillSecret", place["origin"], value):
            raise ActionFailed(f"{name} does not take text")

    def choose(self, ref: int, option: str) -> None:
        """Choose by label, letter by letter or else without regard to case. In a list that takes several, what is chosen is taken back."""
        frame, found = self._ready(ref)
        name = self._name(ref, found)
        if found["kind"] == "select":
            answer = self._call(ref, "choose", option)
            if not answer["took"]:
                raise ActionFailed(_no_option(name, option, answer["options"]))
            return
        if found["role"] != "listbox" and not found["expanded"]:
            self._press(ref, name, frame, found)
        takes_text = found["kind"] in ("text", "other") and not found["readonly"]
        if takes_text and "ref" not in self._call(ref, "option", option, LIST_MS, self.patience_ms):
            with suppress(ActionFailed):  # what takes no text has its list, or has not
                self._enter(ref, name, option)
        self._pick(ref, name, option)

    def expand(self, ref: int) -> None:
        """Have the next look show the next part of a long run of alike things."""
        if not self._call(ref, "expand"):
            raise ActionFailed(f"{self._name(ref, {})} is gone")

    def press(self, key: str) -> None:
        """Press a key on what has the focus, in whichever frame that is."""
        with translated():
            self._tabs.page.keyboard.press(key)

    def open(self, url: str) -> None:
        """Go to an http or https address; every other kind is refused."""
        here = self._tabs.page.url
        target = web_address(here if here.startswith("http") else self._home, url)
        before = len(self._tabs.notes)
        try:
            self._tabs.page.goto(target, wait_until="commit", timeout=NAVIGATION_MS)
        except Error as error:
            if "net::ERR_ABORTED" in error.message or "Download is starting" in error.message:
                if self._tabs.downloading or len(self._tabs.notes) > before or "Download is starting" in error.message:
                    return
                raise ActionFailed(f"{quote(target)} opens no page") from error
            if "net::ERR_" not in error.message and not isinstance(error, TimeoutError):
                raise
            raise ActionFailed(f"{quote(target)} {why_not(error)}") from error

    def back(self) -> None:
        """Go one page back. A tab without history is closed, unless it is the only one."""
        if self._go(-1):
            return
        if self._tabs.count == 1:
            raise ActionFailed("there is no page before this one")
        self._tabs.close_active()

    def forward(self) -> None:
        """Go to the page that `back` left."""
        if not self._go(1):
            raise ActionFailed("there is no page after this one")

    def hover(self, ref: int | None, name: str) -> None:
        """Leave the mouse over a control, or over the first place with these words."""
        x, y = self._place(ref, name)
        with translated():
            self._tabs.page.mouse.move(x, y, steps=2)

    def drag(self, ref: int | None, name: str, target: str) -> None:
        """Press on one thing, move over the other, let go. Both may be controls or words; the other one is brought into view."""
        line = next((line for line in self.seen.lines if line.ref and line.name == target), None) if self.seen else None
        to = line.ref if line else None
        self._place(to, target)
        mouse = self._tabs.page.mouse
        with translated():
            mouse.move(*self._place(ref, name))
        x, y = self._place(ref, name)  # a menu that the mouse left has closed, and things moved up
        with translated():
            mouse.move(x, y)
            mouse.down()
            try:
                mouse.move(x + 8, y + 8, steps=4)  # from here on it is a drag and no click
                mouse.move(*self._place(to, target), steps=STRETCH)
            finally:
                mouse.up()

    def scroll(self, direction: str) -> None:
        """Move the page, or what scrolls in its middle or in its dialog, by most of its height."""
        if not self._view_call("scroll", direction):
            raise ActionFailed(f"cannot scroll further {direction}")

    def wait(self) -> None:
        """Wait until the page is another than the policy saw, at most five seconds."""
        main = self._tabs.view.main
        try:
            if main.seen == main.world.context(main.id):
                main.call("changed", self.seen.mutations if self.seen else 0, PATIENCE_MS)
        except DocumentGone:
            return

    def find(self, text: str) -> None:
        """Bring the first place with these words into view, whatever their case, in the page and then in its frames."""
        for frame in self._tabs.view.frames():
            try:
                if text.strip() and (found := frame.call("find", text)):
                    frame.sought = found
                    return
            except DocumentGone:
                continue
        raise ActionFailed(f"not found: {quote(text)}")

    def _go(self, by: int) -> bool:
        """Move in the tab's history; False when it ends there."""
        world = self._tabs.view.world
        history = self._moving(lambda: world.send("Page.getNavigationHistory"))
        index, entries = history["currentIndex"] + by, history["entries"]
        if not 0 <= index < len(entries) or entries[index]["url"] == "about:blank":
            return False
        self._moving(lambda: world.send("Page.navigateToHistoryEntry", {"entryId": entries[index]["id"]}))
        return True

    def _slide(self, ref: int, name: str, text: str) -> None:
        """Move a slider that is made of ARIA by the keyboard, until it says the number."""
        try:
            wanted = float(text)
        except ValueError:
            raise ActionFailed(f"{name} takes a number") from None
        at = self._call(ref, "slider")
        if not at["least"] <= wanted <= at["most"]:
            raise ActionFailed(f"{name} takes a number from {at['least']:g} to {at['most']:g}")
        keys = [("ArrowRight", "ArrowLeft"), ("ArrowUp", "ArrowDown")]
        for _ in range(SLIDES):
            before = at["now"]
            if before == wanted:
                return
            self.press(keys[0][wanted < before])
            at = self._call(ref, "slid", before, MOVE_MS)
            if (wanted - before) * (wanted - at["now"]) < 0:
                raise ActionFailed(f"{name} goes from {before:g} to {at['now']:g} in one step")
            if at["now"] == before:
                keys.pop(0)
                if not keys:
                    break
        raise ActionFailed(f"{name} stays at {at['now']:g}")

    def _pick(self, ref: int, name: str, option: str) -> None:
        """Press a choice of an open list. Lists that follow what is typed replace their choices: then look again."""
        for _ in range(PICKS):
            answer = self._call(ref, "option", option, self.patience_ms, LIST_MS)
            if "held" in answer:  # a field with suggestions, not with a fixed list: it has what was wanted
                return
            if "ref" not in answer:
                raise ActionFailed(_no_option(name, option, answer["options"]))
            frame, found = self._probe(answer["ref"], LIST_MS)
            if found["state"] not in ("ok", "covered", "disabled"):
                continue
            try:
                self._press(answer["ref"], quote(option), frame, found)
                return
            except ActionFailed:
                if self._probe(answer["ref"], 0)[1]["state"] != "gone":
                    raise
        raise ActionFailed(f"the options of {name} do not stand still")

    def _enter(self, ref: int, name: str, text: str) -> None:
        """Type into what has the focus, in the place of all it holds."""
        aimed = self._call(ref, "aim")
        if not aimed["ready"]:
            raise ActionFailed(f"{name} does not take text")
        keyboard = self._tabs.page.keyboard
        text = text if aimed["multiline"] else " ".join(text.splitlines())
        with translated():
            if not text:
                if aimed["filled"]:
                    keyboard.press("Delete")
            elif len(text) > TYPED:
                keyboard.insert_text(text)
            else:
                for number, line in enumerate(text.split("\n")):
                    if number:
                        keyboard.insert_text("\n")  # Enter would send a chat message
                    keyboard.type(line)

    def _upload(self, ref: int, name: str, text: str) -> None:
        path = self._staged(name, text)
        frame = self._locate(ref)
        handle = self._moving(lambda: frame.world.handle("element", ref, frame=frame.id))
        if handle is None:
            raise ActionFailed(f"{name} is gone")
        frame.world.send("DOM.setFileInputFiles", {"objectId": handle, "files": [str(path)]})

    def _staged(self, name: str, text: str) -> Path:
        """Return the staged file of this name; nothing outside the staging folder is ever uploaded, through links neither."""
        if self._staging is None:
            raise ActionFailed(f"{name} takes a file, and no folder of files to upload was given")
        folder = self._staging.resolve()
        path = (folder / text).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise ActionFailed(f"{quote(text)} is not among the files to upload")
        return path


def why_not(error: Error) -> str:
    """Say why an address could not be opened."""
    if "ERR_CERT" in error.message:
        return "has a certificate that is not trusted"
    if "ERR_NAME_NOT_RESOLVED" in error.message:
        return "is not known on this network"
    return "does not answer"


def web_address(page: str, text: str) -> str:
    """Make an absolute address of what was asked for. Raises ActionFailed for every scheme but http and https."""
    cleaned = "".join(char for char in text if char > " ")
    try:
        target = urljoin(page, cleaned)
        parts = urlsplit(target)
    except ValueError as error:
        raise ActionFailed(f"{quote(text)} is not an address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ActionFailed("only http and https addresses can be opened")
    return target


def _no_option(name: str, option: str, options: list[str]) -> str:
    there = ", ".join(quote(other) for other in options)
    return f"{name} has no option {quote(option)}; " + (f"it has {there}" if there else "it shows none")
