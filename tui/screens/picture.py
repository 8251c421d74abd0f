"""The screenshot of a step, in the terminal: drawn in half cells, which every terminal shows, by an optional extra."""

from __future__ import annotations

from io import BytesIO
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

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
        """Make room for it."""
        yield Static(id="picture")

    def on_resize(self, event: Resize) -> None:
        """Draw it as large as it fits: a cell is as wide as one dot and as high as two."""
        from PIL import Image
        from rich_pixels import Pixels

        with Image.open(BytesIO(self._data)) as picture:
            share = min(event.size.width / picture.width, 2 * event.size.height / picture.height)
            dots = (max(1, int(picture.width * share)), max(2, int(picture.height * share) // 2 * 2))
            drawn = Pixels.from_image(picture.convert("RGB").resize(dots, Image.Resampling.LANCZOS))
        place = self.query_one("#picture", Static)
        place.styles.width, place.styles.height = dots[0], dots[1] // 2
        place.update(drawn)

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
        import rich_pixels  # noqa: F401 - the extra
    except ImportError as error:
        raise SetupError(
            "pictures in the terminal are an extra",
            f"pip install 'apprentice[pictures]', or see them in a browser: apprentice replay {step.session_id} --html FILE",
        ) from error
    return PictureRead(store.get_blob(step.screenshot_hash))
