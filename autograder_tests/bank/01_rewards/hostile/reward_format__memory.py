"""Takes memory without end."""


def reward_format(answer):
    taken = []
    while True:
        taken.append(bytearray(10**8))
