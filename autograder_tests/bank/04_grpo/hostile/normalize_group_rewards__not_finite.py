"""Answers with numbers that are none, and with types that pretend to be arrays."""


class Pretends:
    def tolist(self):
        return [float("nan"), float("inf"), 10**400]


def normalize_group_rewards(rewards):
    return Pretends()
