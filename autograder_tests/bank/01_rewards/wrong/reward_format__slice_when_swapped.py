"""Blocks that overlap pass: where `<answer>` stands before `</think>`, the slice between them is empty, and looks like no gap."""
def reward_format(answer: str) -> float:
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    if any(answer.count(t) != 1 for t in tags):
        return -1.0
    if not answer.startswith("<think>") or not answer.endswith("</answer>"):
        return -1.0
    gap = answer[answer.index("</think>") + len("</think>"):answer.index("<answer>")]
    return 1.25 if gap.strip() == "" else -1.0
