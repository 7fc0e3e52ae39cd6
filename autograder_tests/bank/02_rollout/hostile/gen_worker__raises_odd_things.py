"""Raises StopIteration, GeneratorExit, SystemExit(0) and a string-less error by turns, from inside helpers' callbacks and properties."""
class _Prompts(list):
    def __iter__(self): raise SystemExit(0)
    def __len__(self): raise GeneratorExit
    def __getitem__(self, i): raise StopIteration("20 of 20 points")

def gen_worker(worker) -> None:
    worker.running()
    try:
        worker.generate(_Prompts(["x"]))
    except StopIteration:
        pass
    try:
        worker.upload(_Prompts([1]), _Prompts([1]), _Prompts([1]), _Prompts([1]))
    finally:
        raise SystemExit(0)
