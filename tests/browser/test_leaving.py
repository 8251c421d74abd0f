"""A page that saves a moment later has saved when it is left, however it is left; one that only warns does not hold us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from browser.environment import LiveEnvironment
from browser.leaving import LIMIT, SILENCE
from tests.browser.conftest import App, Driver, serve


class Recording(App):
    """Notes what is saved, once its slow work on it is done."""

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        words = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.stopping.wait(int(asked["ms"]) / 1000)  # type: ignore[attr-defined]
        self.answer("", "text/plain", {"Access-Control-Allow-Origin": "*"})
        self.saved.append(words)

    saved: list[str]


@pytest.fixture(scope="module")
def notebook() -> Iterator[tuple[str, list[str]]]:
    """The address of an app that notes what is saved, and the notes."""
    saved: list[str] = []
    for address in serve(type("Noting", (Recording,), {"saved": saved})):
        yield address, saved


@pytest.fixture(scope="module")
def writer(notebook: tuple[str, list[str]], make_environment: Callable[..., LiveEnvironment]) -> Driver:
    return Driver(make_environment(notebook[0]), notebook[0])


def write(driver: Driver, page: str, words: str) -> None:
    driver.open(page)
    driver.do(f'type "Note" "{words}"')
    assert driver.do('click "Keep"').ok


@pytest.mark.parametrize("way", ["listener", "value", "property"])
def test_a_new_start_loses_nothing_that_was_about_to_be_saved(
    writer: Driver, notebook: tuple[str, list[str]], way: str
) -> None:
    write(writer, f"saves_late.html?way={way}", way)
    assert notebook[1][-1:] != [way], "the page saved at once: this shows nothing"
    writer.open("second.html")
    assert notebook[1][-1:] == [way]


def test_what_a_page_does_not_tell_is_lost_as_in_any_browser(writer: Driver, notebook: tuple[str, list[str]]) -> None:
    """The control: without its warning the same page is left before it saved."""
    write(writer, "saves_late.html?way=none", "untold")
    writer.open("second.html")
    assert "untold" not in notebook[1]


def test_a_save_that_is_under_way_is_waited_for(writer: Driver, notebook: tuple[str, list[str]]) -> None:
    """It outlasts the five seconds of a step, and the page does not warn."""
    write(writer, "saves_late.html?way=none&late=0&ms=6000", "slow")
    assert "slow" not in notebook[1]
    assert writer.environment.leave()
    assert notebook[1][-1:] == ["slow"]


def test_frames_are_asked_too(writer: Driver, notebook: tuple[str, list[str]], other: str) -> None:
    inner = "saves_late.html?way=value"
    for number, address in enumerate((inner, f"{notebook[0].replace('127.0.0.1', 'localhost')}/{inner}")):
        write(writer, f"holds_notebook.html?in={quote(address, safe='')}", f"framed {number}")
        writer.open("second.html")
        assert notebook[1][-1:] == [f"framed {number}"]


def test_a_page_that_only_warns_is_left_in_the_end(writer: Driver) -> None:
    writer.open("saves_late.html")
    writer.do('click "Warn for ever"')
    started = time.monotonic()
    assert not writer.environment.leave()
    assert SILENCE <= time.monotonic() - started < LIMIT
    assert writer.seen.title == "Notebook"


def test_a_page_without_unsaved_work_is_left_at_once(writer: Driver) -> None:
    writer.open("saves_late.html")
    started = time.monotonic()
    assert writer.environment.leave()
    assert time.monotonic() - started < 1.0


def test_closing_the_browser_loses_nothing(notebook: tuple[str, list[str]]) -> None:
    address, saved = notebook
    with LiveEnvironment(f"{address}/second.html") as environment:
        write(Driver(environment, address), "saves_late.html", "closed")
        assert saved[-1:] != ["closed"]
    assert saved[-1:] == ["closed"]
