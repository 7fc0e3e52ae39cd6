"""The mutants that the hidden checks are tried on."""

from autograder_tests.mutants import mutants, survives

RIGHT = '''
"""All of it."""
def normalize_group_rewards(rewards):
    centred = rewards - rewards.mean(dim=-1, keepdim=True)
    return centred / (rewards.std(dim=-1, keepdim=True) + 1e-4) if rewards.shape[-1] > 1 else 0 * rewards
'''


def test_one_thing_changes_at_a_time():
    source = "def f(x):\n    'What it does.'\n    return x[1:] if x and (not g(x, 2)) else 'ab'"
    found = [mutant.splitlines()[-1].strip() for mutant in mutants(source)]
    assert all("What it does." in mutant for mutant in mutants(source))
    assert len(found) == len(set(found))
    assert {
        "return x[:] if x and (not g(x, 2)) else 'ab'", "return x[2:] if x and (not g(x, 2)) else 'ab'",
        "return x[1:] if x or not g(x, 2) else 'ab'", "return x[1:] if x else 'ab'", "return x[1:] if x and g(x, 2) else 'ab'",
        "return x[1:] if x and (not g(2, x)) else 'ab'", "return x[1:] if x and (not g(x, 3)) else 'ab'", "return x[1:]",
        "return 'ab'", "return x[1:] if x and (not g(x, 2)) else 'b'", "pass",
    } <= set(found)  # fmt: skip


def test_of_a_right_function_only_what_gives_the_same_survives():
    assert survives("normalize_group_rewards", RIGHT)
    found = list(mutants(RIGHT))
    assert len(found) > 20
    [alive] = [mutant for mutant in found if survives("normalize_group_rewards", mutant)]
    assert "if rewards.shape[-1] != 1 else" in alive
