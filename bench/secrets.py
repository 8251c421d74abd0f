"""Whether secrets stay out of everything that a session leaves behind.

    python -m bench.secrets [--secrets 1000] [--control 50] [--home DIR] [--json FILE]

Seeded secrets are typed by name in real sessions on a page that shows them again in words, names of buttons, title, address, alerts
and the name of a download, as they are and in six encodings. Then every file of the home is searched for every secret in each of
seven forms: the database, its compressed pages, events, logs, a crash report, screenshots, downloads. The same sessions with
redaction off are the control: there they must be found. Screenshots are searched by their pixels, as no text recognition is
assumed: where a secret stands on the page, the picture must be one grey. The browser's own temporary profile is no part of the home.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import logging
import random
import sqlite3
import string
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ahocorasick

from agent.events import event, redacted
from agent.guard import Guard, origin_of
from agent.loop import Budget, Session
from agent.policy.scripted import ScriptedPolicy
from agent.redaction import Redactor
from agent.secrets import Grant, Secret
from agent.secrets.process import crash_report
from agent.stop import StopReason
from agent.store import Store
from bench.pixels import grey_share
from bench.secret_app import serving
from browser.environment import LiveEnvironment
from browser.errors import ApprenticeError
from browser.types import Line, Observation

FIELDS = 25
"""Secrets a session."""
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "url": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "json": lambda text: json.dumps(text)[1:-1],
    "html": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "hex": lambda text: text.encode().hex(),
    "spelt": " ".join,
}
"""The forms that are searched for; written here anew, so that the search does not repeat a mistake of what it checks."""


class BenchFailed(ApprenticeError):
    """What was to be measured did not happen."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one run left behind, and what of it was a secret."""

    secrets: int
    sessions: int
    steps: int
    files: int
    bytes_searched: int
    secrets_found: int
    hits: dict[str, int]
    """By kind of place and form."""
    pictures: int
    grey: float
    """The smallest share of grey where a secret stands in a picture."""
    grey_elsewhere: float
    """The largest share of grey at the page's heading, which is no secret."""


def seeded(count: int, seed: int = 7) -> list[str]:
    """Make secrets as people and password managers do: 8 to 20 characters, a third with marks that every encoding changes."""
    rng = random.Random(seed)
    plain, odd = string.ascii_letters + string.digits, string.ascii_letters + string.digits + "!&/%<>\"'+ü=?"
    return ["".join(rng.choice(odd if n % 3 == 0 else plain) for _ in range(rng.randint(8, 20))) for n in range(count)]


def run(values: Sequence[str], home: Path, *, redaction: bool, tell: Callable[[str], None]) -> Found:
    """Work through all secrets in sessions of a few, then search what they left."""
    redactor = Redactor(values) if redaction else Redactor()
    steps, pictures, grey, elsewhere = 0, 0, 1.0, 0.0
    home.mkdir(parents=True, exist_ok=True)
    handler = _log_file(home, redactor)
    with serving(FIELDS) as url, closing(Store.open(home / "apprentice.db", redactor)) as store:
        secrets = {f"s{n}": Secret(f"s{n}", (origin_of(url),), value) for n, value in enumerate(values)}
        options: dict[str, Any] = {"redact": redactor} if redaction else {}
        environment = LiveEnvironment(url, downloads=home / "downloads", secrets=Grant(secrets).resolve, **options)
        with environment, (home / "events.jsonl").open("a", encoding="utf-8") as log:
            for first in range(0, len(values), FIELDS):
                tell(f"{'with' if redaction else 'without'} redaction, secret {first} of {len(values)}")
                names = list(secrets)[first : first + FIELDS]
                session = _session(store, environment, url, names, log, redactor if redaction else None)
                if session.run() is not StopReason.DONE:
                    raise BenchFailed(f"a session ended otherwise: {session.answer}", "Look at its steps in the home")
                steps += len(store.steps(session.id))
                place = environment.tabs.page.locator("#said p").first
                assert secrets[names[0]].value in place.inner_text(), "the page shows it"
                pictures, grey = pictures + 1, min(grey, grey_share(environment, place))
                elsewhere = max(elsewhere, grey_share(environment, environment.tabs.page.locator("h1")))
                error = RuntimeError(f"the page says {environment.tabs.page.title()}")
                (home / f"crash-{first}.txt").write_text(crash_report(redactor, error), "utf-8")
    logging.getLogger().removeHandler(handler)
    handler.close()
    files = [path for path in home.rglob("*") if path.is_file()]
    hits, found = search(files, values)
    size = sum(path.stat().st_size for path in files)
    sessions = -(-len(values) // FIELDS)
    return Found(
        len(values), sessions, steps, len(files), size, len(found), hits, pictures, round(grey, 4), round(elsewhere, 4)
    )


def search(files: Sequence[Path], values: Sequence[str]) -> tuple[dict[str, int], set[int]]:
    """Look for every value in every form in names and contents of files; pages of the store are unpacked first."""
    automaton = ahocorasick.Automaton()
    for number, value in enumerate(values):
        for name, encode in ENCODINGS.items():
            form = encode(value).lower().encode().decode("latin-1")
            if form not in automaton:  # of plain letters several encodings are the same
                automaton.add_word(form, (number, name))
    automaton.make_automaton()
    hits: dict[str, int] = {}
    found: set[int] = set()
    for path in files:
        for place, data in _contents(path):
            for _, (number, name) in automaton.iter(data.decode("latin-1").lower()):
                hits[f"{place}, {name}"] = hits.get(f"{place}, {name}", 0) + 1
                found.add(number)
    return dict(sorted(hits.items())), found


def cost_us(values: Sequence[str], rounds: int = 200) -> dict[str, float]:
    """Measure what redaction costs a step: one page of 120 lines looked at, and what of it the store and the events check again."""
    lines = tuple(Line("button", f"Open (Customer {n} & Sons)", n + 1, value=f"{n * 7}.00") for n in range(120))
    page = Observation("https://shop.example/orders?page=2", "Orders of March", lines)
    told = event("observed", step=1, url=page.url, title=page.title, lines=[line.render() for line in lines])
    redactor = Redactor(values)

    def median(act: Callable[[], object]) -> float:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            act()
            times.append((time.perf_counter() - started) * 1e6)
        return round(sorted(times)[rounds // 2], 1)

    def step() -> None:
        redactor.observation(page)  # as it is read
        redactor.observation(page)  # as it is stored
        redactor.record(told)
        for text in ('type "Amount" [7] "12.50"', 'alert "Saved"', page.url, page.title):
            redactor.storable(text)

    return {"observation": median(lambda: redactor.observation(page)), "step": median(step)}


def _session(
    store: Store, environment: LiveEnvironment, url: str, names: list[str], log: Any, redactor: Redactor | None
) -> Session:
    """Type each secret by its name, then have the page show them, say them and name a file by one."""
    actions = [f'type "Word {n}" <secret:{name}>' for n, name in enumerate(names)]
    actions += ['click "Say"', 'click "Show"', 'click "Keep"', "scroll down", "done"]

    def listen(told: dict[str, Any]) -> None:
        log.write(json.dumps(told, ensure_ascii=False) + "\n")
        logging.getLogger("bench").info("%s %s", told["event"], told.get("note") or told.get("title") or "")

    session_id = store.begin_session("sign in", url, url)
    return Session(
        session_id,
        "sign in",
        environment,
        ScriptedPolicy(actions),
        Guard.for_task(url),
        store,
        budget=Budget(len(actions) + 1),
        listen=redacted(listen, redactor) if redactor else listen,
        screenshot=environment.screenshot,
        granted={name: [origin_of(url)] for name in names},
    )


def _log_file(home: Path, redactor: Redactor) -> logging.Handler:
    """Log everything that any library says to a file, as a person may ask for when something goes wrong."""
    handler = logging.FileHandler(home / "debug.log", encoding="utf-8")
    handler.setFormatter(_Redacted(redactor))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    return handler


class _Redacted(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(name)s %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    yield "file names", path.name.encode()
    data = path.read_bytes()
    yield path.suffix or path.name, data
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as database:
            for kind, encoding, blob in database.execute("SELECT kind, encoding, data FROM blobs"):
                yield f"pages ({kind})", zlib.decompress(blob) if encoding == "zlib" else bytes(blob)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both, print what was found, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.secrets", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--secrets", type=int, default=1000)
    parser.add_argument("--control", type=int, default=50, help="so many of them once more with redaction off")
    parser.add_argument(
        "--home", type=Path, help="where the sessions leave their files; default: a folder that is removed"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(arguments)
    values = seeded(args.secrets)

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress

    with tempfile.TemporaryDirectory() as folder:
        home = args.home or Path(folder)
        started = time.monotonic()
        try:
            kept = run(values, home / "redacted", redaction=True, tell=tell)
            control = run(values[: args.control], home / "control", redaction=False, tell=tell)
        except ApprenticeError as error:
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
            return error.exit_code
        cost = {"no secret": cost_us([]), "100 secrets": cost_us(values[:100]), "all": cost_us(values)}
    figures = {
        "redacted": asdict(kept),
        "control": asdict(control),
        "cost_us": cost,
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(figures, indent=2))  # noqa: T201 - the result
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0 if kept.secrets_found == 0 and control.secrets_found == control.secrets else 1


if __name__ == "__main__":
    sys.exit(main())
