"""docs/explain.md does what it says; tests/test_readme.py compares what its Python prints."""

import re
import xml.etree.ElementTree as ET

import numpy as np

from npdistil.cli.explain import MAX_LENGTH
from npdistil.explain import record
from npdistil.explain.heads import MAX_ARITHMETIC
from tests.elements import data_of
from tests.explain.pictures import maps_of, texts_of
from tests.pages import ROOT, Shell, sections

PAGE = "docs/explain.md"


def test_commands(minilm_folder, tmp_path):
    """Catches an option that was renamed, and a page that is not written."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / minilm_folder.name).symlink_to(minilm_folder)
    (block,) = [block for block in sections(PAGE)[""] if block.language == "bash"]
    Shell(tmp_path / "bin").run(block.code, tmp_path)
    single, pair = (
        data_of((tmp_path / name).read_text("utf-8")) for name in ("page.html", "pair.html")
    )
    assert len(single["ways"]) == 1 and len(pair["ways"]) == 2
    assert (pair["start"]["layer"], pair["start"]["head"]) == (2, 0)
    options = re.findall(r"`(--[a-z-]+)", (ROOT / PAGE).read_text("utf-8"))
    assert {"--head", "--task", "--max-length", "--json"} <= {*options}


def test_figures():
    """Catches a bound that was changed in the code alone."""

    def longest(hidden_size: int) -> int:
        """Tokens of which all 6 layers' numbers fit."""
        return MAX_ARITHMETIC // (6 * 6 * hidden_size)

    text = (ROOT / PAGE).read_text("utf-8")
    assert f"up to {longest(384)} tokens of all-MiniLM-L6-v2 all do" in text
    assert (
        MAX_ARITHMETIC // (6 * MAX_LENGTH * 32) == 6 * 4 and "those of four heads a layer" in text
    )
    assert f"up to {MAX_LENGTH} tokens unless `--max-length`" in text
    told = f"up to {longest(384)} tokens of 384 features, or {longest(768)} of 768, in 6 layers"
    assert told in " ".join((record.__doc__ or "").split())


def test_pictures(minilm_folder, tmp_path):
    """Catches commands that draw something else, and a picture in docs/ that is out of date."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / minilm_folder.name).symlink_to(minilm_folder)
    command, _ = sections(PAGE)["Pictures"]
    Shell(tmp_path / "bin").run(command.code, tmp_path)
    assert (tmp_path / "heads.png").read_bytes().startswith(b"\x89PNG")
    drawn, shown = (
        ET.fromstring(path.read_bytes())
        for path in (tmp_path / "head.svg", ROOT / "docs" / "explain-head.svg")
    )
    assert texts_of(shown) == texts_of(drawn)
    (shown_LM,), (drawn_LM,) = maps_of(shown, 9), maps_of(drawn, 9)
    assert np.abs(shown_LM - drawn_LM).max() < 0.01
