"""The other side of `bench.trainers`: TRL's SDFT trainer, in an environment of its own.

    PYTHON trainer_peer.py REQUEST.json   trains on the decisions of the request and prints one JSON object
    PYTHON trainer_peer.py losses FILE    prints its divergences of the kept logits

Imports nothing of ours. Prompts come as token ids, so that both sides read the same; nothing else of the trainer is changed but, where
replies are given, that it takes them instead of writing its own.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ |= {"TRL_EXPERIMENTAL_SILENCE": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

TOP_K = 64
ALPHAS = {"forward_kl": 0.0, "reverse_kl": 1.0, "jsd": 0.5}


def losses(path: str) -> dict[str, list[float]]:
    """Return the divergences of kept logits by kind, over all ids and over the student's top ones with a tail."""
    import torch
    from trl.experimental.sdft.loss_utils import (
        compute_full_logit_self_distillation_loss,
        compute_topk_self_distillation_loss,
    )

    kept = torch.load(path, weights_only=True)
    found = {}
    for kind, alpha in ALPHAS.items():
        full = compute_full_logit_self_distillation_loss(kept["student"], kept["teacher"], distillation_alpha=alpha)
        top = compute_topk_self_distillation_loss(
            kept["student"],
            kept["teacher"],
            distillation_topk=min(TOP_K, kept["student"].shape[-1]),
            distillation_alpha=alpha,
            distillation_add_tail=True,
        )
        found |= {f"{kind} full": full.tolist(), f"{kind} top": top.tolist()}
    return found


def trainer_of(request: dict[str, Any], folder: str) -> Any:
    """Build the trainer: forward KL over the top ids with a tail, the base with its adapter off as the teacher, its own defaults else."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl.experimental.sdft import SDFTConfig, SDFTTrainer

    asked, at_once = request["asked"], request["at_once"]
    reply = round(sum(len(one["reply"]) for one in asked) / len(asked))
    known = {str(number): one["student"] for number, one in enumerate(asked)}
    known |= {f"{number}\n\n{number}": one["teacher"] for number, one in enumerate(asked)}
    replies = {tuple(one["student"]): one["reply"] for one in asked}

    class Trainer(SDFTTrainer):
        decisions, read = 0, 0

        def _tokenize_prompts(self, prompts: list[str]) -> list[list[int]]:
            return [known[prompt] for prompt in prompts]

        def _generate(self, prompt_ids: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
            if request["given"]:
                written = [replies[tuple(ids)] for ids in prompt_ids]
            else:
                _, written = super()._generate(prompt_ids)
            self.decisions += len(written)
            self.read += sum(map(len, prompt_ids)) + sum(map(len, written))
            return prompt_ids, written

    config = SDFTConfig(
        output_dir=folder,
        use_cpu=True,
        seed=request["seed"],
        learning_rate=request["lr"],
        num_train_epochs=request["passes"],
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=request["batch"] // at_once,
        num_generations=1,
        max_prompt_length=None,
        max_completion_length=reply,
        generation_kwargs={"min_new_tokens": reply},
        distillation_alpha=0.0,
        distillation_topk=TOP_K,
        distillation_add_tail=True,
        save_strategy="no",
        report_to="none",
        logging_steps=1,
        disable_tqdm=True,
    )
    numbers = [str(number) for number in range(len(asked))]
    return Trainer(
        model=request["model"],
        args=config,
        train_dataset=Dataset.from_dict({"prompt": numbers, "privileged_context": numbers}),
        processing_class=AutoTokenizer.from_pretrained(request["model"], padding_side="left"),
        peft_config=LoraConfig(
            r=request["rank"],
            lora_alpha=2 * request["rank"],
            target_modules="all-linear",
            lora_dropout=0.0,
            task_type="CAUSAL_LM",
        ),
    )


def peak_mib() -> float:
    """Return the most memory that this process has held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        kib = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(kib) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def train(request: dict[str, Any]) -> dict[str, Any]:
    """Train and return what it cost; loading is not timed."""
    import psutil
    import trl

    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(request, folder)
        loaded, began, used = psutil.Process().memory_info().rss / 2**20, time.perf_counter(), time.process_time()
        trainer.train()
        cost = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - used}
        curve = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    facts = {"updates": trainer.state.global_step, "read": trainer.read, "decisions": trainer.decisions}
    facts |= {"first": float(curve[0]), "last": float(curve[-1])}
    return {**cost, "loaded_mib": loaded, "peak_mib": peak_mib(), **facts, "version": trl.__version__}


def main(argv: list[str]) -> int:
    """Do what is asked."""
    answer = losses(argv[1]) if argv[0] == "losses" else train(json.loads(Path(argv[0]).read_text()))
    print(json.dumps(answer))  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
