"""Step 6: one word into pieces of the vocabulary, greedy longest match first."""

from collections.abc import Mapping

# Ids of the pieces, and where in the word each piece ends.
Pieces = tuple[tuple[int, ...], tuple[int, ...]]

MAX_REMEMBERED_WORDS = 1 << 16


class WordPiece:
    """Longest match first; what does not begin a word carries the prefix "##".

    A word that is too long, or that cannot be matched to its end, is one [UNK] as a whole.
    Source: Devlin et al. 2018 (google-research/bert, WordpieceTokenizer); limits as in
    `tokenizers`, model WordPiece.

    >>> pieces = WordPiece({"[UNK]": 0, "un": 1, "##able": 2, "##a": 3}, unk_id=0)
    >>> pieces("unable")
    ((1, 2), (2, 6))
    >>> pieces("under")
    ((0,), (5,))
    """

    def __init__(
        self,
        ids: Mapping[str, int],
        unk_id: int,
        prefix: str = "##",
        max_input_chars_per_word: int = 100,
    ) -> None:
        self._ids = ids
        self._unk_id = unk_id
        self._prefix = prefix
        self._max_chars = max_input_chars_per_word
        self._longest = max(map(len, ids), default=0)
        # Words repeat; remembering them changes no answer. Bounded, and never a long word.
        self._remembered: dict[str, Pieces] = {}

    def __call__(self, word: str) -> Pieces:
        """The pieces of one word without white space."""
        if len(word) > self._max_chars:  # counted in characters after normalisation
            return (self._unk_id,), (len(word),)
        pieces = self._remembered.get(word)
        if pieces is None:
            pieces = self._match(word)
            if len(self._remembered) >= MAX_REMEMBERED_WORDS:
                self._remembered.clear()
            self._remembered[word] = pieces
        return pieces

    def _match(self, word: str) -> Pieces:
        ids: list[int] = []
        ends: list[int] = []
        start = 0
        while start < len(word):
            prefix = self._prefix if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                piece_id = self._ids.get(prefix + word[start:end])
                if piece_id is not None:
                    break
            else:
                return (self._unk_id,), (len(word),)
            ids.append(piece_id)
            ends.append(end)
            start = end
        return tuple(ids), tuple(ends)
