"""A large vocabulary that is one text until somebody asks for a token."""

from collections.abc import Mapping

from .vocab import Lookups, Vocabulary

SEPARATOR = "\n"


class ListedVocabulary(Vocabulary):
    """Made of a listing: all tokens in the order of their ids, none missing, pieces first."""

    def __init__(self, listing: bytes, rows: int, pieces: int, named: Mapping[str, int]) -> None:
        """Take the listing as it is.

        Args:
            listing: `rows` tokens, UTF-8, with a line feed between two.
            rows: their number.
            pieces: how many of them words are made of; added tokens stand behind these.
            named: the ids of some tokens, which can be had without the others.
        """
        self._listing = listing
        self._rows = rows
        self._pieces = pieces
        self._named = dict(named)
        self._later: Lookups | None = None

    def __len__(self) -> int:
        """Rows."""
        return self._rows

    def id_of(self, token: str) -> int:
        """The id of a token that is there."""
        token_id = self._named.get(token)
        return super().id_of(token) if token_id is None else token_id

    def lookups(self) -> Lookups:
        """Made when they are first asked for.

        Threads that ask at once may make them twice, and each gets a whole one; a lock could stay
        closed for ever in a child that is forked meanwhile.
        """
        if self._later is None:
            tokens = self._listing.decode().split(SEPARATOR)
            ids = dict(zip(tokens, range(self._rows), strict=True))
            pieces = ids
            if self._pieces < self._rows:
                pieces = dict(zip(tokens[: self._pieces], range(self._pieces), strict=True))
            self._later = Lookups(ids, pieces, [*tokens])
        return self._later


def listing_of(vocabulary: Vocabulary) -> bytes | None:
    """The listing of which `ListedVocabulary` makes an equal one; None: there is no such."""
    ids, pieces, _ = vocabulary.lookups()
    in_order = list(ids.values()) == list(range(len(ids)))
    if not in_order or list(pieces.items()) != list(ids.items())[: len(pieces)]:
        return None
    text = SEPARATOR.join(ids)
    return text.encode() if text.count(SEPARATOR) == len(ids) - 1 else None
