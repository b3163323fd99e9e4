"""The tutorial's sections, by what their models are."""

from pathlib import Path

from tests.pages import ROOT, Block, sections

PAGE = "docs/tutorial.md"
SECTIONS = sections(PAGE)
MODELS = {"weights/heads": "heads", "weights/nli": "toys", "weights/all-MiniLM-L6-v2": "MiniLM"}


def blocks_with(model: str) -> list[Block]:
    """The blocks of all sections with fitted "heads", "toys" or "MiniLM", behind the first ones."""
    found = [blocks for blocks in SECTIONS.values() if model in _models(blocks)]
    return SECTIONS[""] + [block for blocks in found for block in blocks]


def _models(blocks: list[Block]) -> set[str]:
    code = "".join(block.code for block in blocks)
    return {kind for folder, kind in MODELS.items() if folder in code}


def write_folder(folder: Path) -> Path:
    """A folder that looks like the reader's, with the weights of this one."""
    (folder / "weights").mkdir(parents=True)
    for name in ("all-MiniLM-L6-v2", "heads"):
        (folder / "weights" / name).symlink_to(ROOT / "weights" / name)
    return folder
