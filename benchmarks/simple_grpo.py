"""simple_GRPO's public code, made to run beside ours: the other peer of `benchmarks.train_gpu`.

None of its code is kept here but the lines that change. What changes, and why, is the list below; everything else runs as it
was published (github.com/lsdefine/simple_GRPO, commit 4ab94c6). Each change must be found, or there is an error.
"""

from __future__ import annotations

from pathlib import Path

from labkit.config import RunConfig

GENERATION, REFERENCE = "grpo_vllm_one.py", "ref_server.py"
RATE = "steps.jsonl"  # a line for each micro-batch trained, written by a changed line


def prepare(checkout: Path, folder: Path, config: RunConfig, micro_batches: int) -> None:
    """Write a runnable copy of `checkout` into `folder`. Raises ValueError where a line that must change is not found."""
    accumulation = config.rollouts_per_step // 8
    changes = {
        REFERENCE: [
            # the model; a server that is installed
            ('model_path = "/data2/Qwen/Qwen2.5-7B"', f"model_path = {config.model!r}"),
            ("server='tornado'", "server='waitress'"),
        ],
        GENERATION: [
            # the model, the GPU, the lengths and the batch of this comparison
            ('model_path = "/data2/Qwen/Qwen2.5-7B"', f"model_path = {config.model!r}"),
            ("gen_device = 4 ", f"gen_device = {config.generation_device} "),
            ("all_steps = 1000", f"all_steps = {micro_batches}"),
            ("Q_batch_size = 5", f"Q_batch_size = {config.rollouts_per_step // config.group_size}"),
            ("save_steps = 200", f"save_steps = {10 * micro_batches}"),
            ('"gradient_accumulation_steps": 4,', f'"gradient_accumulation_steps": {accumulation},'),
            ("temperature=0.9, max_tokens=700)",
             f"temperature={config.temperature}, max_tokens={config.max_completion_tokens}, ignore_eos=True)"),
            # current vLLM: its engine in this process, so that the update reaches the model; token ids as TokensPrompt
            ("    from vllm import LLM, SamplingParams",
             '    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"\n    from vllm import LLM, SamplingParams, TokensPrompt'),
            ("gpu_memory_utilization=0.5)",
             "gpu_memory_utilization=0.5, "
             f"max_model_len={config.max_prompt_tokens + config.max_completion_tokens + 1})"),
            ("vllm_gen.generate(prompt_token_ids=merged_ids.tolist(), ",
             "vllm_gen.generate([TokensPrompt(prompt_token_ids=ids) for ids in merged_ids.tolist()], "),
            # problems and rewards that need no download; random rewards, or it leaves every group out that has no variance
            ('    from datasets import load_dataset\n    dataset = load_dataset("openai/gsm8k", "main", split="train")\n',
             f"    lines = [json.loads(line) for line in open({str(Path(config.problems_path or '') / 'train.jsonl')!r})]\n"
             '    dataset = {name: [line[name] for line in lines] for name in ("question", "answer")}\n'),
            ("    from math_verify import parse, verify, ExprExtractionConfig\n", ""),
            ("rewards.append(reward_correct(inp, a) + reward_format(inp, a))", "rewards.append(random.random())"),
            # the prompts of this comparison, whose system prompt is short
            ('    system_prompt = """You are', '    system_prompt = problems_system_prompt\n    _ = """You are'),
            ("tokenizer = AutoTokenizer.from_pretrained(model_path)\n",
             "tokenizer = AutoTokenizer.from_pretrained(model_path)\n"
             "from labkit.problems import SYSTEM_PROMPT as problems_system_prompt\n"),
            # when each micro-batch was trained
            ('            progress.set_description(f"Loss: {loss.item():.6f}")\n',
             '            progress.set_description(f"Loss: {loss.item():.6f}")\n'
             f'            with open({RATE!r}, "a") as rate:\n'
             '                tokens = batch["inputs"].shape[0] * (batch["inputs"].shape[1] - batch["plen"])\n'
             '                rate.write(json.dumps({"time": time.time(), "completion_tokens": tokens}) + "\\n")\n'),
        ],
    }  # fmt: skip
    for name, edits in changes.items():
        text = (checkout / name).read_text()
        for old, new in edits:
            if old not in text:
                raise ValueError(f"{checkout / name} does not hold {old!r}; is it simple_GRPO at commit 4ab94c6?")
            text = text.replace(old, new)
        (folder / name).write_text(text)
