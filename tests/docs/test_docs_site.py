"""The site builds without a warning (links, anchors, navigation), and a browser that opens it asks nobody else for anything."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from documentation import DOCS, ROOT
from playwright.sync_api import Browser, Page, sync_playwright

from browser.launch import find_browser


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(site)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on loopback while the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that finds nobody but this machine."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=find_browser().path, args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        )
        yield running
        running.close()


def test_every_page_is_in_the_site(site: Path) -> None:
    assert {path.stem for path in DOCS.glob("*.md")} <= {path.stem for path in site.glob("*.html")}


def test_a_broken_link_and_a_lost_anchor_fail_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[gone](gone.md) [lost](#lost)\n")
    text = (ROOT / "mkdocs.yml").read_text().split("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(text)
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0 and "gone.md" in done.stderr and "#lost" in done.stderr


@pytest.mark.browser
def test_nothing_is_asked_of_anybody_else(site: Path, browser: Browser) -> None:
    with served(site) as address, browser.new_page() as page:
        asked = others(page, address)
        for name in ("index.html", "tutorial.html", "log.html"):
            page.goto(f"{address}/{name}", wait_until="networkidle")
        page.keyboard.press("/")
        page.keyboard.type("consolidate")
        page.locator(".md-search-result__item").first.wait_for()
    assert asked == []


@pytest.mark.browser
def test_a_font_from_elsewhere_would_be_seen(tmp_path: Path, browser: Browser) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n")
    text = (ROOT / "mkdocs.yml").read_text().split("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(text.replace("  font: false", "  language: en"))
    assert build(tmp_path / "mkdocs.yml", tmp_path / "site").returncode == 0
    with served(tmp_path / "site") as address, browser.new_page() as page:
        asked = others(page, address)
        page.goto(f"{address}/index.html", wait_until="networkidle")
    assert any("font" in url for url in asked)


def others(page: Page, address: str) -> list[str]:
    """Return a list that fills with what the page asks of anybody but the server at this address."""
    asked: list[str] = []
    own = (f"{address}/", "data:", f"blob:{address}/")
    page.on("request", lambda request: None if request.url.startswith(own) else asked.append(request.url))
    return asked
