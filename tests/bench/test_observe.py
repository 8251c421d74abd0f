"""The bench of observation: what it counts, and one small run in a real browser."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from bench.observe import measure, run, spread
from bench.pages import labels_of, page_of, samples, served
from bench.peers import Ours, absent, how_to_install
from bench.recall import counted, mutated
from browser.errors import UsageError
from browser.launch import launch

pytestmark = pytest.mark.browser


class Tags(HTMLParser):
    """Notes the elements that begin."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


@pytest.mark.parametrize("elements", [126, 1_747, 13_729])
def test_the_generator_knows_its_controls(elements: int) -> None:
    tags = Tags()
    tags.feed(page_of(elements))
    used = [tag for tag in tags.seen if tag in ("a", "input", "select", "button")]
    assert len(labels_of(elements)) == len(used)
    assert len(tags.seen) + 4 == elements, "html, head, body and tbody are not written out"


def test_names_are_counted_strictly_in_ours_and_generously_elsewhere() -> None:
    labels = ["Save", "Delete", "Delete", "Invoice 3"]
    ours = 'button "Save" [1]\ntext "Delete all"\nbutton "Delete (Invoice 3)" [2]\nbutton "Delete #2" [3]'
    assert counted(ours, labels, strict=True).recall == 0.75, "words and contexts are no controls"
    assert counted("Save, Delete, Delete, Invoice 3", labels, strict=False).recall == 1
    assert counted("Saved, Delete", labels, strict=False).recall == 0.25
    assert counted("", [], strict=True).recall is None


def test_median_and_ninetieth_percentile() -> None:
    assert spread([float(n) for n in range(1, 12)]) == (6.0, 10.0)
    assert spread([3.0]) == (3.0, 3.0)


def test_a_place_that_is_none_and_an_environment_without_peers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a folder"):
        samples([str(tmp_path / "none")], "http://127.0.0.1:1")
    python = tmp_path / "peers" / "bin" / "python"
    assert absent(python) == ["browser-use", "browsergym-core"]
    assert how_to_install(python, ["browser-use"]).endswith("pip install browser-use")


def test_a_run_measures_generated_pages_and_a_labelled_folder(tmp_path: Path) -> None:
    (tmp_path / "small.html").write_text("<button>Save</button><p>Words</p><a href='#x'>Away</a>")
    (tmp_path / "other.html").write_text("<p>not labelled")
    (tmp_path / "labels.toml").write_text('"small.html" = ["Save", "Away", "Not there"]')
    said: list[str] = []
    rows = run([str(tmp_path)], [], 2, tmp_path / "none", tmp_path, said.append, sizes=(126,))
    assert "not measured, since not installed" in said[0]
    assert [(row.page, row.reader) for row in rows] == [
        ("generated 126", "apprentice"),
        ("generated 126", "playwright"),
        ("small.html", "apprentice"),
        ("small.html", "playwright"),
    ]
    assert [row.recall for row in rows] == [1, 1, pytest.approx(2 / 3), pytest.approx(2 / 3)]
    assert all(row.changes == 0 and row.ms > 0 and row.rounds == 2 for row in rows)


class Scribbler(Ours):
    """A reader that writes on the page: what the count of changes must find."""

    def look(self) -> tuple[float, str]:
        self.page.evaluate("document.body.setAttribute('data-read', Math.random())")
        return super().look()


def test_a_reader_that_changes_the_page_is_found_out(tmp_path: Path) -> None:
    with served([]) as origin:
        running = launch()
        try:
            page = running.context.new_page()
            (sample,) = samples([], origin, (126,))
            (row,) = measure(sample, [Scribbler(page)], [], 1)
            assert row.changes == 1
            assert mutated(Ours(page)) == 0
        finally:
            running.close()
