"""The live environment: tabs, dialogs, downloads, settling, crashes, and leaving nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from browser.actions import Action, Verb
from browser.driver import DRIVER, end_now, family, has_ended
from browser.environment import LiveEnvironment
from browser.errors import AppUnreachable, UsageError
from browser.tabs import safe_name
from browser.watchdog import Watchdog
from tests.browser.conftest import LOCAL_ONLY, Driver

pytestmark = pytest.mark.browser


def test_a_new_tab_is_followed_and_left_again(driver: Driver) -> None:
    driver.open("tabs.html")
    result = driver.do('click "Terms in a new tab"')
    assert result.note == "opened a new tab: Second"
    assert result.observation.title == "Second"
    result = driver.do("back")
    assert result.ok, result.note
    assert result.observation.title == "Tabs"
    assert driver.environment.tabs.count == 1


def test_a_window_that_closes_itself_gives_way_to_its_opener(driver: Driver) -> None:
    driver.open("tabs.html")
    driver.do('click "Open window"')
    result = driver.do('click "Close me"')
    assert (result.ok, result.note, result.observation.title) == (True, "the tab was closed", "Tabs")


def test_back_ends_at_the_first_page(driver: Driver) -> None:
    driver.open("tabs.html")
    driver.do('click "Second page"')
    assert driver.do("back").observation.title == "Tabs"
    result = driver.do("back")
    assert (result.ok, result.note) == (False, "there is no page before this one")


def test_a_dead_link_is_said_once(driver: Driver) -> None:
    driver.open("tabs.html")
    result = driver.do('click "Dead link"')
    assert (result.ok, result.note) == (False, "the page did not load")
    assert driver.do("scroll down").note == "cannot scroll further down"
    assert driver.do("back").observation.title == "Tabs"


def test_dialogs_are_dismissed_and_told(driver: Driver) -> None:
    driver.open("alerts.html")
    result = driver.do('click "Alert"')
    assert result.note == 'alert "Saved for good"'
    assert result.observation.lines[-1].name == "after alert"
    result = driver.do('click "Confirm"')
    assert (result.note, result.observation.lines[-1].name) == ('dismissed dialog "Really?"', "kept")
    result = driver.do('click "Prompt"')
    assert (result.note, result.observation.lines[-1].name) == ('dismissed dialog "Your name?"', "name: null")
    driver.do('click "Guard"')
    result = driver.do('click "Leave"')
    assert (result.note, result.observation.title) == ('dismissed dialog "leave this page?"', "Alerts")


def test_dialogs_are_accepted_when_somebody_says_so(app: str, make_environment: Callable[..., LiveEnvironment]) -> None:
    asked: list[tuple[str, str]] = []

    def decide(kind: str, message: str) -> bool:
        asked.append((kind, message))
        return True

    environment = make_environment(f"{app}/alerts.html", decide_dialog=decide)
    driver = Driver(environment, app)
    environment.reset()
    driver.do('click "Alert"')
    result = driver.do('click "Confirm"')
    assert (result.note, result.observation.lines[-1].name) == ('accepted dialog "Really?"', "confirmed")
    assert driver.do('click "Prompt"').observation.lines[-1].name == "name: Dana"
    driver.do('click "Guard"')
    assert driver.do('click "Leave"').observation.title == "Second"
    assert asked == [("confirm", "Really?"), ("prompt", "Your name?"), ("beforeunload", "")]


def test_downloads_are_quarantined_and_named(driver: Driver, downloads: Path) -> None:
    driver.open("files.html")
    result = driver.do('click "Get the report"')
    assert result.ok
    assert result.note.startswith('downloaded "')
    result = driver.do('open "/report"')
    assert result.ok, result.note
    kept = sorted(downloads.iterdir())
    assert len(kept) == 2
    assert all(path.read_text() == "a,b\n1,2\n" and path.stat().st_mode & 0o777 == 0o600 for path in kept)


@pytest.mark.parametrize(
    ("suggested", "kept"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\run.exe", "run.exe"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("", "download"),
        ("..", "download"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
    ],
)
def test_file_names_are_made_harmless(suggested: str, kept: str) -> None:
    assert safe_name(suggested) == kept


def test_what_the_server_still_owes_is_waited_for(driver: Driver) -> None:
    driver.open("slow.html")
    assert driver.do('click "Fetch"').observation.lines[-1].name == "fetched"
    assert driver.do('click "Slow page"').observation.lines[-1].name == "a slow page"


def test_an_app_that_draws_itself_is_seen_drawn(driver: Driver) -> None:
    """Its scripts come late and are no request for data: the empty page before them is not the page."""
    assert [line.name for line in driver.open("draws_itself.html").lines] == ["Drawn"]


def test_wait_ends_when_the_page_changes(driver: Driver) -> None:
    driver.open("slow.html")
    assert driver.do('click "Later"').observation.lines[-1].name == "waiting"
    assert driver.do("wait").observation.lines[-1].name == "came by itself"


def test_an_answer_that_never_comes_does_not_hold_up_later_steps(driver: Driver) -> None:
    driver.open("slow.html")
    assert driver.do('click "Poll for ever"').note == "the page is still loading"
    result = driver.do('click "Fetch"')
    assert (result.note, result.observation.lines[-1].name) == ("", "fetched")


def test_a_page_that_polls_is_not_waited_for(driver: Driver) -> None:
    driver.open("slow.html")
    driver.script("poll()")
    for _ in range(2):  # each takes more than a second, and the poll is still held
        driver.do('click "Fetch"')
    result = driver.do('click "Release"')  # the poll is answered and sent again, to be held for ever
    assert result.note == ""


def test_a_slow_new_tab_is_waited_for(driver: Driver) -> None:
    driver.open("slow.html")
    result = driver.do('click "Slow tab"')
    assert (result.note, result.observation.lines[-1].name) == ("opened a new tab: Slow", "came late")


def test_a_page_that_never_stands_still_is_read_as_it_is(driver: Driver) -> None:
    driver.open("restless.html")
    result = driver.do('click "Press"')
    assert (result.ok, result.note, result.observation.lines[-1].name) == (True, "", "pressed")
    assert driver.do('click "Nothing"').note == "the page keeps changing"


def test_words_to_the_person_do_not_touch_the_page(driver: Driver) -> None:
    page = driver.open("rows.html")
    for verb in (Verb.ASK, Verb.DONE, Verb.FAIL):
        result = driver.environment.step(Action(verb, text="words"))
        assert result.observation is page
        assert result.ok


def test_an_app_that_does_not_answer(make_environment: Callable[..., LiveEnvironment]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    environment = make_environment(url)
    with pytest.raises(AppUnreachable) as caught:
        environment.reset()
    assert caught.value.message == f"{url} does not answer"
    assert caught.value.next_step
    assert caught.value.exit_code == 3
    environment.close()


def test_only_web_addresses_and_only_after_reset() -> None:
    for url in ("file:///etc/passwd", "javascript:1", "localhost:80", ""):
        with pytest.raises(UsageError, match="not a web address"):
            LiveEnvironment(url)
    environment = LiveEnvironment("http://127.0.0.1:9/")
    for act in (environment.look, environment.screenshot, lambda: environment.step(Action(Verb.WAIT))):
        with pytest.raises(UsageError, match="no page yet"):
            act()
    environment.close()


def test_a_crashed_page_is_said_and_recovered_from(app: str, make_environment: Callable[..., LiveEnvironment]) -> None:
    environment = make_environment(f"{app}/second.html")
    environment.reset()
    end_now([process for process in family(environment._live.launched.pid) if "--type=renderer" in process.cmdline()])
    result = environment.step(Action(Verb.SCROLL, text="down"))
    assert (result.ok, result.observation.title) == (False, "Second")
    assert "crashed" in result.note
    assert environment.step(Action(Verb.SCROLL, text="down")).note == "cannot scroll further down"
    assert environment.reset().title == "Second"


def test_a_page_that_hangs_is_given_up(app: str, make_environment: Callable[..., LiveEnvironment]) -> None:
    environment = make_environment(f"{app}/second.html", patience=8.0)
    page = environment.reset()
    environment.tabs.page.evaluate("addEventListener('click', () => { for (;;); }, true)")
    button = next(line for line in page.lines if line.name == "Grow")
    result = environment.step(Action(Verb.CLICK, button.name, button.ref))
    assert "did not answer for 8 seconds" in result.note
    assert (result.ok, result.unknown, result.observation.title) == (False, True, "Second")
    assert environment.reset().title == "Second"


def test_a_driver_that_hangs_is_given_up(app: str) -> None:
    def scenario() -> str:
        with (
            LiveEnvironment(f"{app}/second.html", args=LOCAL_ONLY) as other,
            LiveEnvironment(f"{app}/second.html", args=LOCAL_ONLY, patience=8.0) as environment,
        ):
            other.reset()
            environment.reset()
            driver = DRIVER.process
            assert driver is not None
            driver.suspend()
            result = environment.step(Action(Verb.SCROLL, text="down"))
            assert "did not answer for 8 seconds" in result.note
            assert (result.ok, result.observation.title) == (False, "Second")
            assert other.reset().title == "Second"
            return environment.reset().title

    with ThreadPoolExecutor(1) as pool:  # a thread has a driver of its own: the other tests' must not be ended
        assert pool.submit(scenario).result() == "Second"


def test_what_the_watchdog_ends_is_gone_when_the_watched_stretch_is_over() -> None:
    """A process's pipes close before it ends: what is waiting at one goes on while it still looks alive."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None
        watchdog = Watchdog(0, psutil.Process(driver.pid), seconds=0.2)
        with watchdog.watching():
            assert driver.stdout.read() == b""
        assert watchdog.bit
        assert has_ended(psutil.Process(driver.pid))


def test_a_killed_browser_leaves_nothing_and_comes_back(app: str) -> None:
    with LiveEnvironment(f"{app}/second.html", args=LOCAL_ONLY) as environment:
        environment.reset()
        started = [psutil.Process(environment._live.launched.pid)]
        started += started[0].children(recursive=True)
        started[0].kill()
        result = environment.step(Action(Verb.SCROLL, text="down"))
        assert (result.ok, result.observation.title) == (False, "Second")
        assert environment.reset().title == "Second"
        started.append(psutil.Process(environment._live.launched.pid))
        started += started[-1].children(recursive=True)
    environment.close()
    assert psutil.wait_procs(started, timeout=10)[1] == []


def test_cookies_survive_reset_and_travel_with_storage(
    app: str, make_environment: Callable[..., LiveEnvironment]
) -> None:
    first = make_environment(f"{app}/second.html")
    first.reset()
    first.tabs.page.evaluate("document.cookie = 'who=dana; max-age=3600'; localStorage.setItem('theme', 'dark')")
    first.reset()
    assert first.tabs.page.evaluate("document.cookie") == "who=dana"
    second = make_environment(f"{app}/second.html", storage_state=first.storage())
    second.reset()
    assert second.tabs.page.evaluate("[document.cookie, localStorage.getItem('theme')]") == ["who=dana", "dark"]


def test_a_screenshot_is_a_jpeg(driver: Driver) -> None:
    driver.open("secrets.html")
    before = driver.script("document.documentElement.outerHTML")
    assert driver.environment.screenshot().startswith(b"\xff\xd8\xff")
    assert driver.script("document.documentElement.outerHTML") == before
