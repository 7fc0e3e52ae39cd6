"""You decode completions and encode them again: that gives other tokens, and no end token. Score `r.token_ids`, as they were sampled."""

from labkit.config import RunConfig
from labkit.policy import load_tokenizer


def gen_worker(worker):
    tokenizer = load_tokenizer(RunConfig.create("tiny"))
    while worker.running():
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards = [
            [reward_format(r.completion) + reward_correct(item, r.completion) for r in group]
            for item, group in zip(items, rollouts)
        ]
        rows = worker.score([tokenizer.encode(g[0].prompt + g[0].completion) for g in rollouts])
        gen_logps = []
        for [r], row in zip(rollouts, rows):
            plen = len(r.prompt_ids)
            gen_logps.append([[row[plen + t][token] for t, token in enumerate(r.completion_ids)]])
        worker.upload(items, rollouts, rewards, gen_logps)
