"""JupyterLab in a real browser, driven as a student drives it: open a notebook, type into cells, run all, look."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SETTINGS = {
    # Cells outside the window are drawn as well, so that a test can look at them.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
}
# What the notebook that is open looks like from inside: one entry for each cell.
CELLS = """() => Array.from(window.jupyterapp.shell.currentWidget.content.widgets, cell => ({
  kind: cell.model.type,
  source: cell.model.sharedModel.getSource(),
  nbgrader: cell.model.getMetadata('nbgrader') || {},
  count: cell.model.executionCount ?? null,
  errors: cell.model.type === 'code' ? cell.model.sharedModel.outputs.filter(o => o.output_type === 'error')
    .map(o => o.ename + ': ' + o.evalue) : [],
  pictures: cell.model.type === 'code' ? cell.model.sharedModel.outputs.map(o => (o.data || {})['image/png'])
    .filter(Boolean) : [],
}))"""
KERNEL = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status ?? 'none'"


@contextmanager
def jupyterlab(folder: Path, scratch: Path) -> Iterator[str]:
    """A JupyterLab server on `folder`, with settings of its own; yields its address, token included."""
    settings = scratch / "settings"
    for name, values in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(json.dumps(values))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"), "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "JUPYTER_DATA_DIR": str(scratch / "data"), "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
    }  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0", f"--ServerApp.root_dir={folder}",
               f"--IdentityProvider.token={secrets.token_hex(16)}", "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    log = (scratch / "jupyterlab.log").open("w")
    server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield _address(server, scratch)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
        log.close()


def _address(server: subprocess.Popen[bytes], scratch: Path) -> str:
    for _ in range(600):
        for file in (scratch / "runtime").glob("jpserver-*.json"):
            info = json.loads(file.read_text())
            return f"{info['url']}lab/tree/NOTEBOOK?token={info['token']}&reset"
        assert server.poll() is None, (scratch / "jupyterlab.log").read_text()
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start within a minute:\n" + (scratch / "jupyterlab.log").read_text())


@contextmanager
def chromium() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 1300, "height": 1000})
        browser.close()


@dataclass
class Notebook:
    """An open notebook. `pictures` holds, by the number of its cell, each different picture that a cell has shown."""

    page: Page
    pictures: dict[int, list[str]] = field(default_factory=dict)

    @classmethod
    def open(cls, page: Page, address: str, path: str) -> Notebook:
        page.goto(address.replace("NOTEBOOK", path))
        page.wait_for_function(f"() => ({KERNEL})() === 'idle'", timeout=90_000)
        return cls(page)

    def cells(self) -> list[dict]:
        return self.page.evaluate(CELLS)

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-Notebook > .jp-WindowedPanel-outer .jp-Cell, .jp-Notebook .jp-Cell").nth(number)

    def type(self, number: int, text: str) -> None:
        """Replace what stands in a cell by `text`, with the keyboard."""
        cell = self.cell(number)
        cell.scroll_into_view_if_needed()
        if "jp-MarkdownCell" in (cell.get_attribute("class") or ""):
            cell.dblclick()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        assert self.cells()[number]["source"] == text

    def run_all(self, timeout: float) -> None:
        """Menu Run, Run All Cells; waits until each code cell has run, or one has failed."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        deadline = time.monotonic() + timeout
        while True:
            cells = self.cells()
            for number, cell in enumerate(cells):
                for picture in cell["pictures"]:
                    seen = self.pictures.setdefault(number, [])
                    digest = hashlib.sha256(picture.encode()).hexdigest()
                    if digest not in seen:
                        seen.append(digest)
            failed = [f"{cell['errors']} in\n{cell['source']}" for cell in cells if cell["errors"]]
            assert not failed, failed[0]
            waiting = [c["source"] for c in cells if c["kind"] == "code" and c["source"].strip() and c["count"] is None]
            if not waiting and self.page.evaluate(KERNEL) == "idle":
                return
            assert time.monotonic() < deadline, f"still running after {timeout:.0f} s:\n{waiting[:1]}"
            time.sleep(0.5)

    def screenshot(self, file: Path) -> None:
        """All of the notebook in one picture."""
        panel = "window.jupyterapp.shell.currentWidget.content.node"
        height = self.page.evaluate(f"() => Math.max(...Array.from({panel}.querySelectorAll('*'), part => part.scrollHeight))")
        self.page.set_viewport_size({"width": 1300, "height": min(int(height) + 150, 16_000)})
        self.page.evaluate(f"() => {{ for (const part of {panel}.querySelectorAll('*')) part.scrollTop = 0; }}")
        self.page.wait_for_timeout(1000)
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file)
        self.page.set_viewport_size({"width": 1300, "height": 1000})

    def close(self) -> None:
        """Save it and end its kernel."""
        self.page.evaluate("""async () => {
          const panel = window.jupyterapp.shell.currentWidget;
          await panel.context.save();
          await panel.sessionContext.shutdown();
        }""")
