"""Command line of the foundation: `python -m foundation {harvest,anchors,clone,evaluate}`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run one stage."""
    parser = argparse.ArgumentParser(prog="python -m foundation", description=__doc__)
    stages = parser.add_subparsers(dest="stage", required=True)
    harvest = stages.add_parser("harvest", help="collect interface words from wheels")
    harvest.add_argument("wheels", nargs="+", type=Path)
    stages.add_parser("anchors", help="draw the anchors that ship with consolidation")
    clone = stages.add_parser("clone", help="behaviour cloning; resumes")
    clone.add_argument("--base", type=Path, required=True, help="folder of the converted pretrained model")
    clone.add_argument("--out", type=Path, default=Path("runs/foundation"))
    clone.add_argument("--start", type=Path, help="folder of an adapter of the same rank to begin from")
    clone.add_argument("--tokens", type=int, default=3_000_000)
    clone.add_argument("--seed", type=int, default=1)
    clone.add_argument("--rank", type=int, default=32)
    clone.add_argument("--lr", type=float, default=8e-4)
    clone.add_argument("--decay", type=float, default=0.2, help="share of the tokens over which the rate falls")
    average = stages.add_parser("average", help="the mean of adapters of one lineage")
    average.add_argument("adapters", nargs="+", type=Path, help="folders of adapters of one shape")
    average.add_argument("--out", type=Path, required=True)
    evaluate = stages.add_parser("evaluate", help="whole episodes in procedural apps that were never seen")
    evaluate.add_argument("--model", type=Path, required=True, help="folder of a model")
    evaluate.add_argument("--adapter", type=Path, help="folder of an adapter to merge into it")
    evaluate.add_argument("--episodes", type=int, default=20, help="episodes a suite")
    evaluate.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    if args.stage == "harvest":
        from foundation.harvest import write

        sys.stdout.write(write(args.wheels))
        return 0
    if args.stage == "anchors":
        from foundation.anchors import write as write_anchors

        sys.stdout.write(write_anchors())
        return 0
    if args.stage == "average":
        from foundation.average import average as average_adapters

        kept = average_adapters(args.adapters, args.out)
        sys.stdout.write(f"{args.out}: the rank holds {kept:.2%} or more of every layer's mean\n")
        return 0
    if args.stage == "evaluate":
        from foundation.evaluate import main as run_evaluation

        sys.stdout.write(run_evaluation(args.model, args.adapter, args.episodes, args.json))
        return 0
    from foundation.clone import CloneConfig
    from foundation.clone import clone as run_clone

    config = CloneConfig(
        tokens=args.tokens, seed=args.seed, rank=args.rank, alpha=2 * args.rank, lr=args.lr, decay=args.decay
    )
    run_clone(args.base, args.out, config, args.start)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
