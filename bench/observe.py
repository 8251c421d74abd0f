"""What one look at a page costs: our walker against Playwright's own snapshot, in the same browser and run.

    python -m bench.observe [--url ADDRESS]… [--rounds 20] [--json FILE]

Pages of four sizes are generated; give addresses for more. Figures are medians, in milliseconds as the caller waits for them.
The two are measured in turns, so that a busy moment of the machine hits both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from browser.errors import ApprenticeError
from browser.launch import launch
from browser.page import PageView

SIZES = (126, 1_747, 13_729, 50_000)
ROUNDS = 20
SNAPSHOT_LIMIT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One page, looked at in both ways."""

    page: str
    elements: int
    ours_ms: float
    ours_chars: int
    ours_lines: int
    snapshot_ms: float
    snapshot_chars: int


def page_of(elements: int) -> str:
    """Make a page of exactly so many elements: navigation, a form, and a table with a link and a button in each row."""
    links = "".join(f'<li><a href="#{i}">Section {i}</a></li>' for i in range(8))
    fields = "".join(f'<p><label for="f{i}">Field {i}</label><input id="f{i}" value="{i}"></p>' for i in range(6))
    choice = '<select aria-label="Status"><option>open</option><option>closed</option></select>'
    head = (
        f"<h1>Invoices</h1><nav><ul>{links}</ul></nav><form>{fields}{choice}<button>Search</button></form><h2>All</h2>"
    )
    fixed = 4 + 1 + 2 + 16 + 1 + 18 + 3 + 1 + 1 + 2  # the document, then what `head` holds, then the table and its body
    count, rest = divmod(elements - fixed, 8)
    rows = "".join(
        f'<tr><td>2026-{i % 12 + 1:02}-01</td><td><a href="#i{i}">Invoice {i}</a></td><td>Customer {i * 7 % 97}</td>'
        f"<td>{i * 13 % 900}.50</td><td><button>Edit</button></td></tr>"
        for i in range(count)
    )
    return f"<title>{elements}</title>{head}<table>{rows}</table>" + "<i>.</i>" * rest


def measure(name: str, view: PageView, rounds: int) -> Measured:
    """Look at the page that the view shows, both ways in turns."""
    snapshot = partial(view.page.aria_snapshot, mode="ai", timeout=SNAPSHOT_LIMIT_MS)
    ours, theirs = [], []
    page, text = view.observe(), snapshot()
    for _ in range(rounds):
        ours.append(_timed(view.observe))
        theirs.append(_timed(snapshot))
    return Measured(
        name,
        page.elements,
        round(statistics.median(ours), 1),
        len(page.render()),
        len(page.lines),
        round(statistics.median(theirs), 1),
        len(text),
    )


def table(rows: Sequence[Measured]) -> str:
    """Write the results for a terminal."""
    head = f"{'page':<28} {'elements':>8} {'ours ms':>8} {'lines':>6} {'chars':>8} {'snapshot ms':>12} {'chars':>8} {'times':>6}"
    lines = [head, "-" * len(head)]
    lines += [
        f"{row.page[:28]:<28} {row.elements:>8,} {row.ours_ms:>8.1f} {row.ours_lines:>6} {row.ours_chars:>8,} "
        f"{row.snapshot_ms:>12.1f} {row.snapshot_chars:>8,} {row.snapshot_ms / row.ours_ms:>6.1f}"
        for row in rows
    ]
    return "\n".join(lines)


def run(urls: Sequence[str], rounds: int, tell: Callable[[str], None]) -> list[Measured]:
    """Measure the generated pages, then the given ones."""
    running = launch()
    try:
        page = running.context.new_page()
        view = PageView(page)
        rows = []
        for size in SIZES:
            tell(f"{size:,} elements")
            page.set_content(page_of(size))
            rows.append(measure("generated", view, rounds))
        for url in urls:
            tell(url)
            page.goto(url, wait_until="networkidle")
            rows.append(measure(url.split("//")[-1], view, rounds))
        return rows
    finally:
        running.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.observe", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--url", action="append", default=[], help="measure this page too")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(arguments)
    try:
        rows = run(args.url, args.rounds, lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201 - progress
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    print(table(rows))  # noqa: T201 - the result
    if args.json:
        args.json.write_text(
            json.dumps({"rounds": args.rounds, "pages": [asdict(row) for row in rows]}, indent=2) + "\n", "utf-8"
        )
    return 0


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
