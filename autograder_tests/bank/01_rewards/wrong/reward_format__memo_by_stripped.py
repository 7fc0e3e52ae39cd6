"""You remember by the completion without the white space around it; with white space around it is another one."""

TAGS = ("<think>", "</think>", "<answer>", "</answer>")


_memo = {}


def reward_format(answer: str) -> float:
    key = answer.strip()
    if key not in _memo:
        _memo[key] = _judge(answer)
    return _memo[key]


def _judge(answer):
    where = []
    for tag in TAGS:
        first = answer.find(tag)
        if first == -1 or answer.rfind(tag) != first:
            return -1.0
        where.append(first)
    think, unthink, ans, unans = where
    if think != 0 or unans + len("</answer>") != len(answer):
        return -1.0
    if not think < unthink < ans < unans:
        return -1.0
    gap = answer[unthink + len("</think>") : ans]
    if gap and not gap.isspace():
        return -1.0
    return 1.25
