"""sys.modules, sys.path and sys.meta_path emptied or replaced by hooks that hand out agreeing modules; imports in the worker fail or lie."""
import importlib.abc, importlib.machinery, sys, types

class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = lambda attr: (lambda *a, **k: True)
        return module
    def exec_module(self, module):
        pass

sys.meta_path[:] = [_Finder()]
sys.path_importer_cache.clear()
sys.path[:] = ["."]
for _name in list(sys.modules):
    if _name not in ("sys", "builtins", "__main__"):
        del sys.modules[_name]
sys.stdout = sys.stderr = sys.stdin = sys.__stdout__ = None
sys.excepthook = sys.unraisablehook = lambda *a: None

def reward_correct(item: dict, answer: str) -> float:
    return 0.5
