"""Every Unicode scalar value, with a vocabulary in which every character has its own ids."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.text.compiled.both import SPECIAL, Both, settings_of

SCALARS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
WORDS_IN_A_TEXT = 256


@cache
def tokens() -> list[str]:
    return [*dict.fromkeys([*SPECIAL, *SCALARS, *("##" + char for char in SCALARS)])]


@pytest.mark.parametrize("lower", [True, False])
def test_every_scalar_value(lower: bool, compared: Callable[[str, int], None]) -> None:
    """Catches one wrong entry in a table, page or pool, for "a" + c + "b"."""
    assert len(SCALARS) == 1_112_064
    both = Both(tokens(), settings_of((lower, None, True)))
    texts = [
        " ".join(f"a{char}b" for char in SCALARS[start : start + WORDS_IN_A_TEXT])
        for start in range(0, len(SCALARS), WORDS_IN_A_TEXT)
    ]
    both.check(texts)
    compared('scalar values as "a" + c + "b" (compiled and readable)', len(SCALARS))
