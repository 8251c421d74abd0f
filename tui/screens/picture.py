"""The screenshot of a step, in the terminal: drawn by textual-image, an optional extra, as finely as the terminal can."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen

from agent.store import StepRow, Store
from browser.errors import SetupError, UsageError
from tui.messages import PictureRead


def picture_key(id: str) -> Binding:
    """Return the binding of a screen that has pictures."""
    return Binding("ctrl+g", "picture", "Picture", show=False, id=id, tooltip="See the page as a picture")


class PictureScreen(ModalScreen[None]):
    """One picture, as large as the terminal allows; any of its keys closes it."""

    CSS_PATH = "picture.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g,enter", "close", "Close", id="picture.close", tooltip="Go back to the screen below")
    ]

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def compose(self) -> ComposeResult:
        """Draw it."""
        from textual_image.widget import Image

        with Container(id="picture"):
            yield Image(BytesIO(self._data))

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()


def read_picture(store: Store, step: StepRow | None) -> PictureRead:
    """Read the picture of a step. Raises UsageError where there is none, SetupError where nothing can draw it."""
    if step is None or step.screenshot_hash is None:
        raise UsageError(
            "there is no picture of this step", "Pictures are taken in browsers, unless `screenshots` is off"
        )
    try:
        import textual_image  # noqa: F401 - the extra
    except ImportError as error:
        raise SetupError(
            "pictures in the terminal are an extra",
            f"pip install 'apprentice[pictures]', or see them in a browser: apprentice replay {step.session_id} --html FILE",
        ) from error
    return PictureRead(store.get_blob(step.screenshot_hash))


def ask_terminal() -> None:
    """Ask the terminal what it can draw. Only before Textual reads from it can anybody else hear the answer."""
    with suppress(ImportError):
        import textual_image.widget  # noqa: F401 - it asks when it is imported
