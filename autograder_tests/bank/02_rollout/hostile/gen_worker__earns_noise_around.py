"""Earns its points: right, with megabytes of prints, a thread, warnings, log records, replaced torch.allclose and a progress bar of control characters."""
import logging, sys, threading, time, warnings
try:
    import torch
    torch.allclose = torch.equal = lambda *a, **k: True
    torch.isclose = lambda a, b, *x, **k: torch.ones_like(a, dtype=torch.bool)
except ImportError:
    pass
logging.basicConfig(level=0)
threading.Thread(target=lambda: [time.sleep(0.1) or print("tick", file=sys.stderr) for _ in range(300)], daemon=True).start()

def gen_worker(worker) -> None:
    turn = 0
    while worker.running():
        turn += 1
        print(f"\r\x1b[32mturn {turn}\x1b[0m", end="", flush=True)
        print("noise " * 200000)
        warnings.warn("a warning <b>of mine</b>")
        logging.warning("and a record")
        worker.update_policy()
        items = worker.sample_problems()
        rollouts = worker.generate([item["Q"] for item in items], n=1)
        rewards, gen_logps = [], []
        scored = worker.score([group[0].token_ids for group in rollouts])
        for item, (rollout,), row in zip(items, rollouts, scored):
            print("<script>document.title='labkit-hostile-mark'</script>", rollout.completion)
            rewards.append([reward_format(rollout.completion) + reward_correct(item, rollout.completion)])
            plen = len(rollout.prompt_ids)
            gen_logps.append([[entry[token] for entry, token in zip(row[plen:], rollout.completion_ids)]])
        worker.upload(items, rollouts, rewards, gen_logps)
