"""The ways from text to ids that the great comparisons are made with.

A faster one is added here, and every test that takes an engine then runs with both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from npdistil.text.settings import TokenizerSettings
from npdistil.text.special import AddedToken
from npdistil.text.tokenizer import Tokenizer
from npdistil.text.vocab import Vocabulary

Make = Callable[[TokenizerSettings, Vocabulary, Sequence[AddedToken]], Tokenizer]


@dataclass(frozen=True)
class Engine:
    """A tokenizer, and how it meets all of Unicode."""

    make: Make
    one_by_one: bool  # every code point as a text by itself; else 64 of them in one text


ENGINES = {
    "readable": Engine(partial(Tokenizer, backend="python"), one_by_one=False),
    "compiled": Engine(partial(Tokenizer, backend="numba"), one_by_one=True),
}
