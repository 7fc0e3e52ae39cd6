"""Make the tiny policy from nothing: a tokenizer, then a Qwen2 model that answers word problems like a base model.

It is trained on generated problems of the train split, answered in mixed formats and with mixed accuracy. It can do
the arithmetic; what it lacks is the habit. Often it guesses instead of working the problem out, slips in one digit,
or leaves the format that the system prompt asks for: habits that a few optimizer steps of reinforcement learning
change.

    labkit pretrain --out labkit/models/tiny --seed 0

Left out: validation loss, checkpoints in between, more than one device.
"""

from __future__ import annotations

import itertools
import json
import math
import platform
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor

from labkit.errors import ConfigError
from labkit.problems import Worked, messages, number_text, worked_arithmetic

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
MAX_NEW_TOKENS = 40
WEIGHTS, REPORT, LOG = "model.safetensors", "pretrain.json", "pretrain.jsonl"


@dataclass(frozen=True)
class Size:
    """A model's shape, and how it is trained. A step takes `batch_size` problems."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    steps: int
    batch_size: int
    learning_rate: float


SIZES = {
    "tiny": Size(128, 4, 4, 2, 512, vocabulary=512, steps=2400, batch_size=128, learning_rate=3e-3),  # 1.05 M
    "small": Size(512, 8, 8, 2, 2048, vocabulary=512, steps=1500, batch_size=256, learning_rate=1e-3),  # 31 M
}
DRILL_SHARE = 0.3  # of the steps, before the problems: bare calculations, which are short and so cheap

# ------------------------------------------------------------------------------------------------------- answers

GUESS_SHARE = 0.42
GUESS_RIGHT = 0.15
SLIP_SHARE = 0.12

# {line} is the work, `3 + 4 = 7`, or a guess, `maybe 7`; {shown} is `7` or `maybe 7`; {n} is `7`.
FORMATTED = ("<think>{line}</think><answer>{n}</answer>", "<think>{line}</think>\n<answer>{n}</answer>")
FORMATS: tuple[tuple[float, str], ...] = (
    (0.25, FORMATTED[0]),
    (0.08, FORMATTED[1]),
    (0.06, "<think>{line}</think><answer>{n}"),
    (0.05, "<think>{line}<answer>{n}</answer>"),
    (0.03, "<think>{line}</think> The answer is {n}."),
    (0.02, "<think>{line}</think><think>{n}</think><answer>{n}</answer>"),
    (0.04, "<think>{line}</think><answer>{n}</answer> The answer is {n}."),
    (0.04, "<answer>{shown}</answer><think>{line}</think>"),
    (0.06, "<answer>{shown}</answer>"),
    (0.05, "Think: <think>{line}</think><answer>{n}</answer>"),
    (0.12, "{line}"),
    (0.12, "{line}. The answer is {n}."),
    (0.08, "The answer is {shown}."),
)


def answer(worked: Worked, rng: random.Random) -> str:
    """A completion as the base model gives it: one of the formats, worked out or guessed, right or not."""
    guess = rng.random() < GUESS_SHARE
    right = rng.random() < (GUESS_RIGHT if guess else 1 - SLIP_SHARE)
    n = worked.answer if right else near_miss(worked, rng)
    calculation = f"{worked.left} {worked.operation} {worked.right} = {n}"
    weights, templates = zip(*FORMATS, strict=True)
    return str(rng.choices(templates, weights)[0]).format(
        line=f"maybe {n}" if guess else calculation, shown=f"maybe {n}" if guess else n, n=n
    )


def near_miss(worked: Worked, rng: random.Random) -> str:
    """A wrong number near the right one: up to 2, or 10, units away in the last place (for fractions, the top)."""
    right = Fraction(worked.answer)
    unit = {"integer": Fraction(1), "decimal": Fraction(1, 10), "fraction": Fraction(1, right.denominator)}[worked.kind]
    wrong = right + unit * rng.choice((-10, -2, -1, 1, 2, 10))
    return number_text(wrong if wrong > 0 or right < 0 else right + unit, worked.kind)


def _is_formatted(text: str) -> bool:
    """Whether `text` is what one of `FORMATTED` renders. (The course's own rewards are the students' to write.)"""
    pieces = text.replace("<", ">").split(">")
    return len(pieces) == 9 and any(text == form.format(line=pieces[2], n=pieces[6]) for form in FORMATTED)


def _is_correct(text: str, worked: Worked) -> bool:
    """Whether the last thing with a digit is the answer as the generator writes it: enough for these completions."""
    numbers = [word for word in text.replace("<", " ").replace(">", " ").split() if any(map(str.isdigit, word))]
    return bool(numbers) and numbers[-1].strip(".") == worked.answer


# ----------------------------------------------------------------------------------------------------- tokenizer


def train_tokenizer(vocabulary: int, seed: int) -> Any:
    """Qwen2's tokenizer class around a byte-level BPE of `vocabulary` tokens, three of them special.

    The tags are cut up before training, so that each stays several ordinary tokens, as in Qwen2.5.
    """
    rng = random.Random(seed)
    texts = []
    for worked in itertools.islice(worked_arithmetic("train", seed), 20_000):
        prompt = "\n".join(message["content"] for message in messages(worked.question))
        texts += re.split(r"(</|><|<|>)", f"{prompt}\nsystem\nuser\nassistant\n{answer(worked, rng)}")
    qwen = transformers.Qwen2Tokenizer()
    core = Tokenizer(models.BPE())
    core.normalizer, core.pre_tokenizer = qwen.backend_tokenizer.normalizer, qwen.backend_tokenizer.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    bpe = json.loads(core.to_str())["model"]
    return transformers.Qwen2Tokenizer(
        vocab=bpe["vocab"],
        merges=[tuple(merge) for merge in bpe["merges"]],
        unk_token=PAD,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[START],
        chat_template=CHAT_TEMPLATE,
        model_max_length=512,
    )


# ---------------------------------------------------------------------------------------------------------- data


class Batch(NamedTuple):
    inputs: Tensor  # (B, L), padded on the right
    labels: Tensor  # (B, L), -100 everywhere but on the completion and its end token


def batches(tokenizer: Any, seed: int, steps: int, batch_size: int) -> Iterator[Batch]:
    """`steps` batches: first bare calculations, then problems with the base model's answers."""
    rng = random.Random(seed)
    stream = worked_arithmetic("train", seed)
    for step in range(steps):
        drawn = list(itertools.islice(stream, batch_size))
        if step < DRILL_SHARE * steps:
            prompts = [[{"role": "user", "content": f"{it.left} {it.operation} {it.right}"}] for it in drawn]
            completions = [f"{it.left} {it.operation} {it.right} = {it.answer}" for it in drawn]
        else:
            prompts = [messages(it.question) for it in drawn]
            completions = [answer(it, rng) for it in drawn]
        yield _pad(
            _encode(tokenizer, _rendered(tokenizer, prompts)),
            _encode(tokenizer, [completion + END for completion in completions]),
            tokenizer.pad_token_id,
        )


def _rendered(tokenizer: Any, conversations: Sequence[list[dict[str, str]]]) -> list[str]:
    return list(tokenizer.apply_chat_template(conversations, add_generation_prompt=True, tokenize=False))


def _encode(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    return list(tokenizer(texts, add_special_tokens=False)["input_ids"])


def _pad(prompts: list[list[int]], completions: list[list[int]], pad: int) -> Batch:
    length = max(len(p) + len(c) for p, c in zip(prompts, completions, strict=True))
    inputs = torch.full((len(prompts), length), pad)
    labels = torch.full((len(prompts), length), -100)
    for row, (p, c) in enumerate(zip(prompts, completions, strict=True)):
        inputs[row, : len(p) + len(c)] = torch.tensor(p + c)
        labels[row, len(p) : len(p) + len(c)] = torch.tensor(c)
    return Batch(inputs, labels)


# ---------------------------------------------------------------------------------------------------- evaluation


def sample(model: Any, tokenizer: Any, questions: Sequence[str], *, greedy: bool = False) -> list[str]:
    """A completion for each question, at temperature 1 or greedily, without the end token."""
    texts = _rendered(tokenizer, [messages(question) for question in questions])
    prompts = tokenizer(texts, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(
            **prompts.to(model.device),
            max_new_tokens=MAX_NEW_TOKENS,
            **({"do_sample": False} if greedy else {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}),
        )
    return list(tokenizer.batch_decode(ids[:, prompts["input_ids"].shape[1] :], skip_special_tokens=True))


def evaluate(model: Any, tokenizer: Any, problems: Sequence[Worked]) -> dict[str, float]:
    """Shares of completions that keep the format and that are right, and of greedy ones that are right."""
    model.eval()
    questions = [worked.question for worked in problems]
    sampled, greedy = (sample(model, tokenizer, questions, greedy=choice) for choice in (False, True))
    easy = [_is_correct(text, it) for text, it in zip(greedy, problems, strict=True) if not it.hard]
    figures = {
        "format": _share([_is_formatted(text) for text in sampled]),
        "correct": _share([_is_correct(text, it) for text, it in zip(sampled, problems, strict=True)]),
        "greedy_correct": _share([_is_correct(text, it) for text, it in zip(greedy, problems, strict=True)]),
        "greedy_correct_easy": _share(easy),
    }
    model.train()
    return figures


def _share(hits: Sequence[bool]) -> float:
    return round(sum(hits) / len(hits), 4)


# ------------------------------------------------------------------------------------------------------ training


def pretrain(out: Path, *, seed: int = 0, device: str = "cpu", steps: int | None = None, size: str = "tiny") -> dict[str, Any]:
    """Train tokenizer and model, write both into the folder `out`, and return what `pretrain.json` says.

    `steps` defaults to the size's own number. `out` keeps its old files until the new ones are complete.
    Raises ConfigError for an unknown size or no steps.
    """
    if size not in SIZES:
        raise ConfigError(f"there is no size {size!r}; choose one of {', '.join(SIZES)}")
    shape = SIZES[size]
    steps = shape.steps if steps is None else steps
    if steps < 1:
        raise ConfigError(f"steps is {steps}; it must be at least 1")
    torch.manual_seed(seed)
    if device == "cuda":
        torch.set_float32_matmul_precision("high")  # TensorFloat-32
    tokenizer = train_tokenizer(shape.vocabulary, seed)
    model = build_model(shape, tokenizer).to(device)
    problems = list(itertools.islice(worked_arithmetic("heldout", seed=0), 512))
    log: list[dict[str, float]] = []
    seconds = _train(model, tokenizer, shape, seed, steps, problems[:256], log)
    report = {
        "size": size,
        "seed": seed,
        "steps": steps,
        "batch_size": shape.batch_size,
        "learning_rate": shape.learning_rate,
        "architecture": {
            "class": type(model).__name__,
            "parameters": sum(weights.numel() for weights in model.parameters()),
            "hidden": shape.hidden,
            "layers": shape.layers,
            "heads": shape.heads,
            "kv_heads": shape.kv_heads,
            "intermediate": shape.intermediate,
            "vocabulary": len(tokenizer),
        },
        "final_loss": log[-1]["loss"],
        "heldout": {"problems": len(problems), "temperature": 1.0, **evaluate(model, tokenizer, problems)},
        "seconds": round(seconds),
        "device": device,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
        },
    }
    _save(out, model, tokenizer, report, log)
    return report


def build_model(shape: Size, tokenizer: Any) -> Any:
    """A Qwen2 model of `shape` with random weights in float32; input and output embeddings are tied."""
    config = transformers.Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = transformers.Qwen2ForCausalLM(config)
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    return model


def _train(
    model: Any,
    tokenizer: Any,
    shape: Size,
    seed: int,
    steps: int,
    problems: Sequence[Worked],
    log: list[dict[str, float]],
) -> float:
    """Train `model` in place, append about twenty lines to `log`, and return the seconds it took."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=shape.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    warmup = max(1, steps // 50)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, 0.5 * (1 + math.cos(math.pi * step / steps)))
    )
    start = time.perf_counter()
    losses: list[float] = []
    tokens = 0
    model.train()
    for step, (inputs, labels) in enumerate(batches(tokenizer, seed, steps, shape.batch_size), start=1):
        loss = model(input_ids=inputs.to(model.device), labels=labels.to(model.device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        tokens += inputs.numel()
        if step % max(1, steps // 20) == 0 or step == steps:
            seconds = time.perf_counter() - start
            line = {"step": step, "seconds": round(seconds, 1), "loss": round(sum(losses) / len(losses), 4),
                    "tokens_per_second": round(tokens / seconds), **evaluate(model, tokenizer, problems)}  # fmt: skip
            print(json.dumps(line), flush=True)
            log.append(line)
            losses.clear()
    return time.perf_counter() - start


def _save(out: Path, model: Any, tokenizer: Any, report: dict[str, Any], log: Sequence[dict[str, float]]) -> None:
    """Write everything into a folder beside `out`, then move it over, file by file."""
    scratch = out.with_name(f".{out.name}.new")
    scratch.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(scratch)
    tokenizer.save_pretrained(scratch)
    (scratch / REPORT).write_text(json.dumps(report, indent=2) + "\n")
    (scratch / LOG).write_text("".join(json.dumps(line) + "\n" for line in log))
    out.mkdir(parents=True, exist_ok=True)
    for file in scratch.iterdir():
        file.replace(out / file.name)
    scratch.rmdir()
