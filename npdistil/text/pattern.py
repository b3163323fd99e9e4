"""Regular expressions, which only the readable steps need."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import regex

Pattern: TypeAlias = "regex.Pattern[str]"


def compiled(expression: str) -> Pattern:
    """A pattern of the `regex` package, whose import would be a tenth of a compiled start."""
    import regex

    return regex.compile(expression)
