"""A run that learns on two GPUs, from nothing: a policy of 31 M parameters is pretrained, then trained with GRPO.

    python -m benchmarks.learn_gpu --json benchmarks/records/gpu-learn.json --picture docs/gpu_curves.png

vLLM and the reference model work on GPU 0, DeepSpeed on GPU 1, weights travel over NCCL. No peer: see `train_gpu` for that.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import record
from labkit.config import RunDir
from labkit.metrics import read_jsonl

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("torch", "transformers", "vllm", "deepspeed")
RUN = {"device": "cuda", "dtype": "bfloat16", "weight_transfer": "nccl", "generation_device": 0, "trainer_devices": [1],
       "learning_rate": 5e-5, "optimizer_steps": 150, "heldout_problems": 1024,
       "trainer_threads": 4, "rollout_threads": 4, "reference_threads": 4}  # fmt: skip


def labkit(*arguments: str) -> float:
    """Run one command of ours, its output on this terminal; the seconds it took."""
    print(f"labkit {' '.join(arguments)}", flush=True)
    since = time.monotonic()
    subprocess.run([sys.executable, "-m", "labkit.cli", *arguments], cwd=ROOT, check=True)
    return round(time.monotonic() - since, 1)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learn_gpu", description="a run that learns on two GPUs")
    parser.add_argument("--size", default="small", help="the policy's (default: small)")
    parser.add_argument("--device", default="cuda", help="where it is pretrained (default: cuda)")
    parser.add_argument("--pretrain-steps", metavar="N", help="default: the size's own")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="fields of the run's configuration")
    parser.add_argument("--scratch", type=Path, help="where policy and run go, and stay (default: a temporary folder)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="put the curves there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    fields = RUN | {name: json.loads(value) for name, value in (part.split("=", 1) for part in arguments.set)}
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as temporary:
        scratch = arguments.scratch or Path(temporary)
        policy, run = scratch / "policy", RunDir(scratch / "run")
        steps = [] if arguments.pretrain_steps is None else ["--steps", arguments.pretrain_steps]
        pretraining = labkit("pretrain", "--size", arguments.size, "--device", arguments.device, "--out", str(policy), *steps)
        values = [part for name, value in fields.items() for part in ("--set", f"{name}={json.dumps(value)}")]
        training = labkit("train", "--run", str(run.path), "--seed", arguments.seed, "--set", f"model={policy}", *values)
        if arguments.picture:
            shutil.copy(run.curves, arguments.picture)
        if arguments.json:
            record.write(arguments.json, {}, figures(policy, run, pretraining, training), PACKAGES)


def figures(policy: Path, run: RunDir, pretraining: float, training: float) -> dict[str, Any]:
    lines = read_jsonl(run.metrics)
    curves = {name: [round(line[name], 4) for line in lines] for name in ("format", "correct", "kl", "entropy", "logprob_gap")}
    config = {name: value for name, value in run.load_config().to_dict().items() if name not in ("model", "problems_path")}
    return {
        "pretrained": json.loads((policy / "pretrain.json").read_text()), "seconds_pretraining": pretraining,
        "summary": json.loads(run.summary.read_text()), "seconds_training": training, "curves": curves, "config": config,
        "heldout": read_jsonl(run.heldout), "probe_gaps": [line["probe_gap"] for line in read_jsonl(run.weight_updates)],
    }  # fmt: skip


if __name__ == "__main__":
    main()
