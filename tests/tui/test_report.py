"""A session's page shows everything, trusts nothing of it, and needs nothing but itself."""

from __future__ import annotations

import functools
import sys
import threading
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.lessons.text import demonstration_text
from agent.store import Store
from browser.actions import Action, Verb
from browser.environment import LiveEnvironment
from browser.types import Line, Observation, StepResult
from tui import report
from tui.cli import main
from tui.report import session_page

EVIL = (
    "</pre></title></style></script><script>document.title='owned'</script>"
    "<img src=/stolen onerror=\"document.title='owned'\"> \"'`{{7*7}}"
)
PICTURE = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


class Tags(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.found)


@pytest.fixture
def session(store: Store) -> str:
    """A session in which everything that a page or a person can say is hostile."""
    lesson = store.add_lesson("words", "app", "", demonstration_text(EVIL, [Action(Verb.DONE)]))
    made = store.begin_session(EVIL, "http://a.example", f"http://a.example/?{EVIL}", lesson_ids=[lesson])
    lines = (Line("text", EVIL), Line("textbox", EVIL, 7, value=EVIL), Line("combobox", "x", 8, options=(EVIL,)))
    page = Observation(f"http://a.example/{EVIL}", EVIL, lines, dialog=EVIL)
    for number, action in enumerate((Action(Verb.TYPE, EVIL, 7, EVIL), Action(Verb.CLICK, EVIL, 7))):
        store.begin_step(made, number, page, action, guard={"reason": EVIL}, decided_ms=400)
        store.finish_step(made, number, StepResult(page, ok=not number, note=EVIL), acted_ms=30, screenshot=PICTURE)
    store.begin_step(made, 2, page, Action(Verb.DONE, text=EVIL))
    store.end_session(made, "done", EVIL)
    return made


def hostile(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Return the elements that are not the page's own, or that would ask for something or run something."""

    def is_own(tag: str, attributes: dict[str, str | None]) -> bool:
        source, address = attributes.get("src") or "", attributes.get("href") or "#"
        inert = not any(name.startswith("on") for name in attributes)
        return inert and address.startswith("#") and source.startswith("data:image/jpeg;base64,/9j/") == (tag == "img")

    return [(tag, attributes) for tag, attributes in Tags(page).found if not is_own(tag, attributes)]


def test_what_pages_say_stays_text(store: Store, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = store.session(session)
    page = session_page(store, row)
    assert hostile(page) == []
    tags = Tags(page)
    assert (tags.count("script"), tags.count("style"), tags.count("img"), tags.count("section")) == (1, 1, 2, 3)
    assert "Lesson read" in page and "Prompt" in page and "{{7*7}}" in page and "400 ms" in page and "result" in page
    open_template = functools.partial(report.Environment, trim_blocks=True)
    monkeypatch.setattr(report, "Environment", lambda **options: open_template(undefined=options["undefined"]))
    assert hostile(session_page(store, row)), "the check sees what would get through without escaping"


@pytest.mark.browser
def test_it_opens_alone_and_is_walked_with_the_keyboard(store: Store, session: str, tmp_path: Path) -> None:
    asked: list[str] = []

    class Pages(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    site = tmp_path / "site"
    site.mkdir()
    page = session_page(store, store.session(session))
    (site / "page.html").write_text(page)
    injected = page.replace("<main>", "<main><script>document.title='owned'</script><img src=/stolen>", 1)
    (site / "policy.html").write_text(injected)
    (site / "open.html").write_text(injected.replace("Content-Security-Policy", "X-Nothing"))
    handler = functools.partial(Pages, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with LiveEnvironment(f"{address}/page.html") as environment:
            first = environment.reset()
            assert first.title.startswith("</pre>")
            names = [line.name for line in first.lines]
            assert any(name.startswith("1 of 3") for name in names) and not any(n.startswith("2 of 3") for n in names)
            environment.hands.press("ArrowRight")
            names = [line.name for line in environment.look().lines]
            assert any(name.startswith("2 of 3") for name in names) and not any(n.startswith("1 of 3") for n in names)
            environment.step(Action(Verb.OPEN, text="/policy.html"))
            assert environment.look().title.startswith("</pre>"), "the policy holds even where escaping would fail"
            assert "/stolen" not in asked
            environment.step(Action(Verb.OPEN, text="/open.html"))
            assert environment.look().title == "owned" and "/stolen" in asked, "without it the script runs"
        server.shutdown()


def test_the_command_writes_the_page(
    store: Store,
    session: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for path, code in ((tmp_path / "page.html", 0), (tmp_path / "no" / "page.html", 2)):
        monkeypatch.setattr(sys, "argv", ["apprentice", "replay", session, "--html", str(path)])
        assert main() == code
    assert Tags((tmp_path / "page.html").read_text()).count("section") == 3
    assert "cannot be written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*page*")] == ["page.html"]
