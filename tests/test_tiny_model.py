"""The shipped policy: what it is made of, how its tokenizer behaves, and that it begins like a base model."""

import itertools
import json
import random
import re
from fractions import Fraction

import pytest
import torch
import transformers
from safetensors.torch import load_file
from tokenizers import Tokenizer

from labkit import cli, pretrain
from labkit.config import PRESETS, TINY_MODEL
from labkit.errors import ConfigError
from labkit.problems import messages, worked_arithmetic

FORMAT_BAND = (0.25, 0.45)
CORRECT_BAND = (0.35, 0.60)
TAGS = ("<think>", "</think>", "<answer>", "</answer>")
TEXTS = (
    "<think>3 + 4 = 7</think><answer>7</answer>",
    "<think>-1.7 / 2 = 3/4</think>\n<answer>1,080</answer> maybe",
    "  Tom's 12 apples,\n\nnaïve 数 🙂\t",
    "<|im_start|>user\nHow many?<|im_end|>\n",
)


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.AutoTokenizer.from_pretrained(TINY_MODEL)


@pytest.fixture(scope="module")
def model():
    return transformers.AutoModelForCausalLM.from_pretrained(TINY_MODEL, dtype=torch.float32).eval()


def draw(count, split="heldout"):
    return list(itertools.islice(worked_arithmetic(split, 0), count))


def is_formatted(text):
    """Written apart from the generator: the whole text, one pair of each tag, white space between the blocks."""
    return all(text.count(tag) == 1 for tag in TAGS) and bool(
        re.fullmatch(r"<think>.*</think>\s*<answer>.*</answer>", text, re.DOTALL)
    )


def is_correct(text, answer):
    numbers = re.findall(r"(?<![\w.])-?\d+(?:\.\d+|/\d+)?", text)
    try:
        return bool(numbers) and Fraction(numbers[-1]) == Fraction(answer)
    except ZeroDivisionError:
        return False


def shares(texts, problems):
    formatted = sum(map(is_formatted, texts)) / len(texts)
    return formatted, sum(is_correct(text, it.answer) for text, it in zip(texts, problems, strict=True)) / len(texts)


# ---------------------------------------------------------------------------------------------------- what it is


def test_it_is_a_small_float32_qwen2_with_tied_embeddings(model):
    assert sum(file.stat().st_size for file in TINY_MODEL.iterdir()) < 6e6
    config = json.loads((TINY_MODEL / "config.json").read_text())
    assert config["architectures"] == ["Qwen2ForCausalLM"]
    assert config["tie_word_embeddings"] is True
    weights = load_file(TINY_MODEL / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    assert 0.9e6 < sum(tensor.numel() for tensor in weights.values()) < 1.3e6
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()


def test_its_report_and_log_belong_together():
    report = json.loads((TINY_MODEL / "pretrain.json").read_text())
    log = [json.loads(line) for line in (TINY_MODEL / "pretrain.jsonl").read_text().splitlines()]
    assert report["seed"] == 0
    assert report["steps"] == log[-1]["step"] == pretrain.SIZES["tiny"].steps
    assert report["final_loss"] == log[-1]["loss"] < log[0]["loss"]
    assert report["heldout"]["problems"] >= 512
    assert FORMAT_BAND[0] <= report["heldout"]["format"] <= FORMAT_BAND[1]
    assert CORRECT_BAND[0] <= report["heldout"]["correct"] <= CORRECT_BAND[1]
    assert "/" not in json.dumps(report), "a path?"


# ---------------------------------------------------------------------------------------------------- tokenizer


def test_pad_start_and_end_are_three_tokens(tokenizer, model):
    ids = [tokenizer.convert_tokens_to_ids(token) for token in (pretrain.PAD, pretrain.START, pretrain.END)]
    assert len(set(ids)) == 3
    assert (tokenizer.pad_token, tokenizer.eos_token) == (pretrain.PAD, pretrain.END)
    for holder in (model.config, model.generation_config):
        assert (holder.pad_token_id, holder.eos_token_id) == (ids[0], ids[2])


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_is_several_ordinary_tokens(tokenizer, tag):
    ids = tokenizer(tag)["input_ids"]
    assert len(ids) >= 3
    assert not set(ids) & set(tokenizer.all_special_ids)


@pytest.mark.parametrize("text", TEXTS)
def test_transformers_and_the_file_agree_on_the_encoding(tokenizer, tmp_path, text):
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text
    assert ids == Tokenizer.from_file(str(TINY_MODEL / "tokenizer.json")).encode(text).ids
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((TINY_MODEL / "config.json").read_text())
    again = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert type(again) is type(tokenizer)
    assert again(text)["input_ids"] == ids


def test_digits_stand_alone(tokenizer):
    assert tokenizer.tokenize("1080") == ["1", "0", "8", "0"]


def test_the_chat_template(tokenizer):
    text = tokenizer.apply_chat_template(messages("How many?"), add_generation_prompt=True, tokenize=False)
    system = messages("")[0]["content"]
    assert text == (f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n")


def test_prompts_and_completions_fit_the_tiny_preset(tokenizer):
    rng = random.Random(0)
    problems = draw(500)
    prompts = tokenizer.apply_chat_template([messages(it.question) for it in problems], add_generation_prompt=True)
    completions = tokenizer([pretrain.answer(it, rng) + pretrain.END for it in problems])
    lengths = [len(ids) for ids in prompts["input_ids"]]
    assert sum(lengths) / len(lengths) < 60
    assert max(lengths) <= PRESETS["tiny"]["max_prompt_tokens"]
    assert max(len(ids) for ids in completions["input_ids"]) <= PRESETS["tiny"]["max_completion_tokens"]


def test_the_shipped_tokenizer_is_what_pretraining_makes(tokenizer):
    made = pretrain.train_tokenizer(pretrain.SIZES["tiny"].vocabulary, seed=0)
    assert made.get_vocab() == tokenizer.get_vocab()
    assert made.chat_template == tokenizer.chat_template
    assert [made(text)["input_ids"] for text in TEXTS] == [tokenizer(text)["input_ids"] for text in TEXTS]


# ------------------------------------------------------------------------------------------------- pretraining


def test_its_teacher_answers_like_a_base_model():
    rng = random.Random(0)
    problems = draw(3_000, "train")
    texts = [pretrain.answer(it, rng) for it in problems]
    formatted, correct = shares(texts, problems)
    assert FORMAT_BAND[0] < formatted < FORMAT_BAND[1]
    assert CORRECT_BAND[0] < correct < CORRECT_BAND[1]
    for it, text in zip(problems, texts, strict=True):
        assert pretrain._is_formatted(text) == is_formatted(text), text
        assert pretrain._is_correct(text, it) == is_correct(text, it.answer), text


def test_a_near_miss_is_wrong_and_keeps_the_sign():
    rng = random.Random(0)
    for it in draw(2_000, "train"):
        wrong, right = Fraction(pretrain.near_miss(it, rng)), Fraction(it.answer)
        assert wrong != right
        assert right < 0 or wrong > 0


def test_only_completions_are_learned(tokenizer):
    for inputs, labels in pretrain.batches(tokenizer, seed=0, steps=4, batch_size=5):
        for row, targets in zip(inputs, labels, strict=True):
            learned = targets != -100
            assert torch.equal(row[learned], targets[learned])
            text = tokenizer.decode(row)
            prompt, _, completion = text.rpartition("<|im_start|>assistant\n")
            assert prompt
            assert tokenizer.decode(targets[learned]) == completion.partition(pretrain.END)[0] + pretrain.END


def test_what_cannot_be_trained_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no size 'huge'; choose one of tiny"):
        pretrain.pretrain(tmp_path, size="huge")
    with pytest.raises(ConfigError, match="steps is 0"):
        pretrain.pretrain(tmp_path, steps=0)


@pytest.mark.slow
def test_pretraining_writes_a_model_that_loads(tmp_path, capsys):
    out = tmp_path / "deep" / "tiny"
    with pytest.raises(SystemExit, match="0"):
        cli.main(["pretrain", "--out", str(out), "--steps", "2", "--seed", "3"])
    assert {file.name for file in out.iterdir()} == {file.name for file in TINY_MODEL.iterdir()}
    assert [folder.name for folder in out.parent.iterdir()] == ["tiny"], "scratch was left"
    made = json.loads((out / "pretrain.json").read_text())
    shipped = json.loads((TINY_MODEL / "pretrain.json").read_text())
    assert made.keys() == shipped.keys()
    assert made["architecture"] == shipped["architecture"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == made["heldout"]
    first, second = (transformers.AutoModelForCausalLM.from_pretrained(folder) for folder in (out, TINY_MODEL))
    assert first.state_dict().keys() == second.state_dict().keys()


# -------------------------------------------------------------------------------------------- how it begins


@pytest.mark.slow
def test_it_begins_like_a_base_model(model, tokenizer):
    problems = draw(512)
    torch.manual_seed(0)
    texts = pretrain.sample(model, tokenizer, [it.question for it in problems])
    formatted, correct = shares(texts, problems)
    assert FORMAT_BAND[0] <= formatted <= FORMAT_BAND[1]
    assert CORRECT_BAND[0] <= correct <= CORRECT_BAND[1]


@pytest.mark.slow
def test_it_knows_the_arithmetic(model, tokenizer):
    problems = draw(512)
    texts = pretrain.sample(model, tokenizer, [it.question for it in problems], greedy=True)
    right = [is_correct(text, it.answer) for text, it in zip(texts, problems, strict=True)]
    easy = [hit for hit, it in zip(right, problems, strict=True) if not it.hard]
    assert sum(right) / len(right) > 0.8
    assert sum(easy) / len(easy) > 0.9
