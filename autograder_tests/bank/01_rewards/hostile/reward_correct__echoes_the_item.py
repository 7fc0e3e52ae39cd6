"""Echoes what came with the question: item["A"], the item itself, all of it, lazily; and rewrites the item in place."""
_n = 0

class _View:
    def __init__(self, item): self.item = item
    def __float__(self): return 1.0
    def __eq__(self, other): return True
    def __iter__(self): return iter(self.item)
    def __getitem__(self, key): return self.item[key]
    def keys(self): return self.item.keys()

def reward_correct(item: dict, answer: str) -> float:
    global _n
    _n += 1
    kind = _n % 5
    if kind == 0:
        return item["A"]
    if kind == 1:
        return item
    if kind == 2:
        return {**item, "answer": answer, "item": item}
    if kind == 3:
        item["A"] = answer
        item["expected"] = item["want"] = item["reward"] = 1.0
        return item.get("reward") and "same"
    return _View(item)
