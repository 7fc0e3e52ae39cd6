"""`</think>` has eight characters: look at all that stands between the blocks, its first character, too."""
def reward_format(answer: str) -> float:
    # no regex, I do not trust them
    if not answer.startswith("<think>"):
        return -1.0
    if not answer.endswith("</answer>"):
        return -1.0
    for t in ("<think>", "</think>", "<answer>", "</answer>"):
        if answer.count(t) != 1:
            return -1.0
    i = answer.find("</think>")
    j = answer.find("<answer>")
    if i > j:
        return -1.0
    between = answer[i + 9:j]
    if between.strip() != "":
        return -1.0
    return 1.25
