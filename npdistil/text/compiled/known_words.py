"""The table of words that `kernels.text.known_words` finds by their bytes."""

import string
from collections.abc import Iterable, Mapping

import numpy as np

from ...kernels.text.entries import place_words
from ...kernels.text.forms import CASE, LETTER, MOST_BYTES, KnownWords
from .build_trie import frozen
from .characters import CharacterMap

PLAIN = string.ascii_letters + string.digits
FEWEST_BITS = 4


def known_words(
    pieces: Mapping[str, int], chars: CharacterMap, added: Iterable[str], max_chars: int
) -> KnownWords:
    """Tokens that are words of up to twelve ASCII letters and digits.

    There are none, and tries do it all, where such a character is more than itself or its lower
    case, or may begin an added token.

    Args:
        pieces: what words are made of, with the ids.
        chars: what characters become.
        added: what is cut out of the raw text.
        max_chars: a longer word is no token.
    """
    plain = np.frombuffer(PLAIN.encode(), np.uint8)
    lowered = chars.image_U[ord("A")] == ord("a")
    image = np.frombuffer((PLAIN.lower() if lowered else PLAIN).encode(), np.uint8)
    is_plain = (
        np.all(chars.kind_U[plain] == LETTER)
        and np.all(chars.rank_U[plain] == 0)
        and np.array_equal(chars.image_U[plain], image)
        and not any(content[0] in PLAIN for content in added)
    )
    most = min(MOST_BYTES, max_chars) if is_plain else 0
    words = [word for word in pieces if len(word) <= most and word.isascii() and word.isalnum()]
    low_V, high_V = np.array(words, "S16").view("<u8").astype(np.uint64).reshape(-1, 2).T
    id_V = np.fromiter(map(pieces.__getitem__, words), np.int32, len(words))
    bits = max((2 * len(words)).bit_length(), FEWEST_BITS)
    slot_S = np.zeros(2 * ((1 << bits) + len(words) + 1), np.uint64)
    place_words(low_V.copy(), high_V.copy(), id_V, 64 - bits, slot_S)
    # What follows the last word is free, and the first free place ends a search: a fourth is cut
    # off, which every start would have to read and hash.
    behind = int(np.flatnonzero(slot_S[::2]).max(initial=-1)) + 1
    used = max(1 << bits, behind + 1)
    return KnownWords(frozen(slot_S[: 2 * used].copy()), 64 - bits, CASE if lowered else 0)
