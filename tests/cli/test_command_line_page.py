"""docs/command-line.md says what the code does."""

import re
from pathlib import Path

from npdistil.checkpoint.head_names import LAYERS
from npdistil.cli.completion import SHELLS
from npdistil.cli.embed_job import WINDOW
from npdistil.cli.main import VERBS, full_parser
from npdistil.cli.partial_file import NEW, SUFFIX
from npdistil.cli.read_lines import MAX_LINE_BYTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    """Catches numbers and names that were changed in the code alone."""
    assert f"Every {WINDOW:,} lines" in PAGE and f"{MAX_LINE_BYTES >> 20} MB" in PAGE
    assert f"`OUTPUT{SUFFIX}`" in PAGE and f"`OUTPUT{SUFFIX}{NEW}`" in PAGE
    assert "|".join(SHELLS) in PAGE
    known = full_parser().format_help() + "".join(
        action.format_help()
        for group in full_parser()._subparsers._group_actions
        for action in group.choices.values()
    )
    options = set(re.findall(r"(--[a-z][a-z-]+)", PAGE)) - {"--help"}
    assert len(options) > 5 and [name for name in options if name not in known] == []


def test_the_weights_page_names_the_projected_classifier():
    """Catches a head that nobody can convert, because its names stand in the code alone."""
    page = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
    projected = LAYERS["bert"]["text-classification"][0]
    assert [(layer.name, layer.axes) for layer in projected] == [
        ("projection", "ED"),
        ("classifier", "CE"),
    ]
    for layer, shape in zip(
        projected, ("[E, hidden_size], [E]", "[classes, E], [classes]"), strict=True
    ):
        assert f"| `{layer.name}.weight`, `{layer.name}.bias` | {shape} |" in page


def test_the_readme_lists_every_verb():
    """Catches a verb that nobody hears of."""
    assert [verb for verb in VERBS if f"\nnpdistil {verb} " not in README] == []
