"""Step 4: lower case, character by character."""

from functools import cache

from .aligned import AlignedText
from .pattern import Pattern, compiled
from .tables import as_ranges, char_class, unicode_tables


def lower(aligned: AlignedText) -> AlignedText:
    r"""Lower each character without its context: a final sigma has no form of its own.

    Python's str.lower knows the final sigma and another Unicode version, so it serves ASCII only.
    Source: `lowercase` of BertNormalizer (tokenizers), i.e. Rust's char::to_lowercase.

    >>> lower(AlignedText.of("A\u0391\u03a3")).text == "a\u03b1\u03c3"
    True
    """
    text, origin = aligned.text, aligned.origin
    if text.isascii():
        return AlignedText(text.lower(), origin)
    images = unicode_tables().lower
    if _growing().search(text):
        origin = [
            place
            for char, place in zip(text, origin, strict=True)
            for _ in images.get(ord(char), char)
        ]
    return AlignedText(text.translate(images), origin)


@cache
def _growing() -> Pattern:
    images = unicode_tables().lower
    longer = (chr(code) for code, image in images.items() if len(image) > 1)
    return compiled(f"[{char_class(as_ranges(longer))}]")
