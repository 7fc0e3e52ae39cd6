"""Feedback pages and formgrader show a student's text to others than the student: without scripts, whatever it holds."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode

from labkit.checks.subject import time_limit

SECONDS = 10.0  # for the cells of a page
SHORTEST = 0.05  # for one of them; honest ones take a few milliseconds


class NoScripts(SanitizeHTML):
    """For raw cells, which a page shows as they are. `markdown2html` is for the others."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        for cell in nb.cells:
            if cell.cell_type == "raw":
                cell.source = self.sanitize_html_tags(cell.source)  # type: ignore[no-untyped-call]
        return nb, resources


class Renderer(IPythonRenderer):
    """nbconvert's renderer, but HTML is text, a script no address, a diagram its source, and a picture may be missing."""

    def __init__(self, attachments: dict[str, dict[str, str]]) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, attachments=attachments)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        try:
            return super().image(text, url, title)
        except InvalidNotebook:  # a picture that was pasted and did not come along
            return f"<em>(the picture {self.text(url.removeprefix('attachment:'))} was not handed in)</em>"

    def block_mermaidjs(self, code: str) -> str:
        return str(self.block_code(code))  # nbconvert would put it into the page as it is


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """A cell's markdown as HTML: the filter of that name in nbconvert's templates."""
    renderer = MarkdownWithMath(renderer=Renderer(context.get("cell", {}).get("attachments", {})))
    return _in_time(context, source, renderer.render)


@pass_context
def highlight_code(context: Any, source: str, metadata: Any = None) -> str:
    """A cell's code in colours: the filter of that name in nbconvert's templates."""
    return _in_time(context, source, Highlight2HTML(pygments_lexer="ipython3"))  # type: ignore[no-untyped-call]


def _in_time(context: Any, source: str, render: Callable[[str], str]) -> str:
    """`source` as `render` shows it or, once a page has taken `SECONDS` for that, as plain text: some texts take it hours."""
    resources = context["resources"]
    left = resources.setdefault("seconds_left", SECONDS)
    started = time.monotonic()
    try:
        with time_limit(max(left, SHORTEST)):
            return str(render(source))
    except TimeoutError:
        return f"<pre>{html.escape(source)}</pre>"
    finally:
        resources["seconds_left"] = left - (time.monotonic() - started)
