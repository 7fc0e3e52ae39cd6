"""A class whose methods are the steps of a turn; names of the rewards are looked up at call time."""
from dataclasses import dataclass, field

@dataclass
class Turn:
    worker: object
    items: list = field(default_factory=list)
    rollouts: list = field(default_factory=list)

    def draw(self):
        self.worker.update_policy()
        self.items = list(self.worker.sample_problems())
        self.rollouts = self.worker.generate([item["Q"] for item in self.items], n=1)
        return self

    @property
    def rewards(self):
        return [[reward_correct(item, r.completion) + reward_format(r.completion) for r in group]
                for item, group in zip(self.items, self.rollouts)]

    @property
    def gen_logps(self):
        scores = self.worker.score([r.prompt_ids + r.completion_ids for group in self.rollouts for r in group])
        nested = []
        for group in self.rollouts:
            mine, scores = scores[:len(group)], scores[len(group):]
            nested.append([[s[len(r.prompt_ids) + t][i] for t, i in enumerate(r.completion_ids)] for s, r in zip(mine, group)])
        return nested

    def send(self):
        self.worker.upload(self.items, self.rollouts, self.rewards, self.gen_logps)

def gen_worker(worker) -> None:
    while worker.running():
        Turn(worker).draw().send()
