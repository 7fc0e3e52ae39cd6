"""How a student's cells come into pages that others read. (The pages themselves: test_grading_workflow.)"""

import pytest

from labkit.grading import pages

SLOW = {"dots": "." * 400_000, "lines of one blank": " \n" * 30_000}


@pytest.mark.parametrize("name", SLOW)
def test_code_that_takes_for_ever_to_colour_is_shown_plain(name, monkeypatch):
    monkeypatch.setattr(pages, "SECONDS", 0.3)
    context = {"resources": {}}
    assert pages.highlight_code(context, SLOW[name]) == f"<pre>{SLOW[name]}</pre>"
    assert context["resources"]["seconds_left"] < 0
    assert pages.highlight_code(context, SLOW[name]) == f"<pre>{SLOW[name]}</pre>", "the next one has hardly any time"


def test_markdown_that_takes_for_ever_is_shown_plain_and_escaped(monkeypatch):
    monkeypatch.setattr(pages, "SECONDS", 0.3)
    blanks = " " * 400_000
    shown = pages.markdown2html({"resources": {}, "cell": {}}, f"a{blanks}<script>")
    assert shown == f"<pre>a{blanks}&lt;script&gt;</pre>"


def test_an_honest_cell_has_its_colours_and_its_picture():
    context = {"resources": {}, "cell": {"attachments": {"a.png": {"image/png": "iVBORw0KGgo="}}}}
    assert '<span class="k">def</span>' in pages.highlight_code(context, "def f(x):\n    return x", metadata={})
    shown = pages.markdown2html(context, "**a** $x<y$ ![it](attachment:a.png) ![gone](attachment:b.png)")
    assert "<strong>a</strong>" in shown
    assert "$x&lt;y$" in shown
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in shown
    assert "the picture b.png was not handed in" in shown
