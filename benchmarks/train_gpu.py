"""labkit's three processes beside TRL and simple_GRPO, one after the other on the same two GPUs, on Qwen2.5-3B's shape.

    python -m benchmarks.train_gpu --simple-grpo CHECKOUT --json benchmarks/records/gpu-train.json

Weights are random: speed does not depend on them, and no hub is needed. All train the same number of rollouts a step, in
groups of the same size, on prompts of the same lengths; a completion takes all its tokens. What is compared is trained
completion tokens per second in steady state. README.md says how each figure is taken.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import requests

from benchmarks import record, simple_grpo
from benchmarks.train_cpu import phases, phases_table, reference_health
from labkit import functions, gpus, supervise, wire
from labkit.cli import REFERENCE
from labkit.config import HOST, TINY_MODEL, RunConfig, RunDir
from labkit.errors import LabError, ProcessError
from labkit.functions import Functions
from labkit.lab import Lab
from labkit.metrics import read_jsonl
from labkit.problems import arithmetic, messages
from labkit.wire import Batch

SIDES = ("labkit", "trl", "simple_grpo", "vllm")
SHAPE = {"vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
         "num_attention_heads": 16, "num_key_value_heads": 2, "max_position_embeddings": 32768, "rope_theta": 1e6,
         "tie_word_embeddings": True}  # fmt: skip
PROMPT_TOKENS = 150
PEAK_FLOPS = 989e12  # an H100's or H200's dense bfloat16 rate, by its data sheet
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("torch", "transformers", "trl", "vllm", "deepspeed")


# ---------------------------------------------------------------------------------------------------- what is trained


def make_model(folder: Path) -> None:
    """A Qwen2 model of `SHAPE` with random bfloat16 weights, and the tiny policy's tokenizer."""
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(TINY_MODEL)
    config = Qwen2Config(**SHAPE, bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = Qwen2ForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_problems(folder: Path) -> None:
    """Problems in GSM8K's form whose prompts have `PROMPT_TOKENS` tokens, or a few less."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(TINY_MODEL)

    def length(question: str) -> int:
        return len(tokenizer.apply_chat_template(messages(question), add_generation_prompt=True, return_dict=False))

    def lines(split: Any, number: int) -> Iterator[str]:
        stream = arithmetic(split, seed=0)
        for _ in range(number):
            words = " ".join(next(stream)["Q"] for _ in range(6)).split()
            while length(" ".join(words)) > PROMPT_TOKENS:
                words.pop()
            yield json.dumps({"question": " ".join(words), "answer": "#### 1"}) + "\n"

    for split, name, number in (("train", "train.jsonl", 512), ("heldout", "test.jsonl", 16)):
        (folder / name).write_text("".join(lines(split, number)))


def random_rollouts(config: RunConfig, prompts: Sequence[Sequence[int]]) -> Batch:
    """A group for each of `prompts`, whose completions of random tokens take all the room."""
    import torch

    generator = torch.Generator().manual_seed(0)
    rows, width = len(prompts) * config.group_size, config.max_completion_tokens
    completions = torch.randint(3, 400, (rows, width), generator=generator).tolist()
    logps, zeros = torch.full((rows, width), -math.log(SHAPE["vocab_size"])), torch.zeros(rows)
    batch = wire.collate([prompts[row // config.group_size] for row in range(rows)], completions, logps.tolist(),
                         rewards=torch.randn(rows, generator=generator), raw_rewards=zeros, formats=zeros, corrects=zeros,
                         group_size=config.group_size, weight_version=0, pad=0)  # fmt: skip
    return replace(batch, refs=logps)


def flops_per_step(config: RunConfig) -> float:
    """Floating-point operations that a training step needs: six for each weight and token (Kaplan et al. 2020, 2.1), three
    passes of attention under a causal mask; a group's prompt once, and the head for completion tokens alone."""
    hidden, layers, inner = SHAPE["hidden_size"], SHAPE["num_hidden_layers"], SHAPE["intermediate_size"]
    kv = hidden // SHAPE["num_attention_heads"] * SHAPE["num_key_value_heads"]
    weights = layers * (2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * inner)
    completions, groups = config.rollouts_per_step * config.max_completion_tokens, config.rollouts_per_step / config.group_size
    length = PROMPT_TOKENS + config.max_completion_tokens
    attention = 3 * 2 * hidden * layers * config.rollouts_per_step * length**2
    return float(
        6 * weights * (completions + groups * PROMPT_TOKENS) + 6 * hidden * SHAPE["vocab_size"] * completions + attention
    )


# ---------------------------------------------------------------------------------------------------------- the runs


class Gpus:
    """What the GPUs do meanwhile, by nvidia-smi: the share of time in which a kernel runs, and memory, five times a second."""

    def __enter__(self) -> Gpus:
        fields = "--query-gpu=index,utilization.gpu,memory.used"
        self._process = subprocess.Popen(
            ["nvidia-smi", fields, "--format=csv,noheader,nounits", "-lms", "200"], stdout=subprocess.PIPE, text=True
        )
        self._started = time.time()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = time.time()
        self._process.terminate()
        out, _ = self._process.communicate()
        self._samples = [tuple(map(float, line.split(","))) for line in out.splitlines() if line.count(",") == 2]

    def figures(self, since: float, until: float) -> dict[str, list[float]]:
        """Idle share between two times (seconds since the epoch), and the most memory (GiB) at any; one value a GPU."""
        number = int(max(index for index, *_ in self._samples)) + 1
        first, last = (int((t - self._started) / (self._ended - self._started) * len(self._samples)) for t in (since, until))
        late = self._samples[first:last]
        return {
            "idle": [round(1 - _mean([u for i, u, _ in late if i == gpu]) / 100, 3) for gpu in range(number)],
            "peak_gib": [round(max(m for i, _, m in self._samples if i == gpu) / 1024, 1) for gpu in range(number)],
        }


def rate(lines: Sequence[Mapping[str, Any]], steps_per_batch: int) -> tuple[dict[str, Any], float, float]:
    """Trained completion tokens per second over the later half of a run, in whole batches, and of each of these; when that
    half begins and ends."""
    batches = len(lines) // steps_per_batch
    ends = [number * steps_per_batch - 1 for number in range(batches // 2, batches + 1)]

    def speed(first: int, last: int) -> float:
        tokens: int = sum(line["completion_tokens"] for line in lines[first + 1 : last + 1])
        return tokens / float(lines[last]["time"] - lines[first]["time"])

    speeds = [speed(*pair) for pair in pairwise(ends)]
    found = {"tokens_per_second": speed(ends[0], ends[-1]), "by_batch": [round(one) for one in speeds]}
    return found, lines[ends[0]]["time"], lines[ends[-1]]["time"]


def run_labkit(config: RunConfig, given: Functions, run: RunDir) -> dict[str, Any]:
    overrides = {name: value for name, value in config.to_dict().items() if name not in ("preset", "algorithm")}
    health: dict[str, Any] = {}
    with Gpus() as used, Lab(config.preset, given, algorithm=config.algorithm, run=run.path, **overrides) as lab:
        while lab.running():
            health = reference_health(run) or health
            time.sleep(0.5)
        lab.wait()
    lines = read_jsonl(run.metrics)
    speed, *when = rate(lines, config.rollouts_per_batch // config.rollouts_per_step)
    late = [line for line in lines if line["time"] > when[0]]
    updates = read_jsonl(run.weight_updates)
    step = median(line["seconds_training"] for line in late)
    return {
        **speed, "training_seconds": step, "mfu": flops_per_step(config) / step / PEAK_FLOPS,
        "staleness": _mean([line["staleness"] for line in late]),
        "generated_tokens_per_second": _generated(read_jsonl(run.rollout_phases), config),
        "update_seconds": [line["seconds"] for line in updates],
        "publish_seconds": [line["seconds_publishing"] for line in lines if line["seconds_publishing"] > 0],
        "probe_gaps": [line["probe_gap"] for line in updates], "updates": len(updates),
        "phases": phases(lines, read_jsonl(run.rollout_phases), health, config.rollouts_per_batch), **used.figures(*when),
    }  # fmt: skip


def _generated(lines: Sequence[Mapping[str, Any]], config: RunConfig) -> list[float]:
    """Tokens per second while the rollout worker generates, for each batch of the later half but the last: with that one the
    trainer has ended."""
    tokens = config.rollouts_per_batch * config.max_completion_tokens
    seconds = [line["seconds_generate"] for line in lines[len(lines) // 2 - 1 : -1]]
    return [tokens / (b - a) for a, b in pairwise(seconds)]


def run_trl(config: RunConfig, given: Functions, run: RunDir) -> dict[str, Any]:
    """TRL in its server mode: vLLM on the generating GPU, the trainer on the training one."""
    run.create(config)
    functions.dump(given, run.functions)
    port = supervise.free_port()
    transfer = json.dumps({"backend": "nccl"})
    server = [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", config.model, "--port", str(port), "--host", HOST,
              "--max-model-len", str(config.max_prompt_tokens + config.max_completion_tokens + 1),
              "--gpu-memory-utilization", "0.5", "--weight-transfer-config", transfer,
              "--logprobs-mode", "processed_logprobs"]  # fmt: skip
    trainer = [sys.executable, "-m", "benchmarks.trl_grpo", "--run", str(run.path), "--server", f"http://{HOST}:{port}"]
    with Gpus() as used, _process(server, run, "server", config.generation_device, VLLM_SERVER_DEV_MODE="1") as serving:
        _wait_for(f"http://{HOST}:{port}/health", serving, run, "server")
        with _process(trainer, run, "trl", config.trainer_devices[0]) as training:
            _until(training, run.metrics, config.optimizer_steps, run, "trl")
    lines = read_jsonl(run.metrics)
    speed, since, until = rate(lines, config.rollouts_per_batch // config.rollouts_per_step)
    steps = sum(since < line["time"] <= until for line in lines)
    return {**speed, "step_seconds": (until - since) / steps, **used.figures(since, until)}


def run_simple_grpo(config: RunConfig, checkout: Path, run: RunDir, steps: int) -> dict[str, Any]:
    """Its trainer on the training GPU; its vLLM and its reference server on the other."""
    run.create(config)
    micro_batches = steps * config.rollouts_per_step // 8
    simple_grpo.prepare(checkout, run.path, config, micro_batches)
    command = [sys.executable, "-m", "deepspeed.launcher.runner", "--include", f"localhost:{config.trainer_devices[0]}",
               "--master_port", str(supervise.free_port()), simple_grpo.GENERATION]  # fmt: skip
    server = [sys.executable, simple_grpo.REFERENCE]
    with Gpus() as used, _process(server, run, "reference", config.generation_device, where=run.path) as serving:
        _wait_for("http://localhost:59875/get", serving, run, "reference")
        with _process(command, run, "simple_grpo", None, where=run.path) as training:
            _until(training, run.path / simple_grpo.RATE, micro_batches, run, "simple_grpo")
    lines = read_jsonl(run.path / simple_grpo.RATE)
    speed, *when = rate(lines, 2 * config.rollouts_per_step // 8)
    updated = run.log("simple_grpo").read_text(errors="replace").count("model updated")
    return {**speed, "model_updates_received": updated, **used.figures(*when)}


def run_vllm(config: RunConfig) -> dict[str, Any]:
    """What vLLM alone makes of a batch's requests, offline; of each kind the first call is left out. To be run in a process of
    its own."""
    from transformers import AutoTokenizer

    from labkit.engines import VLLMEngine
    from labkit.problems import gsm8k

    tokenizer = AutoTokenizer.from_pretrained(config.model)
    engine = VLLMEngine(config, tokenizer.eos_token_id)
    problems = gsm8k("train", config.problems_path)
    prompts = [tokenizer.apply_chat_template(messages(p["Q"]), add_generation_prompt=True, return_dict=False) for p in problems]
    sampling = engine._vllm.SamplingParams(  # as anybody would, without log-probs
        n=config.group_size, temperature=1.0, max_tokens=config.max_completion_tokens, detokenize=False, ignore_eos=True
    )
    rates: dict[str, list[float]] = {"offline": [], "with_logps": []}
    for start in range(12):
        batch = list(islice(prompts, start * config.prompts_per_batch, (start + 1) * config.prompts_per_batch))
        since = time.perf_counter()
        outputs = engine._llm.generate(engine._tokens(batch), sampling, use_tqdm=False)
        tokens = sum(len(completion.token_ids) for output in outputs for completion in output.outputs)
        rates["offline"].append(tokens / (time.perf_counter() - since))
        engine._llm.reset_prefix_cache()
        since = time.perf_counter()
        groups = engine.generate(batch, config.group_size, temperature=1.0, seed=start)  # as the rollout worker does
        rates["with_logps"].append(sum(len(g.token_ids) for group in groups for g in group) / (time.perf_counter() - since))
    later = {f"{name}_tokens_per_second": found[1:] for name, found in rates.items()}
    return {**later, "reference": _bare_forward(config, prompts)}


def _bare_forward(config: RunConfig, prompts: Sequence[Sequence[int]]) -> dict[str, list[float]]:
    """Tokens per second of the reference server's scoring, and of the plain transformers forward pass of the same rows with
    their log-probs, on a GPU that does nothing else."""
    import torch

    from labkit.policy import Policy, load_model, token_logps
    from labkit.ref_server import ReferenceServer

    rows, width = config.rollouts_per_batch, config.max_completion_tokens
    batch = random_rollouts(config, prompts[: config.prompts_per_batch])
    device = torch.device("cuda:0")
    model = load_model(config).to(device)
    ids, mask = batch.inputs.to(device), batch.attention_mask.to(device)

    @torch.inference_mode()
    def bare() -> None:
        for start in range(0, rows, 8):
            part = slice(start, start + 8)
            logits = model(ids[part], attention_mask=mask[part], logits_to_keep=width + 1, use_cache=False).logits
            token_logps(logits[:, :-1], ids[part, batch.plen :]).cpu()

    rates = {}
    for name in ("bare", "server"):
        if name == "server":
            server = ReferenceServer(config, Policy(model), "unused")
        found = []
        for _ in range(6):
            torch.cuda.synchronize()
            since = time.perf_counter()
            bare() if name == "bare" else server.score(batch)
            torch.cuda.synchronize()
            found.append(rows * width / (time.perf_counter() - since))
        rates[f"{name}_tokens_per_second"] = found[1:]
    server.close()
    return rates


# -------------------------------------------------------------------------------------------------------- processes


@contextmanager
def _process(command: Sequence[str], run: RunDir, name: str, gpu: int | None, *, where: Path = ROOT,
             **variables: str) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """A process in its own session, which ends with all its children; output in the run's logs."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}", "HF_HUB_OFFLINE": "1", **variables}
    if gpu is not None:
        env["CUDA_VISIBLE_DEVICES"] = str(gpu)
    with run.log(name).open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=where, env=env, start_new_session=True)
        try:
            yield process
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    break
                time.sleep(3)
            process.wait()


def _until(process: subprocess.Popen[bytes], file: Path, lines: int, run: RunDir, name: str) -> None:
    """Wait until `file` has that many lines. Raises ProcessError where the process ends before."""
    while len(read_jsonl(file)) < lines:
        _check(process, run, name)
        time.sleep(0.5)


def _wait_for(url: str, process: subprocess.Popen[bytes], run: RunDir, name: str) -> None:
    """Wait until `url` answers. Raises ProcessError where the process ends before."""
    while True:
        _check(process, run, name)
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(1)


def _check(process: subprocess.Popen[bytes], run: RunDir, name: str) -> None:
    if process.poll() is not None:
        tail = supervise.log_tail(run, name, 25)
        raise ProcessError(f"{name} ended too early, with status {process.returncode}; its last lines:\n{tail}")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# ------------------------------------------------------------------------------------------------------- the report


def ratios_of(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, record.Ratio]:
    """Above one where labkit is ahead; one run a side. Low and high are of single batches, each beside each."""

    def ratio(a: float, b: float, each_a: Sequence[float], each_b: Sequence[float]) -> record.Ratio:
        low, high = min(each_a) / max(each_b), max(each_a) / min(each_b)
        return {"median": round(a / b, 3), "low": round(low, 3), "high": round(high, 3)}

    def medians(a: Sequence[float], b: Sequence[float]) -> record.Ratio:
        return ratio(median(a), median(b), a, b)

    name, found = "tokens_per_second", {}
    ours = figures.get("labkit")
    for side in ("trl", "simple_grpo"):
        if ours and (theirs := figures.get(side)):
            found[f"vs_{side}"] = ratio(ours[name], theirs[name], ours["by_batch"], theirs["by_batch"])
    if ours and (alone := figures.get("vllm")):
        reference = alone["reference"]
        found["generation_vs_offline"] = medians(ours[f"generated_{name}"], alone[f"offline_{name}"])
        found["reference_vs_bare"] = medians(reference[f"server_{name}"], reference[f"bare_{name}"])
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train_gpu", description="labkit beside its peers on two GPUs")
    parser.add_argument(
        "--steps",
        type=int,
        default=24,
        metavar="N",
        help="optimizer steps of TRL; half as many of simple_GRPO, batches of labkit (default: 24)",
    )
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="which ones (default: all)")
    parser.add_argument("--simple-grpo", type=Path, metavar="DIR", help="a checkout of github.com/lsdefine/simple_GRPO")
    parser.add_argument("--scratch", type=Path, help="where model and runs go, and stay (default: a temporary folder)")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="fields of labkit's configuration")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the record there")
    arguments = parser.parse_args(argv)
    if "simple_grpo" in arguments.sides and arguments.simple_grpo is None:
        parser.error("--simple-grpo says where its code is; or leave it out of --sides")
    chosen = dict(part.split("=", 1) for part in arguments.set)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # as Ctrl-C: what was started is ended
    with tempfile.TemporaryDirectory(prefix="labkit-benchmark-") as temporary:
        scratch = arguments.scratch or Path(temporary)
        model = scratch / "model"
        if not model.exists():
            scratch.mkdir(parents=True, exist_ok=True)
            make_problems(scratch)
            make_model(model)
        overrides = {
            "model": str(model), "problems_path": str(scratch), "max_prompt_tokens": 160, "heldout_problems": 8,
            "optimizer_steps": arguments.steps, "checkpoint_every": 0,
            **{name: json.loads(value) for name, value in chosen.items()},
        }  # fmt: skip
        config = RunConfig.create("qwen2.5-3b", **gpus.fit("qwen2.5-3b", overrides))
        given = functions.load_path(REFERENCE, "grpo")
        figures: dict[str, Any] = {}
        failed: list[str] = []
        for side in arguments.sides:
            print(f"{side} …", flush=True)
            run = RunDir(scratch / f"{side}-{int(time.time())}")
            try:
                figures[side] = _run(side, config, given, run, arguments)
            except (LabError, subprocess.CalledProcessError) as error:  # what the others showed is kept
                failed.append(side)
                print(f"{side} failed: {error}", flush=True)
                continue
            print(json.dumps({side: {k: v for k, v in figures[side].items() if k != "phases"}}), flush=True)
            shutil.rmtree(run.checkpoints, ignore_errors=True)
            if arguments.json:  # after each, for what comes may not end
                settings = {k: v for k, v in config.to_dict().items() if k not in ("model", "problems_path", "seed")}
                record.write(
                    arguments.json, ratios_of(figures), {**figures, "config": settings, "gpus": _gpu_names()}, PACKAGES
                )
        for name, found in ratios_of(figures).items():
            print(f"{name:<24}{found['median']}")
        if "labkit" in figures:
            print(phases_table(figures["labkit"]["phases"]))
    if failed:
        sys.exit(f"no figures of {', '.join(failed)}")


def _run(side: str, config: RunConfig, given: Functions, run: RunDir, arguments: argparse.Namespace) -> dict[str, Any]:
    if side == "labkit":  # as many weight updates as the others have steps
        steps = arguments.steps * config.rollouts_per_batch // config.rollouts_per_step
        return run_labkit(RunConfig.from_dict({**config.to_dict(), "optimizer_steps": steps}), given, run)
    if side == "trl":
        return run_trl(RunConfig.from_dict({**config.to_dict(), "micro_batch_size": 8}), given, run)
    if side == "simple_grpo":
        return run_simple_grpo(config, arguments.simple_grpo, run, arguments.steps // 2)
    return _in_a_process(config)


def _in_a_process(config: RunConfig) -> dict[str, Any]:
    """`run_vllm` in a process of its own: an engine does not give its GPU back before it ends."""
    code = ("import json, sys; from benchmarks.train_gpu import run_vllm; from labkit.config import RunConfig; "
            "print('\\n' + json.dumps(run_vllm(RunConfig.from_dict(json.loads(sys.argv[1])))))")  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(config.to_dict())], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _gpu_names() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


if __name__ == "__main__":
    main()
