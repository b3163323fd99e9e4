"""A tool's part of the README, and nothing else, is written."""

import pytest

from tools.readme_block import markers, read_block, replace_block

BEGIN, END = markers("part")


def test_only_the_block_is_replaced():
    """A README that loses what stands around the block, or grows on each run."""
    once = replace_block(f"a\n{BEGIN}\nold\n{END}\nb\n", "part", "new")
    assert once == f"a\n{BEGIN}\nnew\n{END}\nb\n"
    assert replace_block(once, "part", "new") == once


@pytest.mark.parametrize(
    "readme", ["", BEGIN, END, END + BEGIN, BEGIN + END + END, BEGIN * 2 + END]
)
def test_markers_are_needed_once_each(readme):
    """A tool that writes its table where nobody wanted it."""
    with pytest.raises(ValueError, match="each once"):
        replace_block(readme, "part", "new")


def test_what_is_written_is_read_back():
    """A comparison of README and JSON that is true of any two texts."""
    readme = replace_block(f"a\n{BEGIN}\nold\n{END}\nb\n", "part", "| new |\n\ntable")
    assert read_block(readme, "part") == "| new |\n\ntable"
