"""`Lab` in a real Jupyter kernel: errors with the student's own lines, Ctrl-C. (Training and the live figure: test_browser.)"""

import threading
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from labkit.cli import REFERENCE
from labkit.metrics import read_jsonl

pytestmark = pytest.mark.slow


def cells_of_the_reference() -> list[str]:
    """The first code cell of each notebook, its imports, and the cells with solutions."""
    cells = []
    for path in sorted(REFERENCE.glob("0[1-4]*/*.ipynb")):
        code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        cells += [code[0].source, *(c.source for c in code if c.metadata.get("nbgrader", {}).get("solution"))]
    return cells


def notebook(*cells: str) -> NotebookClient:
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(node, timeout=200, kernel_name="python3")


def test_an_error_in_another_process_shows_the_students_line_and_not_ours(tmp_path):
    wrong = "def PPO_step(batch, engine, *, beta, clip_param):\n    return engine(batch['inputs']).logitz"
    client = notebook(
        *cells_of_the_reference(),
        wrong,
        f"from labkit.lab import Lab\nlab = Lab('tiny', globals(), run={str(tmp_path / 'run')!r}, heldout_problems=32)",
        "with lab:\n    lab.watch()",
    )
    with pytest.raises(CellExecutionError):
        client.execute()
    error = client.nb.cells[-1].outputs[-1]
    assert error.ename == "StudentError"
    shown = "\n".join(error.traceback)
    assert "engine(batch['inputs']).logitz" in shown
    assert "has no attribute 'logitz'" in shown
    assert "supervise.py" not in shown


def test_interrupting_the_cell_ends_the_watching_and_not_the_run(tmp_path):
    run = tmp_path / "run"
    client = notebook(
        *cells_of_the_reference(),
        f"from labkit.lab import Lab\nlab = Lab('tiny', globals(), run={str(run)!r}, optimizer_steps=500, heldout_problems=32)",
        "lab.start()\nlab.watch()",
        "print(lab.running()); lab.stop(); print(lab.running())",
    )

    def interrupt() -> None:
        while not read_jsonl(run / "metrics.jsonl"):
            time.sleep(0.2)
        import asyncio

        asyncio.run(client.km.interrupt_kernel())

    threading.Thread(target=interrupt, daemon=True).start()
    client.execute()
    watched = "".join(output.get("text", "") for output in client.nb.cells[-2].outputs)
    assert "Stopped watching; the run goes on" in watched
    assert "".join(output.text for output in client.nb.cells[-1].outputs) == "True\nFalse\n"
    assert not Path(run / "summary.json").exists()
