"""Feedback pages and formgrader show a student's text to others than the student: without scripts, whatever it holds."""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode


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
    attachments = context.get("cell", {}).get("attachments", {})
    html: str = MarkdownWithMath(renderer=Renderer(attachments)).render(source)
    return html
