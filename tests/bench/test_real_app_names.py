"""Names in a real app beside Chromium's accessibility tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.accessibility import controls, is_named, lines_by_node
from bench.arena import logged_in
from bench.definitions import load_app
from bench.on_the_job import HERE
from bench.servers import AppServer
from browser.environment import LiveEnvironment

ROOT = Path(__file__).parents[2] / "runs" / "demo" / "apps"
NAMED_OTHERWISE = [
    # To Chromium every box for files is called by its own button; the words beside it say what it is for.
    ("/trip/edit", "Choose File", "Compatible with Cospend"),
    # Two labels are for one box, with the same words: Chromium names it by one of them.
    ("/trip/edit", "Enable project history", "Enable project history Enable project history"),
]
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def server() -> Iterator[AppServer]:
    with AppServer(load_app(HERE / "apps" / "ihatemoney.toml"), ROOT) as running:
        yield running


def test_every_control_in_view_is_read_by_the_name_that_chromium_has_for_it(server: AppServer) -> None:
    differing, missing, named = [], [], 0
    with LiveEnvironment(server.url, storage_state=logged_in(server)) as environment:
        for path in ("/", "/trip/", "/trip/edit", "/trip/settle_bills", "/trip/statistics", "/trip/history"):
            environment.url = server.url + path
            page = environment.reset()
            lines = lines_by_node(environment.tabs.view, page.lines)
            for control in controls(environment.tabs.page):
                line = lines.get(control.node)
                if line is None:
                    missing += [(path, control.role, control.name)] if control.in_view else []
                elif not control.name:
                    assert line.name, f"{path}: a control without a name of its own has one here"
                elif is_named(line, control):
                    named += 1
                else:
                    differing.append((path, control.name, line.name))
    assert (differing, missing) == (NAMED_OTHERWISE, []), "each once, in the order of the pages"
    assert named > 60
