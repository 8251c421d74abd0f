"""Draw what a career came to: the curve of what is done alone, morning after morning, and the matrix of what was forgotten.

    python -m bench.curves CAREER.json FOLDER

Writes `learning-curve.svg` and `forgetting.svg` into the folder. Reads what `python -m bench.career --json FILE` wrote.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.arena import wilson
from bench.career import Record
from browser.errors import SetupError

Share = tuple[int, int]
"""Successes, and of how many."""


def mornings(record: Record) -> list[str]:
    """Return the measurements of adapters, in their order."""
    arms = dict.fromkeys(episode["arm"] for episode in record.episodes)
    return [arm for arm in arms if arm.startswith("morning")]


def shares(record: Record, arm: str) -> dict[str, Share]:
    """Return what each taught skill reached under an arm; skills that were only watched are left out."""
    found: dict[str, Share] = {}
    for episode in record.episodes:
        if episode["arm"] == arm and episode["skill"] in record.lessons:
            wins, count = found.get(episode["skill"], (0, 0))
            found[episode["skill"]] = wins + episode["success"], count + 1
    return found


def together(found: Sequence[Share]) -> Share:
    """Add shares up."""
    return sum(wins for wins, _ in found), sum(count for _, count in found)


def draw(record: Record, folder: Path) -> list[Path]:
    """Write both pictures; return their paths. Raises SetupError without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise SetupError("pictures need matplotlib", 'pip install "apprentice[bench]"') from error
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "apprentice"  # the same figures give the same file
    folder.mkdir(parents=True, exist_ok=True)
    return [_curve(record, folder / "learning-curve.svg"), _matrix(record, folder / "forgetting.svg")]


def _curve(record: Record, path: Path) -> Path:
    import matplotlib.pyplot as plt

    days = mornings(record)
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    alone = [together(list(shares(record, day).values())) for day in days]
    _line(axes, alone, "alone, all that was taught so far", "o-")
    for arm, label in (("lesson", "with the lesson in context, all skills"), ("base", "base alone, all skills")):
        wins, count = together(list(shares(record, arm).values()))
        if count:
            axes.axhline(wins / count, linestyle=":", label=label, color="grey" if arm == "base" else "black")
    axes.set(ylim=(-0.03, 1.03), xlabel="night", ylabel="share done", xticks=range(1, len(days) + 1))
    axes.legend(frameon=False)
    return _saved(figure, path)


def _line(axes: Any, points: Sequence[Share], label: str, style: str) -> None:
    values = [wins / count for wins, count in points]
    spans = [wilson(wins, count) for wins, count in points]
    below = [max(0.0, value - low) for value, (low, _) in zip(values, spans, strict=True)]
    above = [max(0.0, high - value) for value, (_, high) in zip(values, spans, strict=True)]
    axes.errorbar(range(1, len(points) + 1), values, [below, above], fmt=style, capsize=3, label=label)


def _matrix(record: Record, path: Path) -> Path:
    import matplotlib.pyplot as plt

    days, skills = mornings(record), list(record.lessons)
    cells = [[_value(shares(record, day).get(skill)) for skill in skills] for day in days]
    figure, axes = plt.subplots(figsize=(1.5 + 0.9 * len(skills), 1.2 + 0.5 * len(days)), layout="constrained")
    axes.imshow(cells, vmin=0, vmax=1, cmap="Greens", aspect="auto")
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            if not math.isnan(value):  # not taught yet
                axes.text(
                    column, row, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.6 else "black"
                )
    axes.set_xticks(range(len(skills)), skills, rotation=30, ha="right")
    axes.set_yticks(range(len(days)), days)
    return _saved(figure, path)


def _value(share: Share | None) -> float:
    return share[0] / share[1] if share else float("nan")


def _saved(figure: Any, path: Path) -> Path:
    import matplotlib.pyplot as plt

    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Draw."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.curves", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("career", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args(argv)
    try:
        record = Record(**json.loads(args.career.read_text()))
        paths = draw(record, args.folder)
    except (OSError, ValueError, TypeError) as error:
        print(f"error: {args.career} is no career: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return 2
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    print("\n".join(map(str, paths)))  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main())
