"""Screenshots in the terminal: drawn where the extra is installed, and said otherwise."""

from __future__ import annotations

import sys
from io import BytesIO

import pytest
from driving import NARROW, Opened, go, shows, text, until
from PIL import Image
from textual.widgets import Static

from agent.store import Store
from browser.actions import parse
from browser.errors import SetupError
from browser.types import Line, Observation, StepResult
from tui.example import ORIGIN
from tui.screens.picture import PictureScreen, read_picture

PAGE = Observation(f"{ORIGIN}/", "Bills", (Line("button", "Save", 1),))
NO_PICTURE = "there is no picture of this step"


def photographed(store: Store, *pictures: bytes | None) -> str:
    """Record a session with a picture after some of its steps."""
    session_id = store.begin_session("Look around", ORIGIN, PAGE.url)
    for number, picture in enumerate(pictures, 1):
        store.begin_step(session_id, number, PAGE, parse('click "Save" [1]'))
        store.finish_step(session_id, number, StepResult(PAGE), screenshot=picture)
    store.end_session(session_id, "done")
    return session_id


def jpeg() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (640, 400), "white").save(picture, "JPEG")
    return picture.getvalue()


@pytest.mark.parametrize("size", [NARROW, (120, 36)], ids=["narrow", "wide"])
async def test_a_step_is_seen_as_a_picture(store: Store, opened: Opened, size: tuple[int, int]) -> None:
    photographed(store, jpeg(), None)
    async with opened(size) as pilot:
        await go(pilot, "f3")
        await go(pilot, "enter")
        await pilot.press("ctrl+g")
        await until(pilot, lambda: isinstance(pilot.app.screen, PictureScreen))
        drawn = pilot.app.screen.query_one("#picture", Static)
        await until(pilot, lambda: drawn.size.width > 20)
        assert "▄" in text(pilot) or "▀" in text(pilot)
        assert drawn.size.width <= size[0] and drawn.size.height <= size[1], "all of it is seen"
        assert drawn.size.width > 2 * drawn.size.height, "it is as wide as the page was, in cells"
        await pilot.press("escape")
        assert "Step 1 of 2" in text(pilot)
        await pilot.press("right", "ctrl+g")
        await shows(pilot, NO_PICTURE)
        assert not isinstance(pilot.app.screen, PictureScreen)


def test_without_the_extra_it_is_said_how_to_have_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (step,) = store.steps(photographed(store, jpeg()))
    assert read_picture(store, step).data == jpeg()
    monkeypatch.setitem(sys.modules, "rich_pixels", None)  # as when it is not installed
    with pytest.raises(SetupError, match="extra") as told:
        read_picture(store, step)
    assert "apprentice[pictures]" in str(told.value) and f"apprentice replay {step.session_id} --html" in str(
        told.value
    )
