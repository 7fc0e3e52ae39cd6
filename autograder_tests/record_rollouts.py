"""Writes `labkit/checks/rollouts.json`: what the shipped policy answered, for the checks of `gen_worker`.

    python -m autograder_tests.record_rollouts

Run it again where the policy or the problems change, then `python -m autograder_tests.expected`.
"""

from __future__ import annotations

import itertools
import json

from labkit import problems
from labkit.checks.rollout import RECORDING
from labkit.config import RunConfig
from labkit.engines import TransformersEngine
from labkit.policy import load_tokenizer

PROBLEMS, ROLLOUTS = 6, 4


def main() -> None:
    config = RunConfig.create("tiny")
    tokenizer = load_tokenizer(config)
    engine = TransformersEngine(config, tokenizer.eos_token_id)
    items = list(itertools.islice(problems.sampler(config, "train", seed=1), PROBLEMS))
    prompts = [
        tokenizer.apply_chat_template(problems.messages(item["Q"]), add_generation_prompt=True, return_dict=False)
        for item in items
    ]
    recorded = []
    for item, prompt, group in zip(items, prompts, engine.generate(prompts, ROLLOUTS, temperature=1.0, seed=1), strict=True):
        completions = [
            {"ids": g.token_ids, "text": tokenizer.decode(g.token_ids, skip_special_tokens=True),
             "logps": [round(lp, 5) for lp in g.logps]}
            for g in group
        ]  # fmt: skip
        # The prompt's own log-probs, as re-scoring gives them: the same for every rollout of the prompt.
        [entries] = engine.score([prompt + group[0].token_ids])
        prompt_logps = [round(entry[token], 5) for entry, token in zip(entries[1:], prompt[1:], strict=False) if entry]
        recorded.append({"item": dict(item), "prompt_ids": prompt, "prompt_logps": prompt_logps, "completions": completions})
    RECORDING.write_text(json.dumps(recorded, ensure_ascii=False, separators=(",", ":")).replace('{"item"', '\n{"item"') + "\n")
    print(f"{RECORDING.name}: {PROBLEMS} problems, {PROBLEMS * ROLLOUTS} rollouts")


if __name__ == "__main__":
    main()
