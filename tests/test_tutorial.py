"""The tutorial does what it says; tests/data/test_tutorial_heads.py has its fitted heads."""

import re
import shlex

from npdistil.cli.main import full_parser
from tests.pages import ROOT, Shell, run_blocks
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tutorial import PAGE, SECTIONS, blocks_with, write_folder

TEXT = (ROOT / PAGE).read_text(encoding="utf-8")


def test_the_tutorial_prints_what_it_shows(minilm_folder, tmp_path, monkeypatch):
    """Catches a step that nobody took since the interface changed."""
    folder = write_folder(tmp_path / "reader")
    monkeypatch.chdir(folder)
    run_blocks(PAGE, blocks_with("MiniLM"), folder, Shell(tmp_path / "bin"))


def test_the_tutorial_with_toy_models(tmp_path, monkeypatch):
    """Catches a step with models of the hub that fails whatever they are."""
    folder = write_folder(tmp_path / "reader")
    write_classifier(folder / "weights" / "nli", NLI)
    write_classifier(folder / "weights" / "cross-encoder", 1)
    monkeypatch.chdir(folder)
    run_blocks(PAGE, blocks_with("toys"), folder, Shell(tmp_path / "bin"))


def test_every_block_is_run_and_everything_shown_is_compared():
    """Catches a block that no test runs, for its language or model, and a text not compared."""
    first, *others = (blocks_with(kind) for kind in ("MiniLM", "heads", "toys"))
    start = len(SECTIONS[""])
    assert start and all(len(blocks) > start for blocks in (first, *others))
    run = first + [block for blocks in others for block in blocks[start:]]
    shown = [block.printed for block in run if block.printed is not None]
    assert TEXT.count("```") == 2 * (len(run) + len(shown))


def test_fetch_commands_and_links():
    """Catches an option of fetch that was renamed, and a file that was moved."""
    fetches = re.findall(r"`npdistil (fetch [^`]+)`", TEXT)
    assert len(fetches) == 2
    for command in fetches:
        assert full_parser().parse_args(shlex.split(command)).output.startswith("weights/")
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
