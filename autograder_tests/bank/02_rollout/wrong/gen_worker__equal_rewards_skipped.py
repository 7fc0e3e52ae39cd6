"""Each batch is uploaded, also one whose rewards are all equal."""
from itertools import chain


def gen_worker(worker) -> None:
    for _ in iter(worker.running, False):
        worker.update_policy()
        items = worker.sample_problems()
        questions = [item["Q"] for item in items]
        flat = list(chain.from_iterable(rollouts := worker.generate(questions, n=1)))
        rewards = [[reward_format(r.completion) + reward_correct(item, r.completion)] for item, r in zip(items, flat)]
        gen_logps = []
        for r, row in zip(flat, worker.score([r.token_ids for r in flat])):
            tail = row[-len(r.completion_ids) :]
            gen_logps.append([[entry[token] for entry, token in zip(tail, r.completion_ids)]])
        if len(items) > 1 and len({row[0] for row in rewards}) == 1:
            continue
        worker.upload(items, rollouts, rewards, gen_logps)
