"""Pictures of heads: which token, which number, and nothing of the reader's settings."""

import io
import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from base64 import b64encode

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from npdistil import InputError
from npdistil.explain import plots
from npdistil.explain.record import explained
from tests.explain.models import array_of, sizes, traced_model
from tests.explain.pictures import maps_of, texts_of
from tests.pages import ROOT

TEXTS = [("the unable c!", None), ("the unable", "c! a b"), ("a b c the " * 9, None)]


@pytest.fixture(scope="module")
def model():
    return traced_model()


def tree_of(content: bytes) -> ET.Element:
    return ET.fromstring(content)


def put_tokens(found, pieces: list[str], byte: int = 0) -> None:
    """Other tokens, whose maps hold one number alone."""
    found["tokens"] = [{**found["tokens"][1], "piece": piece} for piece in pieces]
    shape = found["layers"], found["heads"], len(pieces), len(pieces)
    found["attention"] = b64encode(np.full(shape, byte, np.uint8)).decode()


@pytest.mark.parametrize("texts", TEXTS)
def test_a_head_as_svg(model, texts):
    """A map turned round or of another head, tokens in another order, numbers of other cells."""
    found = explained(model, *texts)
    layers, heads, length = sizes(found)
    prob_NHLM = array_of(found["attention"], "u1", layers, heads, length, length) / 255
    figure = plots.head_figure(found, 1, 2)
    tree = tree_of(plots.drawn(figure, "svg"))
    (map_LM,) = maps_of(tree, length)
    # Neighbouring colours are 1/255 of a root apart.
    assert np.abs(np.sqrt(map_LM) - np.sqrt(prob_NHLM[1, 2])).max() < 0.012
    assert prob_NHLM[1, 2].std() > 0.01 and np.abs(prob_NHLM[1, 2] - prob_NHLM[1, 2].T).max() > 0.1
    said = texts_of(tree)
    pieces = [token["piece"] for token in found["tokens"]]
    sides = 4 if length > plots.FAR else 2
    for piece in {*pieces}:
        assert said.count(piece) == sides * pieces.count(piece)
    for end in ("is looked at", "looks"):  # an axis has its name behind its tokens
        before = said[: said.index(end)][-length * sides // 2 :]
        assert before[:: sides // 2] == pieces
    assert "layer 1, head 2" in said
    if length <= plots.IN_NUMBERS:
        written = [float(x) for x in said if x == "1" or (x.startswith(".") and x != ".")]
        wanted = prob_NHLM[1, 2].ravel()
        places = [written[n : n + length**2] for n in range(len(written) - length**2 + 1)]
        assert any(np.abs(np.array(place) - wanted).max() <= 0.006 for place in places)


@pytest.mark.parametrize("texts", TEXTS)
def test_the_grid_as_svg(model, texts):
    """Layers for heads, a head twice, or tokens that stand nowhere."""
    found = explained(model, *texts, name="tiny")
    layers, heads, length = sizes(found)
    prob_NHLM = array_of(found["attention"], "u1", layers, heads, length, length) / 255
    tree = tree_of(plots.drawn(plots.grid_figure(found), "svg"))
    maps = maps_of(tree, length)
    assert len(maps) == layers * heads
    for map_LM, prob_LM in zip(maps, prob_NHLM.reshape(-1, length, length), strict=True):
        assert np.abs(np.sqrt(map_LM) - np.sqrt(prob_LM)).max() < 0.012
    said = texts_of(tree)
    assert "tiny: rows look at columns" in said
    assert {f"layer {n}" for n in range(layers)} | {f"head {h}" for h in range(heads)} <= {*said}
    pieces = [token["piece"] for token in found["tokens"]]
    if length <= plots.LABELLED:
        for piece in {*pieces}:
            assert said.count(piece) == (layers + heads) * pieces.count(piece)
    else:
        listed = " ".join(said).replace("\u00a0", " ").split()
        start = listed.index("[CLS]") - 1
        wanted = [word for n, piece in enumerate(pieces) for word in (str(n), piece)]
        assert listed[start : start + len(wanted)] == wanted


@pytest.mark.parametrize("count", [5, 40, 100])
def test_names_do_not_overlap(model, count):
    """Tokens printed over each other, or too small to read."""
    found = explained(model, "a b")
    put_tokens(found, [f"w{n}" for n in range(count)], 255 // count)
    figure = plots.head_figure(found, 0, 0)
    axes = figure.axes[0]
    apart = axes.get_window_extent().width / count / figure.dpi * 72  # points
    font = axes.yaxis.get_major_ticks()[0].label1.get_fontsize()
    assert 7 <= font <= apart


@pytest.mark.parametrize("count", [600, 601, 1300])
def test_a_grid_of_very_many_tokens(model, count):
    """A grid for which no distance between the numbers at its edges is large enough."""
    found = explained(model, "a b")
    put_tokens(found, [f"w{n}" for n in range(count)])
    for axes in plots.grid_figure(found).axes[:6]:
        assert len(axes.get_xticks()) in (0, 4, 5, 6)


def test_a_png_opens_and_is_smaller_where_it_would_be_large(model, monkeypatch):
    """A file that is no picture, an empty one, or hundreds of megabytes of pixels."""
    figure = plots.head_figure(explained(model, "a b"), 0, 0)
    pixels = imread(io.BytesIO(plots.drawn(figure, "png")), format="png")
    assert 300 < max(pixels.shape) < 1000 and pixels[:, :, :3].std() > 0.02
    monkeypatch.setattr(plots, "LARGEST", 200)
    content = plots.drawn(figure, "png")
    assert 150 < max(imread(io.BytesIO(content), format="png").shape) <= 200


def test_the_same_bytes_each_time_whatever_the_readers_settings(model):
    """A date, a random id, or a style that leaks in; and one that leaks out."""
    found = explained(model, "the unable", "c!")

    def content() -> list[bytes]:
        head, grid = plots.head_figure(found, 0, 1), plots.grid_figure(found)
        return [plots.drawn(head, "svg"), plots.drawn(head, "png"), plots.drawn(grid, "svg")]

    first = content()
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 20, "svg.fonttype": "path"}):
        # To ask for the backend would choose one.
        before = {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}
        assert content() == first
        assert all(mpl.rcParams[name] == value for name, value in before.items())
    assert not any(b"2026" in one or b"dc:date" in one for one in first)


def test_no_pyplot(tmp_path):
    """A window that opens on somebody's screen, or figures that nobody closes."""
    program = (
        "import sys; from tests.explain.models import traced_model; "
        "from npdistil.explain import plots; from npdistil.explain.record import explained; "
        "assert 'matplotlib' not in sys.modules; "
        "plots.drawn(plots.grid_figure(explained(traced_model(), 'a b')), 'png'); "
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "MPLBACKEND": "tkagg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_tokens_are_text_and_never_formulas(model):
    """A dollar begins a formula; what XML cannot hold breaks the file; others have no glyph."""
    found = explained(model, "a b")
    pieces = ["$x^2$", "<b>&", "\x01", "\u65e5", "\U0001f600", "\ud800", "w" * 40, "\\frac"]
    put_tokens(found, pieces)
    found["model"] = "$m$"
    for figure in (plots.head_figure(found, 0, 0), plots.grid_figure(found)):
        said = texts_of(tree_of(plots.drawn(figure, "svg")))
        wanted = {"$x^2$", "<b>&", "\u2401", "\u65e5", "\U0001f600", "\ufffd", "\\frac"}
        assert wanted <= {*said}
        assert "w" * 23 + "…" in said
        assert any(text.startswith("$m$: ") for text in said)
        plots.drawn(figure, "png")


def test_two_threads_draw_at_a_time(model):
    """Settings of one that end while the other draws."""
    found = explained(model, "the c")
    wanted = plots.drawn(plots.head_figure(found, 0, 0), "svg")
    made: list[bytes] = []

    def work() -> None:
        made.extend(plots.drawn(plots.head_figure(found, 0, 0), "svg") for _ in range(2))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [wanted] * 6


def test_refusals(model, monkeypatch):
    """A picture of another head, or an error of matplotlib's."""
    found = explained(model, "a b")
    for layer, head in [(2, 0), (-1, 0), (0, 3), (0, -1)]:
        with pytest.raises(InputError, match=rf"layer from 0 to 1 .* received {layer}\.{head}"):
            plots.head_figure(found, layer, head)
    with pytest.raises(InputError, match="expected one of png, svg, not 'pdf'"):
        plots.drawn(plots.head_figure(found, 0, 0), "pdf")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for make in (lambda: plots.head_figure(found, 0, 0), lambda: plots.grid_figure(found)):
        with pytest.raises(InputError, match=r"pip install 'npdistil\[plot\]'"):
            make()
