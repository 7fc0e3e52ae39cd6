"""Hand-written, with partition; no regular expression."""


def reward_format(answer):
    if not answer.startswith("<think>") or not answer.endswith("</answer>"):
        return -1.0
    thought, closing, rest = answer[len("<think>") :].partition("</think>")
    if not closing:
        return -1.0
    between, opening, given = rest.partition("<answer>")
    if not opening or between.strip():
        return -1.0
    given = given.removesuffix("</answer>")
    inside = thought + "\0" + given
    if any(tag in inside for tag in ("<think>", "</think>", "<answer>", "</answer>")):
        return -1.0
    return 1.25
