"""The constant +1.0 (as a bool, an int, a numpy scalar and a tensor in turn): points for rows, not for the exercise, would pay it."""
_n = 0

def reward_correct(item: dict, answer: str) -> float:
    global _n
    _n += 1
    if _n % 4 == 0:
        return True
    if _n % 4 == 1:
        return 1
    if _n % 4 == 2:
        import numpy
        return numpy.float16(1.0)
    import torch
    return torch.ones((), requires_grad=True) * 1
