"""Step 2: a space on both sides of every Chinese character, so that each is its own word."""

from functools import cache

from .aligned import AlignedText
from .pattern import Pattern, compiled
from .tables import char_class, unicode_tables


def space_cjk(aligned: AlignedText) -> AlignedText:
    """Surround each ideograph with spaces; kana and Hangul are written with spaces and stay.

    The spaces count as images of the ideograph, which does not matter for offsets, since no word
    contains them. Extension E begins at U+2B920 here, not at U+2B820: the library's slip, kept
    for equality. Source: `handle_chinese_chars` of BertNormalizer (tokenizers).

    >>> space_cjk(AlignedText.of("a中"))
    AlignedText(text='a 中 ', origin=[0, 1, 1, 1])
    """
    ideograph = _pattern()
    text, origin = aligned.text, aligned.origin
    if not ideograph.search(text):
        return aligned
    places = [
        place
        for char, source in zip(text, origin, strict=True)
        for place in ((source,) * 3 if ideograph.match(char) else (source,))
    ]
    return AlignedText(ideograph.sub(r" \g<0> ", text), places)


@cache
def _pattern() -> Pattern:
    return compiled(f"[{char_class(unicode_tables().cjk)}]")
