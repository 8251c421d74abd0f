"""A night without a model: a real job in the real store, in the middle of which it waits for the test.

Behaves like `apprentice consolidate --json`: notes on standard error, events on standard output, an exit code. With
`fail` it ends as a command that could not begin. It waits until the pipe `continue` in the data folder is opened.
"""

from __future__ import annotations

import sys

from agent.paths import data_dir
from agent.store import Store
from browser.errors import SetupError
from tui.example import UPDATES
from tui.output import note, print_error, print_json


def main() -> int:
    if "fail" in sys.argv:
        error = SetupError("the embedded base is not set up", "Run apprentice setup")
        print_error(error, as_json=True)
        return error.exit_code
    note("converting the base")
    with Store.open() as store:
        lessons = [row.id for row in store.lessons() if row.kind == "demonstration"]
        job = store.begin_job("consolidation")
        for update in range(1, UPDATES // 2 + 1):
            fact = {"phase": "learn", "update": update, "of": UPDATES, "divergence": 1 / update, "tokens": update}
            store.job_event(job, fact)
        (data_dir() / "continue").read_bytes()
        row = {"name": f"learned: {lessons[0]}", "value": 0.4, "bound": "interval above 0.0", "passed": True}
        rows = [{**row, "low": 0.2, "high": 0.6}, {**row, "name": "drift", "low": None, "high": None, "passed": False}]
        adapter = "abcdef0123456789"
        store.add_adapter(adapter, "base", "adapters/a", lesson_ids=lessons, receipt={"gate": rows}, state="refused")
        store.job_event(job, {"phase": "decided", "adapter": adapter, "passed": False, "arm": "opsd"})
        store.end_job(job, "refused")
    print_json({"event": "consolidation", "phase": "decided"})
    return 3


if __name__ == "__main__":
    sys.exit(main())
