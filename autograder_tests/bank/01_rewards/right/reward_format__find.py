"""Positions of the tags with find."""


def reward_format(answer):
    tags = ["<think>", "</think>", "<answer>", "</answer>"]
    places = [answer.find(tag) for tag in tags]
    once = all(place >= 0 and answer.rfind(tag) == place for tag, place in zip(tags, places))
    if not once or places != sorted(places) or places[0] != 0:
        return -1.0
    if places[3] + len("</answer>") != len(answer):
        return -1.0
    gap = answer[places[1] + len("</think>") : places[2]]
    return 1.25 if gap == "" or gap.isspace() else -1.0
