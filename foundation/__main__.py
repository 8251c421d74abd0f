"""Command line of the foundation: `python -m foundation STAGE`; every stage says what it does with `--help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

from browser.errors import ApprenticeError
from foundation.rlvr.config import RlvrConfig

Args = argparse.Namespace


def _harvest(args: Args) -> Iterable[str]:
    from foundation.harvest import write

    return (write(args.wheels),)


def _vocabulary(args: Args) -> Iterable[str]:
    from foundation.harvest import vocabulary

    return (vocabulary(args.base, args.without),)


def _pretrained(args: Args) -> Iterable[str]:
    from agent.paths import models_dir
    from agent.policy.embedded import set_up_pretrained

    return (f"{set_up_pretrained(models_dir())}\n",)


def _anchors(args: Args) -> Iterable[str]:
    from foundation.anchors import write

    return (write(),)


def _canaries(args: Args) -> Iterable[str]:
    from foundation.canaries import write

    return (write(),)


def _ordinary(args: Args) -> Iterable[str]:
    from foundation.keep import write_ordinary

    return write_ordinary(args.base, args.count, args.seed, args.device)


def _clone(args: Args) -> Iterable[str]:
    from foundation.clone import CloneConfig, Machine, clone

    given = {field.name: getattr(args, field.name) for field in fields(CloneConfig) if hasattr(args, field.name)}
    config = CloneConfig(**given | {"alpha": args.alpha or 2 * args.rank})
    clone(args.base, args.out, config, args.start, Machine(args.device, args.workers), args.ordinary)
    return ()


def _average(args: Args) -> Iterable[str]:
    from foundation.average import average

    return (f"{args.out}: the rank holds {average(args.adapters, args.out):.2%} or more of every layer's mean\n",)


def _rlvr(args: Args) -> Iterable[str]:
    from foundation.rlvr.train import reinforce

    config = RlvrConfig(**{field.name: getattr(args, field.name) for field in fields(RlvrConfig)})
    reinforce(args.base, args.out, config, args.start, args.device)
    return ()


STAGES: dict[str, tuple[Callable[[Args], Iterable[str]], str]] = {
    "harvest": (_harvest, "collect interface words from wheels"),
    "vocabulary": (_vocabulary, "collect everyday words from a tokenizer"),
    "pretrained": (_pretrained, "set up the weights before the foundation, and say in which folder: for --base"),
    "anchors": (_anchors, "draw the anchors that ship with consolidation"),
    "canaries": (_canaries, "draw the canaries that the gate asks about"),
    "ordinary": (_ordinary, "let the pretrained model write texts, as JSON lines: for --ordinary"),
    "clone": (_clone, "behaviour cloning; resumes"),
    "average": (_average, "the mean of adapters of one lineage"),
    "rlvr": (_rlvr, "reinforcement learning in procedural apps; resumes"),
}


def _model_folder(text: str) -> Path:
    """Read the folder of a model."""
    if not (Path(text) / "config.json").is_file():
        raise argparse.ArgumentTypeError(f"no model in {text}; `python -m foundation pretrained` sets one up")
    return Path(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m foundation", description=__doc__)
    stages = parser.add_subparsers(dest="stage", required=True)
    of = {name: stages.add_parser(name, help=said) for name, (_, said) in STAGES.items()}
    of["harvest"].add_argument("wheels", nargs="+", type=Path)
    for name in ("vocabulary", "ordinary", "clone", "rlvr"):
        of[name].add_argument("--base", type=_model_folder, required=True, help="folder of the model")
    of["vocabulary"].add_argument("--without", nargs="*", type=Path, default=[], help="files whose words are left out")
    of["ordinary"].add_argument("--count", type=int, default=4096)
    of["ordinary"].add_argument("--seed", type=int, default=1)
    of["average"].add_argument("adapters", nargs="+", type=Path, help="folders of adapters of one shape")
    of["average"].add_argument("--out", type=Path, required=True)
    _add_clone(of["clone"])
    _add_rlvr(of["rlvr"])
    for name in ("ordinary", "clone", "rlvr"):
        of[name].add_argument("--device", default="cpu")
    return parser


def _add_clone(clone: argparse.ArgumentParser) -> None:
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
    clone.add_argument("--ordinary", type=Path, help="file of texts by which general language is kept")
    clone.add_argument("--keep-tokens", type=int, default=0, help="tokens of them an update")
    clone.add_argument("--keep-weight", type=float, default=1.0)
    clone.add_argument("--workers", type=int, default=0, help="processes that draw the data ahead")


def _add_rlvr(rlvr: argparse.ArgumentParser) -> None:
    rlvr.add_argument("--start", type=Path, help="folder of the cloned adapter, where the model has not got it yet")
    rlvr.add_argument("--out", type=Path, default=Path("runs/rlvr"))
    for field in fields(RlvrConfig):
        rlvr.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)


def main(argv: list[str] | None = None) -> int:
    """Run one stage."""
    args = _parser().parse_args(argv)
    try:
        for text in STAGES[args.stage][0](args):
            sys.stdout.write(text)
    except ApprenticeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
