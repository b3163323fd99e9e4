"""From pieces back to text; not an inverse, since case, accents and spaces are gone."""

from collections.abc import Iterable
from functools import lru_cache

# In this order. Source: the WordPiece decoder of tokenizers, `cleanup`.
_PIECE_REPAIRS = (
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
)
# Transformers repairs the whole text once more, if asked to, and leaves "do not" alone.
_TEXT_REPAIRS = tuple(repair for repair in _PIECE_REPAIRS if repair[0] != " do not")


def join_pieces(pieces: Iterable[str], prefix: str, *, cleanup: bool) -> str:
    """Glue pieces that carry the prefix, put a space before the others.

    With `cleanup` the space before some punctuation is removed, piece by piece.

    >>> join_pieces(["hello", "##s", ",", "you", "!"], "##", cleanup=True)
    'hellos, you!'
    """
    parts = [
        _behind(piece, prefix, cleanup) if index else _repaired_piece(piece, cleanup)
        for index, piece in enumerate(pieces)
    ]
    return "".join(parts)


@lru_cache(maxsize=1 << 15)  # about a vocabulary: a text has the same few pieces again and again
def _behind(piece: str, prefix: str, cleanup: bool) -> str:
    joined = piece.removeprefix(prefix) if piece.startswith(prefix) else f" {piece}"
    return _repaired_piece(joined, cleanup)


def _repaired_piece(piece: str, cleanup: bool) -> str:
    return _repaired(piece, _PIECE_REPAIRS) if cleanup else piece


def clean_up(text: str) -> str:
    """Remove spaces before punctuation and contractions in the whole text.

    >>> clean_up("they ' re here .")
    "they're here."
    """
    return _repaired(text, _TEXT_REPAIRS)


def _repaired(text: str, repairs: tuple[tuple[str, str], ...]) -> str:
    if text[1:].isalnum():  # as most pieces; each repair has a mark or space behind its first sign
        return text
    for before, after in repairs:
        text = text.replace(before, after)
    return text
