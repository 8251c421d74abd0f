"""Draw a screen for the README: `python -m tui.picture docs/dashboard.svg`.

Shows the Learning screen of an example store, or with `--store` of a real one.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agent.store import Store
from tui.app import ApprenticeApp
from tui.example import fill

SIZE = (120, 36)
KEYS = {"live": "f2", "sessions": "f3", "learning": "f4"}


async def draw(store: Store, screen: str) -> str:
    """Return a screen of the dashboard on this store, as SVG."""
    app = ApprenticeApp(store)
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(KEYS[screen])
        await app.workers.wait_for_complete()
        await pilot.pause()
        return app.export_screenshot(title="apprentice", simplify=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="python -m tui.picture", description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--screen", choices=list(KEYS), default="learning")
    parser.add_argument("--store", type=Path, help="database to show instead of the example")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, Store.open(options.store or Path(folder) / "example.db") as store:
        if options.store is None:
            fill(store)
        svg = asyncio.run(draw(store, options.screen))
    options.target.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
