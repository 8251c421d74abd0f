"""`apprentice doctor`: is everything here, and is it sound?"""

from __future__ import annotations

from typing import Annotated

import typer

from agent.doctor import examine
from tui.config import configured_browser
from tui.output import print_json, say


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Examine the installation and say what to do about what is wrong. Exit code 2 when something is."""
    from browser.launch import find_browser

    findings = examine(lambda: find_browser(configured_browser()).path)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            mark = {True: "ok  ", False: "FAIL", None: "note"}[finding.ok]
            say(f"{mark}  {finding.name}: {finding.detail}")
            if finding.ok is not True and finding.next_step:
                say(f"      {finding.next_step}")
    raise typer.Exit(2 if any(finding.ok is False for finding in findings) else 0)
