"""What is left to the readable encoder: the same answers, and only where it must be."""

import pytest

from npdistil.text.compiled.encoder import MAX_CHARS, CompiledTextEncoder
from npdistil.text.encode import TextEncoder
from npdistil.text.settings import TokenizerSettings
from npdistil.text.special import AddedToken
from tests.text.compiled.both import Both
from tests.text.compiled.test_equality import TOKENS, golden_texts

REORDERED = "a\u302e\u08d4b"  # two marks that survive, and change places
PLAIN = ["abc e\u0301 [SEP]", "\ud55c \u4e2d.", "", "[MASK]x \U0001f600"]
RULES = {
    "normalized": AddedToken(content="ABC", id=3, normalized=True),
    "single_word": AddedToken(content="ab", id=3, single_word=True),
    "lstrip": AddedToken(content="ab", id=3, lstrip=True),
    "rstrip": AddedToken(content="ab", id=3, rstrip=True),
}
NOT_SPECIAL = AddedToken(content="ab", id=3, special=False)


class Watched:
    """The readable encoder, and which texts it was asked for."""

    def __init__(self, readable: TextEncoder) -> None:
        self._readable = readable
        self.asked: list[str] = []

    def __call__(self, texts, **request):
        self.asked += texts
        return self._readable(texts, **request)

    def pack(self, texts, **request):
        self.asked += texts
        return self._readable.pack(texts, **request)


def watched(
    added: list[AddedToken] | None = None, settings: TokenizerSettings | None = None
) -> tuple[CompiledTextEncoder, Watched]:
    pair = Both(TOKENS, settings, added)
    reader = Watched(pair.readable)
    pair.compiled._readable = reader
    return pair.compiled, reader


def asked(compiled, reader, texts, *, offsets=False, special_as_text=False, enough=None):
    reader.asked.clear()
    compiled(texts, enough=enough, offsets=offsets, special_as_text=special_as_text)
    by_call = list(reader.asked)
    reader.asked.clear()
    compiled.pack(texts, enough=enough, special_as_text=special_as_text)
    return by_call, list(reader.asked)


def test_only_reordered_marks_with_offsets_are_left_to_it():
    """Catches a path that is slow in silence, for whole batches or for texts that need it not."""
    compiled, reader = watched()
    texts = [*PLAIN, REORDERED, *PLAIN]
    assert asked(compiled, reader, texts) == ([], [])
    assert asked(compiled, reader, texts, special_as_text=True) == ([], [])
    assert asked(compiled, reader, texts, enough=2) == ([], [])
    assert asked(compiled, reader, texts, offsets=True) == ([REORDERED], [])
    assert asked(compiled, reader, texts, offsets=True, enough=1) == ([REORDERED], [])


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_added_tokens_are_left_to_it(rule):
    """Catches a rule that the kernels would overlook."""
    added = [AddedToken(content="[SEP]", id=3), RULES[rule]]
    compiled, reader = watched(added)
    assert asked(compiled, reader, PLAIN) == (PLAIN, PLAIN)
    texts = ["ab", "xab ab  .ab", "ABC abc Abc", "[SEP] ab[SEP]", *golden_texts()[::9]]
    for request in ({}, {"enough": 2}, {"special_as_text": True}, {"offsets": False}):
        Both(TOKENS, added=added).check(texts, **request)


def test_tokens_that_are_not_special_stay_tokens_where_specials_are_text():
    """Catches special_tokens_in_text="text" that takes a user's own tokens for text too."""
    added = [AddedToken(content="[SEP]", id=3), NOT_SPECIAL]
    compiled, reader = watched(added)
    assert asked(compiled, reader, PLAIN) == ([], [])
    assert asked(compiled, reader, PLAIN, special_as_text=True) == (PLAIN, PLAIN)
    pair = Both(TOKENS, added=added)
    for special_as_text in (False, True):
        pair.check(["ab[SEP]ab", *golden_texts()[::9]], special_as_text=special_as_text)


@pytest.mark.parametrize("longest, expected", [(MAX_CHARS, []), (MAX_CHARS + 1, PLAIN)])
def test_endless_words_are_left_to_it(longest, expected):
    """Catches a limit that moved: beyond it sorting marks could take long."""
    settings = TokenizerSettings(max_input_chars_per_word=longest)
    assert asked(*watched(settings=settings), PLAIN) == (expected, expected)
