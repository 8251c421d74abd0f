"""The other side of `bench.peers`: one peer's own observation code, asked over standard input and output.

Runs in the peers' own environment, which has none of our packages, so it imports nothing of ours. Each line in is a JSON
object with one key (`open`, `look`, `evaluate`), each line out its answer. The peers' own waits before a look are set to
nought and no screenshot is taken, so that what is timed is the reading of the page alone.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

WIDTH, HEIGHT = 1280, 800


class BrowserUse:
    """browser-use: `BrowserSession.get_browser_state_summary`, written as its agent reads it."""

    def __init__(self, chromium: str) -> None:
        os.environ |= {"ANONYMIZED_TELEMETRY": "false", "BROWSER_USE_LOGGING_LEVEL": "result"}
        from browser_use.browser import BrowserProfile, BrowserSession

        self._loop = asyncio.new_event_loop()
        profile = BrowserProfile(
            executable_path=chromium,
            headless=True,
            chromium_sandbox=os.geteuid() != 0,
            viewport={"width": WIDTH, "height": HEIGHT},
            user_data_dir=None,
            enable_default_extensions=False,
            minimum_wait_page_load_time=0,
            wait_for_network_idle_page_load_time=0,
        )
        self._session = BrowserSession(browser_profile=profile)
        self._loop.run_until_complete(self._session.start())

    def open(self, url: str, cookies: list[Any]) -> None:
        """Go to a page, as the person that the cookies stand for."""
        self._loop.run_until_complete(self._open(url, cookies))

    def look(self) -> str:
        """Read the page as text."""
        summary = self._session.get_browser_state_summary(include_screenshot=False)
        return self._loop.run_until_complete(summary).dom_state.llm_representation()

    def evaluate(self, expression: str) -> Any:
        """Ask the page itself."""
        return self._loop.run_until_complete(self._evaluate(expression))

    def close(self) -> None:
        """End the browser."""
        self._loop.run_until_complete(self._session.kill())

    async def _open(self, url: str, cookies: list[Any]) -> None:
        cdp = await self._session.get_or_create_cdp_session()
        if cookies:
            await cdp.cdp_client.send.Storage.setCookies(params={"cookies": cookies}, session_id=cdp.session_id)
        await self._session.navigate_to(url)

    async def _evaluate(self, expression: str) -> Any:
        cdp = await self._session.get_or_create_cdp_session()
        parameters = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = await cdp.cdp_client.send.Runtime.evaluate(params=parameters, session_id=cdp.session_id)
        return answer["result"].get("value")


class BrowserGym:
    """BrowserGym: what its environment does for an observation but the screenshot, and its accessibility tree as text."""

    def __init__(self, chromium: str) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.geteuid() != 0)
        self._context = self._browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        self._page = self._context.new_page()

    def open(self, url: str, cookies: list[Any]) -> None:
        """Go to a page, as the person that the cookies stand for."""
        self._context.add_cookies(cookies)
        self._page.goto(url, wait_until="networkidle")

    def look(self) -> str:
        """Mark the page, take its DOM and accessibility tree, take the marks away, write the tree as text."""
        from browsergym.core import observation
        from browsergym.utils.obs import flatten_axtree_to_str

        observation._pre_extract(self._page)
        dom = observation.extract_dom_snapshot(self._page)
        tree = observation.extract_merged_axtree(self._page)
        observation.extract_focused_element_bid(self._page)
        extra = observation.extract_dom_extra_properties(dom, scale_factor=1.0)
        observation._post_extract(self._page)
        return flatten_axtree_to_str(tree, extra_properties=extra)

    def evaluate(self, expression: str) -> Any:
        """Ask the page itself."""
        return self._page.evaluate(expression)

    def close(self) -> None:
        """End the browser."""
        self._browser.close()
        self._playwright.stop()


PEERS: dict[str, Callable[[str], BrowserUse | BrowserGym]] = {"browser-use": BrowserUse, "browsergym-core": BrowserGym}


def answer(peer: BrowserUse | BrowserGym, asked: dict[str, Any]) -> dict[str, Any]:
    """Do what one line asks for."""
    if "open" in asked:
        peer.open(asked["open"], asked["cookies"])
        return {}
    if "evaluate" in asked:
        return {"value": peer.evaluate(asked["evaluate"])}
    started = time.perf_counter()
    text = peer.look()
    return {"ms": (time.perf_counter() - started) * 1000, "text": text}


def main(name: str, chromium: str) -> None:
    """Start the peer and its browser, then answer until the input ends."""
    out, sys.stdout = sys.stdout, sys.stderr  # what a peer prints is not an answer
    peer = PEERS[name](chromium)
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        try:
            said = answer(peer, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
            said = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(said), file=out, flush=True)
    peer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
