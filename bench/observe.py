"""What one look at a page costs and shows: ours beside Playwright's snapshot, browser-use and BrowserGym, in one run.

    python -m bench.observe [--pages FOLDER_OR_ADDRESS…] [--apps NAME…] [--rounds 20] [--json FILE]

Generated pages of four sizes come first, then the given ones (by default the fixtures of the browser's tests) and the start
pages of the named apps of `bench/apps`. All readers look at the same address, in turns, so that a busy moment of the machine
hits all, each in the same Chromium program. A peer that is not installed is named, with the command that installs it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.arena import logged_in
from bench.definitions import load_app
from bench.pages import SIZES, Sample, samples, served
from bench.peers import PEERS, Ours, Peer, Reader, Snapshot, absent, how_to_install
from bench.recall import Counted, Tokens, counted, labelled, mutated
from bench.servers import AppServer
from browser.errors import ApprenticeError, SetupError
from browser.launch import launch

ROUNDS = 20
BUDGET_MS = 20_000
"""A reader that has taken so long on a page is not asked again."""
PEERS_UP_TO = 20_000
"""Elements of the largest generated page that the peers are asked to read; a larger one takes them minutes."""
HERE = Path(__file__).parent
FIXTURES = HERE.parent / "tests" / "browser" / "pages"
PEERS_PYTHON = Path("runs/peers/bin/python")
APPS_ROOT = Path("runs/on_the_job/apps")


@dataclass(frozen=True, slots=True)
class Measured:
    """One page, looked at by one reader."""

    page: str
    elements: int
    reader: str
    ms: float
    """The median look."""
    ms_p90: float
    rounds: int
    chars: int
    tokens: int
    recall: float | None
    """The share of the controls in view that its text names; None where there is none to name."""
    reached: float | None
    """The same, with those that ours shows when what it collapsed is expanded, for which no model is called."""
    labels: int
    changes: int
    """Changes of the page's DOM that one look made."""
    error: str = ""


def measure(sample: Sample, readers: Sequence[Reader], cookies: Sequence[Any], rounds: int) -> list[Measured]:
    """Look at a page in all ways, in turns. A reader that fails on it has a row that says so."""
    texts, times, errors = {}, {reader.name: [] for reader in readers}, {}
    for reader in readers:
        try:
            reader.open(sample.url, cookies)
            _, texts[reader.name] = reader.look()
        except (ApprenticeError, OSError) as error:
            errors[reader.name] = str(error)
    for _ in range(rounds):
        for reader in readers:
            taken = times[reader.name]
            if reader.name in texts and sum(taken) < BUDGET_MS:
                taken.append(reader.look()[0])
    ours = next(reader for reader in readers if isinstance(reader, Ours))
    labels = labelled(sample, ours.page)
    elements = ours.evaluate("document.getElementsByTagName('*').length")
    rows = []
    for reader in readers:
        text = texts.get(reader.name)
        if text is None:
            rows.append(
                Measured(sample.name, elements, reader.name, 0, 0, 0, 0, 0, None, None, 0, 0, errors[reader.name])
            )
            continue
        ms, p90 = spread(times[reader.name])
        said = counted(text, labels, strict=reader is ours)
        changes = mutated(reader)
        reached = counted(ours.look_into(), labels, strict=True).recall if reader is ours else said.recall
        rows.append(_row(sample, elements, reader.name, (ms, p90, len(times[reader.name])), said, reached, changes))
    return rows


def _row(
    sample: Sample,
    elements: int,
    reader: str,
    time: tuple[float, float, int],
    said: Counted,
    reached: float | None,
    changes: int,
) -> Measured:
    ms, p90, rounds = time
    return Measured(
        sample.name,
        elements,
        reader,
        ms,
        p90,
        rounds,
        said.chars,
        said.tokens,
        said.recall,
        reached,
        said.labels,
        changes,
    )


def spread(times: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 90th percentile."""
    p90 = statistics.quantiles(times, n=10, method="inclusive")[-1] if len(times) > 1 else times[0]
    return round(statistics.median(times), 2), round(p90, 2)


def table(rows: Sequence[Measured]) -> str:
    """Write the results for a terminal; `times` is how many times as long as ours a reader takes."""
    columns = (
        ("ms", 9),
        ("p90", 9),
        ("times", 6),
        ("chars", 8),
        ("tokens", 7),
        ("recall", 7),
        ("reached", 7),
        ("changes", 8),
    )
    head = f"{'page':<26} {'elements':>8} {'reader':<16}" + "".join(f" {name:>{width}}" for name, width in columns)
    ours = {row.page: row.ms for row in rows if row.reader == Ours.name}
    return "\n".join([head, "-" * len(head), *(_line(row, ours[row.page]) for row in rows)])


def _line(row: Measured, ours: float) -> str:
    start = f"{row.page[-26:]:<26} {row.elements:>8,} {row.reader:<16}"
    if row.error:
        return f"{start} {row.error[:70]}"
    recall, reached = ("-" if share is None else f"{share:.1%}" for share in (row.recall, row.reached))
    times = f"{row.ms:>9.1f} {row.ms_p90:>9.1f} {row.ms / ours:>6.1f}"
    return f"{start} {times} {row.chars:>8,} {row.tokens:>7,} {recall:>7} {reached:>7} {row.changes:>8}"


def run(
    places: Sequence[str],
    apps: Sequence[str],
    rounds: int,
    python: Path,
    root: Path,
    tell: Callable[[str], None],
    sizes: Sequence[int] = SIZES,
) -> list[Measured]:
    """Measure the generated pages, the given ones, then those of the apps."""
    missing = absent(python)
    if missing:
        tell(
            f"not measured, since not installed: {', '.join(missing)}; install with: {how_to_install(python, missing)}"
        )
    with ExitStack() as stack:
        origin = stack.enter_context(served(places))
        asked, cookies = samples(places, origin, sizes), []
        for name in apps:
            tell(f"starting {name}")
            server = stack.enter_context(AppServer(load_app(HERE / "apps" / f"{name}.toml"), root))
            asked += starts(server)
            cookies += logged_in(server)["cookies"] if server.app.login_steps else []
        running = stack.enter_context(closing(launch(storage_state={"cookies": cookies, "origins": []})))
        page = running.context.new_page()
        ours = Ours(page)
        readers: list[Reader] = [ours, Snapshot(page)]
        there = [name for name in PEERS if name not in missing]
        readers += [stack.enter_context(closing(Peer(name, python, running.choice.path))) for name in there]
        rows = []
        for sample in asked:
            tell(sample.name)
            able = readers if sample.elements <= PEERS_UP_TO else readers[:2]
            rows += measure(sample, able, cookies, rounds)
        return rows


def starts(server: AppServer) -> list[Sample]:
    """Return the pages on which the errands of an app begin."""
    app = server.app
    paths = dict.fromkeys([app.login_start or "/", *(skill.start for skill in app.skills)])
    return [Sample(f"{app.name} {path}", server.url + path) for path in paths]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.observe", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--pages", nargs="*", default=[str(FIXTURES)], metavar="FOLDER_OR_ADDRESS")
    parser.add_argument(
        "--apps", nargs="*", default=[], metavar="NAME", help="apps of bench/apps, installed at first use"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="looks of each reader at each page")
    parser.add_argument(
        "--peers", type=Path, default=PEERS_PYTHON, metavar="PYTHON", help="the Python that has the peers"
    )
    parser.add_argument("--root", type=Path, default=APPS_ROOT, help="where apps are installed")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(arguments)
    tell = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731, T201 - progress
    try:
        if args.rounds < 1:
            raise SetupError("--rounds is less than 1", "Ask for at least one look.")
        rows = run(args.pages, args.apps, args.rounds, args.peers.absolute(), args.root.absolute(), tell)
    except ApprenticeError as error:
        tell(f"error: {error}")
        return error.exit_code
    tokens = Tokens.unit()
    notes = "Recall: of the controls in view as the page opens; reached: with what expand shows."
    print(f"{table(rows)}\nTokens: {tokens}. {notes}")  # noqa: T201 - the result
    if args.json:
        figures = {"rounds": args.rounds, "tokens": tokens, "pages": [asdict(row) for row in rows]}
        args.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
