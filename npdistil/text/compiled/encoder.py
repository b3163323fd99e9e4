"""Texts to ids with the kernels: the same answers as `text.encode.TextEncoder`, on threads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kernels.text.entries import encode_texts
from ...kernels.text.forms import (
    CUT_SHORT,
    DONE,
    IDS_ONLY,
    WITH_SPANS,
    WITH_WORDS,
    TextTables,
    word_space,
)
from ...threads import run_all
from ..encoded import EncodedTexts, TextsToIds
from ..settings import TokenizerSettings
from ..special import AddedToken
from ..vocab import Vocabulary
from .tables import text_tables, without_added

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

BUNDLE_CHARACTERS = 1 << 16  # what a thread takes at a time
# A text that is to be cut is read so far at first, then in steps eight times as long.
FIRST_CHARACTERS, CHARACTERS_PER_ID, NEXT_STEP = 64, 16, 8
NO_LIMIT = 1 << 40
MAX_CHARS = 1 << 10  # sorting marks costs the square of it


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Tokens of some texts; arrays that nobody asked for are empty."""

    ids_T: Int32s
    words_T: Int32s
    spans_T2: Int32s
    lengths_B: Int64s


class CompiledTextEncoder:
    """The compiled twin of `text.encode.TextEncoder`.

    What the kernels do not know is left to the readable one: added tokens with matching rules of
    their own, words of more than a thousand characters, and offsets of a text in which marks that
    survive may have changed places. State is kept by nobody, so any number of threads may call.
    """

    def __init__(
        self,
        settings: TokenizerSettings,
        vocabulary: Vocabulary,
        added_tokens: Sequence[AddedToken],
        readable: TextsToIds,
        num_threads: int,
    ) -> None:
        """Build the tables."""
        self._readable = readable
        self._num_threads = num_threads
        ids = vocabulary.ids
        self._cls_id, self._sep_id = ids[settings.cls_token], ids[settings.sep_token]
        self._all_special = all(token.special for token in added_tokens)
        is_plain = not any(
            token.normalized or token.single_word or token.lstrip or token.rstrip
            for token in added_tokens
        )
        self._tables: TextTables | None = None  # None: the readable one does it
        if is_plain and settings.max_input_chars_per_word <= MAX_CHARS:
            added = {token.content: token.id for token in added_tokens}
            self._tables = text_tables(settings, vocabulary, added)

    def __call__(
        self, texts: Sequence[str], *, enough: int | None, offsets: bool, special_as_text: bool
    ) -> EncodedTexts:
        """See `TextsToIds`."""
        tables = self._tables_for(special_as_text)
        if tables is None:
            return self._readable(
                texts, enough=enough, offsets=offsets, special_as_text=special_as_text
            )

        def readable(text: str) -> _Tokens:
            found = self._readable(
                [text], enough=enough, offsets=True, special_as_text=special_as_text
            )
            kept = slice(0, enough)
            assert found.spans_T2 is not None
            ids_T = found.ids_T[kept]
            length_B = np.array([len(ids_T)])
            return _Tokens(ids_T, found.words_T[kept], found.spans_T2[kept], length_B)

        detail = WITH_SPANS if offsets else WITH_WORDS
        tokens = self._encode(texts, _Request(tables, enough, detail, readable))
        return EncodedTexts(
            ids_T=tokens.ids_T,
            words_T=tokens.words_T,
            spans_T2=tokens.spans_T2 if offsets else None,
            cu_seqlens=_ends(tokens.lengths_B),
        )

    def pack(
        self, texts: Sequence[str], *, enough: int | None, special_as_text: bool
    ) -> tuple[Int32s, Int64s]:
        """See `TextsToIds`; the kernels write the rows themselves."""
        tables = self._tables_for(special_as_text)
        if tables is None:
            return self._readable.pack(texts, enough=enough, special_as_text=special_as_text)
        tables = tables._replace(cls_id=self._cls_id, sep_id=self._sep_id)
        tokens = self._encode(texts, _Request(tables, enough, IDS_ONLY, None))
        return tokens.ids_T, _ends(tokens.lengths_B)

    def _tables_for(self, special_as_text: bool) -> TextTables | None:
        """What the kernels need to do it; None: they cannot."""
        if self._tables is None or not special_as_text:
            return self._tables
        return without_added(self._tables) if self._all_special else None

    def _encode(self, texts: Sequence[str], request: "_Request") -> _Tokens:
        length_B = np.fromiter(map(len, texts), np.int64, len(texts))
        work_B = np.minimum(length_B, request.first_characters)
        bundle_B = np.cumsum(work_B) // BUNDLE_CHARACTERS
        cuts = [0, *(np.flatnonzero(np.diff(bundle_B)) + 1).tolist(), len(texts)]
        found: list[list[_Tokens]] = [[] for _ in cuts[1:]]

        def run(index: int) -> None:
            found[index] = request.run(texts[cuts[index] : cuts[index + 1]])

        run_all(run, range(len(found)), self._num_threads)
        return _joined([tokens for bundle in found for tokens in bundle])


@dataclass(frozen=True, slots=True)
class _Request:
    """What one call wants of every text."""

    tables: TextTables
    enough: int | None
    detail: int
    readable: Callable[[str], _Tokens] | None

    @property
    def first_characters(self) -> int:
        """How far a text is read at first."""
        if self.enough is None:
            return NO_LIMIT
        return FIRST_CHARACTERS + CHARACTERS_PER_ID * self.enough

    def run(self, texts: Sequence[str]) -> list[_Tokens]:
        """Encode some texts on this thread."""
        return self._run(texts, self.first_characters)

    def _run(self, texts: Sequence[str], characters: int) -> list[_Tokens]:
        text_U, start_B, goes_on_B = _bytes_of(texts, characters)
        word, answer = word_space(self.tables.max_chars), np.empty(4, np.int64)
        limit = NO_LIMIT if self.enough is None else self.enough
        found: list[_Tokens] = []
        first = 0
        while first < len(texts):
            # Every part of a character takes a byte or more, and every id a part or more; in
            # front of and behind a text stands one id.
            room = len(text_U) - int(start_B[first]) + 2 * (len(texts) - first)
            ids_T = np.empty(room, np.int32)
            words_T = np.empty(room if self.detail >= WITH_WORDS else 0, np.int32)
            spans_T2 = np.empty((room if self.detail >= WITH_SPANS else 0, 2), np.int32)
            end_B = np.empty(len(texts) - first, np.int64)
            encode_texts(
                *(text_U, start_B[first:], goes_on_B[first:], limit, self.detail),
                *(self.tables, word, answer, ids_T, words_T, spans_T2, end_B),
            )
            done, status = answer[:2].tolist()
            last = int(end_B[done - 1]) if done else 0
            lengths_B = np.diff(end_B[:done], prepend=0)
            found.append(_Tokens(ids_T[:last], words_T[:last], spans_T2[:last], lengths_B))
            first += done
            if status == CUT_SHORT:
                found += self._run(texts[first : first + 1], characters * NEXT_STEP)
            elif status != DONE:
                assert self.readable is not None
                found.append(self.readable(texts[first]))
            first += status != DONE
        return found


def _bytes_of(
    texts: Sequence[str], characters: int
) -> tuple[NDArray[np.uint8], Int64s, NDArray[np.uint8]]:
    """UTF-8 of the texts' beginnings, where each starts, and which go on behind."""
    goes_on_B = np.zeros(len(texts), np.uint8)
    if characters < NO_LIMIT:
        goes_on_B[:] = [len(text) > characters for text in texts]
        if goes_on_B.any():
            texts = [text[:characters] for text in texts]
    joined = "".join(texts)
    if joined.isascii():
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        content = joined.encode()
    else:
        encoded = [text.encode() for text in texts]
        sizes = np.fromiter(map(len, encoded), np.int64, len(texts))
        content = b"".join(encoded)
    return np.frombuffer(content, np.uint8), _ends(sizes), goes_on_B


def _ends(length_B: Int64s) -> Int64s:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(length_B)])


def _joined(parts: Sequence[_Tokens]) -> _Tokens:
    return _Tokens(
        np.concatenate([np.empty(0, np.int32), *(part.ids_T for part in parts)]),
        np.concatenate([np.empty(0, np.int32), *(part.words_T for part in parts)]),
        np.concatenate([np.empty((0, 2), np.int32), *(part.spans_T2 for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.lengths_B for part in parts)]),
    )
