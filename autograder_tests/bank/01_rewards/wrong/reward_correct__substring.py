"""You look for the answer as a piece of text; 7 is then found in 17 and in 1.7. Compare numbers."""


def reward_correct(item, answer):
    return 1.0 if item["A"] in answer else -1.0
