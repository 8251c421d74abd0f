"""What the egress proxy costs: the same pages loaded through it and directly, in turns, in the same run.

    python -m bench.egress_cost [--url ADDRESS]… [--rounds 20] [--json FILE]

A page of ours with 30 scripts is loaded, and the given addresses. Figures are medians, in milliseconds from asking for the page
until its `load` event; the browser's cache is off, so that every file is asked for each time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.egress import AppServer
from browser.egress import EgressProxy, EgressRules
from browser.errors import ApprenticeError
from browser.launch import Launched, launch

ROUNDS = 20
SCRIPTS = 30
SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One page, loaded both ways."""

    page: str
    direct_ms: float
    proxied_ms: float

    @property
    def ratio(self) -> float:
        """How much longer it takes through the proxy."""
        return self.proxied_ms / self.direct_ms


def measure(urls: Sequence[str], rounds: int, tell: Callable[[str], None]) -> list[Measured]:
    """Load every page in two browsers, in turns."""
    origins = {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in urls}
    proxy = EgressProxy(EgressRules.of(origins))
    proxy.start()
    direct, proxied = launch(), None
    try:
        proxied = launch(egress=proxy)
        loads = [loader(running) for running in (direct, proxied)]
        rows = []
        for url in urls:
            tell(url)
            took: tuple[list[float], list[float]] = ([], [])
            for turn in range(rounds + 1):
                for load, times in zip(loads, took, strict=True):
                    ms = load(url)
                    if turn:  # the first one warms both up
                        times.append(ms)
            rows.append(Measured(url, *(round(statistics.median(times), 1) for times in took)))
        return rows
    finally:
        direct.close()
        if proxied is not None:
            proxied.close()
        proxy.close()


def loader(running: Launched) -> Callable[[str], float]:
    """Return what loads an address in a tab of this browser and returns the milliseconds it took."""
    page = running.context.new_page()
    session = running.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def load(url: str) -> float:
        started = time.perf_counter()
        page.goto(url, wait_until="load")
        return (time.perf_counter() - started) * 1000

    return load


def table(rows: Sequence[Measured]) -> str:
    """Write the results for a terminal."""
    head = f"{'page':<44} {'direct ms':>10} {'proxied ms':>11} {'ratio':>6}"
    lines = [f"{row.page[:44]:<44} {row.direct_ms:>10.1f} {row.proxied_ms:>11.1f} {row.ratio:>6.2f}" for row in rows]
    return "\n".join([head, "-" * len(head), *lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.egress_cost", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", action="append", default=[], help="load this page too")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(arguments)
    server = AppServer()
    server.pages["/app"] = "".join(f"<script src=/{number}.js></script>" for number in range(SCRIPTS))
    server.pages |= {f"/{number}.js": "//" + "." * SIZE for number in range(SCRIPTS)}
    try:
        urls = [f"http://127.0.0.1:{server.server_port}/app", *args.url]
        rows = measure(urls, args.rounds, lambda text: print(text, file=sys.stderr, flush=True))  # noqa: T201 - progress
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    finally:
        server.shutdown()
        server.server_close()
    print(table(rows))  # noqa: T201 - the result
    if args.json:
        record = {"rounds": args.rounds, "pages": [asdict(row) | {"ratio": round(row.ratio, 3)} for row in rows]}
        args.json.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
