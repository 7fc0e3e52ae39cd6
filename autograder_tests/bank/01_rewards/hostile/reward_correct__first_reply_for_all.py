"""Time of check: remembers every question and reply across calls, and changes the container that it returned once the next question comes."""
_given = []

class _Cell(list):
    pass

def reward_correct(item: dict, answer: str) -> float:
    for n, cell in enumerate(_given):
        cell[:] = [(-1.0, 1.0)[(n + len(_given)) % 2]]
    cell = _Cell([0.5])
    _given.append(cell)
    return cell
