"""Asks the helpers for a billion rollouts, a sequence of a billion tokens, attributes with dunder names, and pickles the worker."""
import copy, pickle

def gen_worker(worker) -> None:
    for act in (
        lambda: worker.generate(["x"], n=10 ** 9), lambda: worker.generate(["x"] * 10 ** 7), lambda: worker.score([[1] * 10 ** 7] * 10), lambda: worker.score([range(10 ** 9)]),
        lambda: worker.generate(["\ud800\x00"], n=1), lambda: worker.generate([{"$code": "1"}], n=float("nan")), lambda: pickle.loads(pickle.dumps(worker)), lambda: copy.deepcopy(worker),
        lambda: worker.__reduce_ex__(4), lambda: worker._conn.send(("passed", 20)), lambda: worker.__init__(), lambda: worker.__class__().upload([], [], [], []), lambda: worker.expected, lambda: worker.reference.gen_worker(worker),
        lambda: worker.__dict__.clear(), lambda: worker.running(forever=True),
    ):
        try:
            act()
        except BaseException:
            pass
