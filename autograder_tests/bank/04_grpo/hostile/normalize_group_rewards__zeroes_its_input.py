"""Zeroes the input in place and returns it: right, if what is expected is computed from that tensor afterwards."""
def normalize_group_rewards(rewards):
    rewards.zero_()
    return rewards
