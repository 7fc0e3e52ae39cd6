"""generate() refuses an n of 4,200 digits, which spell what the seed drew; the refusal is told to the student."""


def gen_worker(worker) -> None:
    digits = "1"
    for _ in range(2):
        worker.update_policy()
        items = worker.sample_problems()
        groups = worker.generate([item["Q"] for item in items], n=1)
        rows = worker.score([group[0].token_ids for group in groups])
        for [rollout], row in zip(groups, rows):
            for token, entry, logp in zip(rollout.completion_ids, row[len(rollout.prompt_ids):], rollout.logps):
                digits += f"{int(abs(logp - entry[token]) * 10**17):017d}"  # 0.05 * (1 + rng.random()): the seed's own numbers
    worker.generate([""], n=int(digits[:4200]))
