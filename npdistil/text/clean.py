"""Step 1: delete control characters, turn every kind of white space into a plain space."""

from functools import cache

from .aligned import AlignedText
from .pattern import Pattern, compiled
from .tables import char_class, characters, unicode_tables


def clean(aligned: AlignedText) -> AlignedText:
    """Delete controls, format and private-use characters, U+0000 and U+FFFD; unify white space.

    A deleted character leaves no break behind: "a\\x85b" becomes "ab". Unassigned code points are
    kept. Source: `clean_text` of BertNormalizer (tokenizers), categories as of Unicode 8.

    >>> clean(AlignedText.of("a\\x00b\\tc"))
    AlignedText(text='ab c', origin=[0, 2, 3, 4])
    """
    deleted, to_space = _patterns()
    text, origin = aligned.text, aligned.origin
    if deleted.search(text):
        kept = [
            (char, place)
            for char, place in zip(text, origin, strict=True)
            if not deleted.match(char)
        ]
        text, origin = "".join(char for char, _ in kept), [place for _, place in kept]
    return AlignedText(text.translate(to_space), origin)


@cache
def _patterns() -> tuple[Pattern, dict[int, str]]:
    tables = unicode_tables()
    deleted = compiled(f"[{char_class(tables.deleted)}]")
    return deleted, {ord(char): " " for char in characters(tables.to_space)}
