"""Texts to ids with the kernels: the same answers as `text.encode.TextEncoder`, on threads."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.model import COUNTER_COLUMNS
from ...kernels.signature import Packed
from ...kernels.text.entries import encode_parts
from ...kernels.text.forms import (
    BEHIND,
    CUT_SHORT,
    IDS_ONLY,
    OUT_I,
    REORDERED,
    TABLES,
    WITH_SPANS,
    WITH_WORDS,
    WORD_SPACE,
    TextTables,
    word_space,
)
from ...named_tuple import NamedTuple
from ...workers import shared_workers
from ..encoded import EncodedTexts, TextsToIds
from ..settings import TokenizerSettings
from ..special import AddedToken
from ..vocab import Vocabulary
from .joined import NO_LIMIT, join_texts, starts
from .kept_tables import kept_tables
from .results import Found, Tokens, cut

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

BLOCK_CHARACTERS = 1 << 19  # what a pass holds in memory
PART_CHARACTERS = 1 << 12  # what a thread takes at a time
SMALLEST_SHARE = 1 << 13  # characters that pay a wake-up
# A text that is to be cut is read so far at first, then in steps eight times as long.
FIRST_CHARACTERS, CHARACTERS_PER_ID, NEXT_STEP = 64, 16, 8
MAX_CHARS = 1 << 10  # sorting marks costs the square of it


class CompiledTextEncoder:
    """The compiled twin of `text.encode.TextEncoder`.

    What the kernels do not know is left to the readable one: added tokens with matching rules of
    their own, words of more than a thousand characters, and offsets of a text in which marks that
    survive may have changed places. Any number of threads may call.
    """

    def __init__(
        self,
        settings: TokenizerSettings,
        vocabulary: Vocabulary,
        added_tokens: Sequence[AddedToken],
        readable: TextsToIds,
        num_threads: int,
        key: str | None = None,
    ) -> None:
        """Build the tables, or take those that are kept under the key."""
        self._readable = readable
        self._num_threads = num_threads
        self._cls_id = vocabulary.id_of(settings.cls_token)
        self._sep_id = vocabulary.id_of(settings.sep_token)
        self._all_special = all(token.special for token in added_tokens)
        is_plain = not any(
            token.normalized or token.single_word or token.lstrip or token.rstrip
            for token in added_tokens
        )
        self._tables: TextTables | None = None  # None: the readable one does it
        if is_plain and settings.max_input_chars_per_word <= MAX_CHARS:
            added = {token.content: token.id for token in added_tokens}
            self._tables = kept_tables(key, settings, vocabulary, added)
        self._packed: dict[tuple[bool, bool], Packed] = {}
        self._spaces: deque[tuple[Packed, Packed]] = deque(maxlen=num_threads)
        if self._tables is not None:  # what a call would make first
            self._tables_for(special_as_text=False, packs=True)
            self._spaces.extend(_new_space(self._tables) for _ in range(num_threads))

    def __getstate__(self) -> dict[str, Any]:
        """A copy has its own arrays, elsewhere in memory: what is packed is left out."""
        return {**self.__dict__, "_packed": {}, "_spaces": deque(maxlen=self._num_threads)}

    def __call__(
        self, texts: Sequence[str], *, enough: int | None, offsets: bool, special_as_text: bool
    ) -> EncodedTexts:
        """See `TextsToIds`."""
        tables = self._tables_for(special_as_text, packs=False)
        if tables is None:
            return self._readable(
                texts, enough=enough, offsets=offsets, special_as_text=special_as_text
            )

        def readable(text: str) -> Tokens:
            found = self._readable(
                [text], enough=enough, offsets=True, special_as_text=special_as_text
            )
            assert found.spans_T2 is not None
            tokens = Tokens(found.ids_T, found.words_T, found.spans_T2, found.lengths_B)
            return tokens.part(slice(enough))

        detail = WITH_SPANS if offsets else WITH_WORDS
        tokens = self._encode(texts, _Request(tables, enough, detail, readable))
        return EncodedTexts(
            ids_T=tokens.ids_T,
            words_T=tokens.words_T,
            spans_T2=tokens.spans_T2 if offsets else None,
            cu_seqlens=starts(tokens.lengths_B),
        )

    def pack(
        self, texts: Sequence[str], *, enough: int | None, special_as_text: bool
    ) -> tuple[Int32s, Int64s]:
        """See `TextsToIds`; the kernels write the rows themselves."""
        tables = self._tables_for(special_as_text, packs=True)
        if tables is None:
            return self._readable.pack(texts, enough=enough, special_as_text=special_as_text)
        tokens = self._encode(texts, _Request(tables, enough, IDS_ONLY, None))
        return tokens.ids_T, starts(tokens.lengths_B)

    def _tables_for(self, special_as_text: bool, *, packs: bool) -> Packed | None:
        """What the kernels need to do it; None: they cannot."""
        if self._tables is None or (special_as_text and not self._all_special):
            return None
        found = self._packed.get((special_as_text, packs))
        if found is None:
            tables = self._tables
            if special_as_text:
                from .tables import without_added  # late, as few ask for it

                tables = without_added(tables)
            if packs:
                tables = tables._replace(cls_id=self._cls_id, sep_id=self._sep_id)
            found = self._packed[special_as_text, packs] = Packed(TABLES, tables)
        return found

    def _borrow_space(self, tables: TextTables) -> tuple[Packed, Packed]:
        """Working memory that was used before, or new."""
        try:
            return self._spaces.pop()
        except IndexError:  # all is in use, by threads of ours or of the caller
            return _new_space(tables)

    def _encode(
        self, texts: Sequence[str], request: "_Request", characters: int | None = None
    ) -> Tokens:
        """Block after block, so that what a pass needs stays small."""
        if characters is None:
            characters = request.first_characters
        if sum(map(len, texts)) <= BLOCK_CHARACTERS and texts:
            return self._encode_block(texts, request, characters)
        length_B = np.fromiter(map(len, texts), np.int64, len(texts))
        cut_N = cut(np.minimum(length_B, characters), BLOCK_CHARACTERS)
        return Tokens.joined(
            [
                self._encode_block(texts[first:behind], request, characters)
                for first, behind in pairwise(cut_N.tolist())
            ]
        )

    def _encode_block(self, texts: Sequence[str], request: "_Request", characters: int) -> Tokens:
        joined = join_texts(texts, characters)
        cut_P = cut(joined.length_B, PART_CHARACTERS)
        found = Found.room_for(joined.place_B, request.detail)
        counters = np.zeros((1, COUNTER_COLUMNS), np.int64)
        edge_P = joined.place_B[cut_P]
        most_bytes = int((edge_P[1:] - edge_P[:-1]).max())

        def work() -> None:
            space = self._borrow_space(request.tables.value)
            text_U = np.empty(most_bytes + BEHIND, np.uint8)
            encode_parts(
                *(*joined, cut_P, request.limit, request.detail, request.tables),
                *(*space, text_U, counters, *found),
            )
            self._spaces.append(space)

        shares = int(joined.length_B.sum()) // SMALLEST_SHARE
        shared_workers(self._num_threads).share(work, work, min(shares, len(cut_P) - 2))
        others = self._others(texts, found.status_B, request, characters)
        return found.collect(joined.place_B, cut_P, others)

    def _others(
        self, texts: Sequence[str], status_B: NDArray[np.uint8], request: "_Request", read: int
    ) -> dict[int, Tokens]:
        """Tokens of the texts that ended otherwise than well."""
        if not status_B.any():
            return {}
        others = {}
        short = np.flatnonzero(status_B == CUT_SHORT).tolist()
        longer = self._encode([texts[b] for b in short], request, read * NEXT_STEP)
        for b, (start, end) in zip(short, pairwise(starts(longer.lengths_B).tolist()), strict=True):
            others[b] = longer.part(slice(start, end))
        for b in np.flatnonzero(status_B == REORDERED).tolist():
            assert request.readable is not None
            others[b] = request.readable(texts[b])
        return others


def _new_space(tables: TextTables) -> tuple[Packed, Packed]:
    return Packed(WORD_SPACE, word_space(tables.max_chars)), Packed(OUT_I, np.empty(4, np.int64))


class _Request(NamedTuple):
    """What one call wants of every text."""

    tables: Packed
    enough: int | None
    detail: int
    readable: Callable[[str], Tokens] | None

    @property
    def limit(self) -> int:
        """How many ids a text may have."""
        return NO_LIMIT if self.enough is None else self.enough

    @property
    def first_characters(self) -> int:
        """How far a text is read at first."""
        if self.enough is None:
            return NO_LIMIT
        return FIRST_CHARACTERS + CHARACTERS_PER_ID * self.enough
