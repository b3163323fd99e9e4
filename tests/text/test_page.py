"""The page that teaches the tokenizer."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "tokenization.md"


def test_the_examples_of_the_page() -> None:
    """Catches a page that shows what the steps no longer answer."""
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.failed == 0 and result.attempted >= 18
