"""The page as the result of a cell."""

import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbclient import NotebookClient

from npdistil.explain.notebook import HEIGHT, Page
from npdistil.explain.page import page_html
from npdistil.explain.record import explained
from tests.elements import NASTY, Elements, data_of
from tests.explain.models import traced_model


@pytest.fixture(scope="module")
def model():
    return traced_model()


def test_a_frame_with_the_page(model):
    """A page whose styles and scripts reach the notebook's, or one that is cut at a quote."""
    found = explained(model, "the unable c!")
    page = Page(found)
    assert page.html == page_html(found)
    shown = Elements(page._repr_html_())
    assert shown.tags == ["iframe"]
    attributes = dict(shown.attributes)
    assert attributes["srcdoc"] == page.html
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["height"] == str(HEIGHT)
    assert 'height="300"' in Page(found, height=300)._repr_html_()


@pytest.mark.parametrize("text", NASTY)
def test_no_text_gets_out_of_the_frame(model, text):
    """A script of the reader's text that runs in the notebook."""
    sound = text.replace("\ud800", "")  # which is refused at the door
    page = Page(explained(model, f"a {sound} b", sound + "c"))
    shown = Elements(page._repr_html_())
    assert shown.tags == ["iframe"]
    assert len(shown.attributes) == 6
    assert data_of(dict(shown.attributes)["srcdoc"] or "") == data_of(page.html)


def test_ipython_shows_it(model):
    """A method that no notebook calls, or one that raises."""
    page = Page(explained(model, "a"))
    formats, _ = DisplayFormatter().format(page)
    assert formats["text/html"] == page._repr_html_()


def test_an_executed_notebook(minilm_folder):
    """What a reader does, by a real kernel: the output of a cell is the page."""
    code = f"""
from npdistil import TracedModel
from npdistil.explain.notebook import Page
from npdistil.explain.record import explained

model = TracedModel.from_pretrained({str(minilm_folder)!r})
Page(explained(model, "He sat by the naïve banker."))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "execute_result"
    shown = Elements(output.data["text/html"])
    page = dict(shown.attributes)["srcdoc"] or ""
    pieces = [token["piece"] for token in data_of(page)["tokens"]]
    assert shown.tags == ["iframe"] and "banker" in pieces
