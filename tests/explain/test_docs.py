"""docs/explain.md does what it says; tests/test_readme.py compares what its Python prints."""

import re

from tests.elements import data_of
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
