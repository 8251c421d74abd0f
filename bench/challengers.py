"""Bad challengers, planted: adapters that were really trained to be bad, before the gate that judged a real night.

    APPRENTICE_HOME=HOME python -m bench.challengers [--only NAME,…] [--json FILE]

HOME is what `apprentice demo` or a bench left behind: a store, a finished night, its adapter. That adapter is the good challenger; the bad
ones are the good one after something was done to it (`bench/planted.py`), and what a night of imitation made, where there was one. All
are asked what the night's gate asked, on the same recordings, whose last page shows some codes now. Each bad one must be refused by a row
that is about it, and the good one must pass that row.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.paths import adapters_dir
from agent.policy.encode import Encoder
from agent.policy.local import load_model, load_tokenizer
from agent.store import Store
from bench.planted import PLANTED, REST, Planted, imitating, with_codes
from browser.errors import ApprenticeError, UsageError
from consolidation.config import NightConfig
from consolidation.evidence import Headroom, Skill, Witness
from consolidation.gate import Row, passes
from consolidation.job import Request, demonstration_of, night_folders, read_request, witnesses_of
from consolidation.lora import load_lora
from consolidation.night import Night
from consolidation.overnight import configured

GOOD, IMITATES = "good", "imitates the demonstration"


@dataclass(slots=True)
class Trial:
    """One night's gate, asked about one challenger after another."""

    night: Night
    good: Path
    """The folder of the adapter that the night made."""
    before: Headroom = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.night.headroom()

    def judged(self, spoil: Callable[[Night], None] | None = None) -> list[Row]:
        """Judge the good challenger, after something was done to it if there is anything."""
        load_lora(self.night.model, self.good)
        if spoil:
            spoil(self.night)
        (self.night.folder / "gate.json").unlink(missing_ok=True)
        return self.night.gate(self.before)


def made_by(arm: str) -> tuple[Request, Path]:
    """Return the first finished night of an arm that began with the base, and its adapter's folder. Raises UsageError where none is."""
    for folder in night_folders():
        request, finished = read_request(folder), folder / "finished.json"
        if request and finished.exists() and (request.arm, request.start or "") == (arm, ""):
            return request, adapters_dir() / json.loads(finished.read_text())["adapter"]
    raise UsageError(f"no finished night of {arm} is here", "Name the home of a demo in $APPRENTICE_HOME: make demo")


def open_trial(store: Store, folder: Path, request: Request, good: Path, config: NightConfig) -> Trial:
    """Put a night together as it was, with codes on its recordings' last pages."""
    rows = [store.lesson(lesson_id) for lesson_id in request.lesson_ids]
    skills = [with_codes(Skill(row.id, row.text, demonstration_of(store, row))) for row in rows]
    witnesses = [Witness(lesson_id, row.task, steps) for lesson_id, row, steps in witnesses_of(store, request)]
    base = Path(request.base)
    if not base.exists():
        raise UsageError(f"the night's base is no longer at {base}", "Make it again: make demo")
    encoder = Encoder(load_tokenizer(base))
    return Trial(Night(load_model(base), encoder, skills, config, folder, witnesses=witnesses), good)


def planted() -> dict[str, Planted]:
    """Return the bad challengers: one more where a control night has learned by imitation."""
    try:
        _, adapter = made_by("sft")
    except UsageError:
        return PLANTED
    return PLANTED | {IMITATES: Planted(imitating(adapter), REST)}


def about(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return the rows of these names, whichever skill they are about."""
    return [row for row in rows if row.name.split(":")[0] in names]


def missed(found: Mapping[str, Sequence[Row]], bad: Mapping[str, Planted]) -> list[str]:
    """Name what the gate judged wrongly: a bad one that no row about it refused, a good one that fails such a row or was not asked."""
    wrong: list[str] = []
    for name, one in bad.items():
        if name not in found:
            continue
        if all(row.passed for row in about(found[name], one.rows)):
            wrong.append(name)
        good = about(found[GOOD], one.rows)
        if not good or not all(row.passed for row in good):
            wrong.append(f"{GOOD}, at {name}")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge them all; 1 when one was judged wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only these bad challengers, by name, with commas")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    try:
        bad = _chosen(planted(), asked.only)
        found = _judge_all(bad, asked.json)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    wrong = missed(found, bad)
    print(f"judged wrongly: {', '.join(wrong) or 'none'}")  # noqa: T201 - the result
    return int(bool(wrong))


def _chosen(bad: dict[str, Planted], only: str | None) -> dict[str, Planted]:
    names = only.split(",") if only else list(bad)
    if unknown := [name for name in names if name not in bad]:
        raise UsageError(f"no bad challenger is called {unknown[0]!r}", f"There are {', '.join(bad)}")
    return {name: bad[name] for name in names}


def _judge_all(bad: dict[str, Planted], path: Path | None) -> dict[str, list[Row]]:
    request, good = made_by("opsd")
    found: dict[str, list[Row]] = {}
    with Store.open() as store, tempfile.TemporaryDirectory() as folder:
        trial = open_trial(store, Path(folder), request, good, configured(request))
        for name, one in {GOOD: None, **bad}.items():
            started = time.monotonic()
            found[name] = trial.judged(one.spoil if one else None)
            _tell(name, found[name], time.monotonic() - started)
            if path:
                record: dict[str, Any] = {key: [row.to_json() for row in rows] for key, rows in found.items()}
                path.write_text(json.dumps({"adapter": good.name, "gate": record}, indent=1) + "\n")
    return found


def _tell(name: str, rows: Sequence[Row], seconds: float) -> None:
    failed = "; ".join(f"{row.name.split(':')[0]} {row.value:.3g} ({row.bound})" for row in rows if not row.passed)
    verdict = "passed" if passes(list(rows)) else f"refused: {failed}"
    print(f"{name:28} {verdict}   [{seconds:.0f} s]", flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    sys.exit(main())
