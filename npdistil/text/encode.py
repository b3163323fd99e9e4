"""Texts into ids and offsets: the steps of this folder in their order."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import TokenizerError
from .aligned import AlignedText
from .encoded import EncodedTexts, Int32s, Int64s
from .normalize import Normalizer
from .rows import Cut, make_rows
from .settings import TokenizerSettings
from .special import AddedToken, TokenCutter
from .split import split_words
from .vocab import Vocabulary
from .wordpiece import WordPiece

Span = tuple[int, int]


class TextEncoder:
    """Cut added tokens, normalise, cut again, split into words, match pieces.

    Nothing is kept between texts but the bounded memory of words in WordPiece, so one object
    serves any number of threads.
    """

    def __init__(
        self,
        settings: TokenizerSettings,
        vocabulary: Vocabulary,
        added_tokens: Sequence[AddedToken],
    ) -> None:
        """Prepare the steps.

        Raises:
            TokenizerError: two added tokens are one after normalisation, or one is nothing.
        """
        self._normalize = Normalizer.of(settings)
        self._cls_id = vocabulary.id_of(settings.cls_token)
        self._sep_id = vocabulary.id_of(settings.sep_token)
        raw = {token.content: token for token in added_tokens if not token.normalized}
        self._raw_cutter = TokenCutter(raw)
        #: What is searched in normalised text, and what decoding shows, by content.
        self.normalized_tokens = self._normalized_contents(added_tokens)
        self._normalized_cutter = TokenCutter(self.normalized_tokens)
        self._wordpiece = WordPiece(
            vocabulary.pieces,
            vocabulary.id_of(settings.unk_token),
            settings.continuing_subword_prefix,
            settings.max_input_chars_per_word,
        )

    def __call__(
        self, texts: Sequence[str], *, enough: int | None, offsets: bool, special_as_text: bool
    ) -> EncodedTexts:
        """Encode each text by itself, as `TextsToIds` asks."""
        found = _Found(offsets, special_as_text)
        cu_seqlens = [0]
        for text in texts:
            self._encode(text, None if enough is None else cu_seqlens[-1] + enough, found)
            cu_seqlens.append(len(found.ids))
        spans_T2 = np.array(found.spans, np.int32).reshape(-1, 2) if offsets else None
        return EncodedTexts(
            ids_T=np.array(found.ids, np.int32),
            words_T=np.array(found.words, np.int32),
            spans_T2=spans_T2,
            cu_seqlens=np.array(cu_seqlens, np.int64),
        )

    def pack(
        self, texts: Sequence[str], *, enough: int | None, special_as_text: bool
    ) -> tuple[Int32s, Int64s]:
        """Encode each text and put [CLS] and [SEP] around it, as `TextsToIds` asks."""
        encoded = self(texts, enough=enough, offsets=False, special_as_text=special_as_text)
        rows = make_rows(encoded, None, Cut(budget=enough), self._cls_id, self._sep_id)
        return rows.ids_T, rows.cu_seqlens

    def _encode(self, text: str, enough: int | None, found: "_Found") -> None:
        """One text; may stop once there are `enough` tokens of all texts so far."""
        found.next_word = 0
        cut = self._raw_cutter.cut(text, special_as_text=found.special_as_text)
        for start, end, added_id in cut:
            if added_id is not None:
                found.add((added_id,), [(start, end)])
            else:
                aligned = self._normalize(AlignedText.of(text[start:end], start))
                self._encode_normalized(aligned, enough, found)
            if enough is not None and len(found.ids) >= enough:
                break

    def _encode_normalized(self, aligned: AlignedText, enough: int | None, found: "_Found") -> None:
        text = aligned.text
        cut = self._normalized_cutter.cut(text, special_as_text=found.special_as_text)
        for start, end, added_id in cut:
            if added_id is not None:
                found.add((added_id,), [aligned.span(start, end)])
                continue
            for word_start, word_end in split_words(text, start, end):
                piece_ids, piece_ends = self._wordpiece(text[word_start:word_end])
                spans = []
                begin = word_start
                for piece_end in piece_ends if found.offsets else ():
                    spans.append(aligned.span(begin, word_start + piece_end))
                    begin = word_start + piece_end
                found.add(piece_ids, spans)
                if enough is not None and len(found.ids) >= enough:
                    return

    def _normalized_contents(self, added_tokens: Iterable[AddedToken]) -> dict[str, AddedToken]:
        contents: dict[str, AddedToken] = {}
        for token in added_tokens:
            if token.normalized:
                content = self._normalize(AlignedText.of(token.content)).text
                if not content or content in contents:
                    raise TokenizerError(
                        f"added token {token.content[:40]!r}: normalised it is "
                        f"{content[:40]!r}, which is empty or another token's."
                    )
                contents[content] = token
        return contents


class _Found:
    """The tokens of all texts so far."""

    def __init__(self, offsets: bool, special_as_text: bool) -> None:
        self.offsets = offsets
        self.special_as_text = special_as_text
        self.ids: list[int] = []
        self.words: list[int] = []
        self.spans: list[Span] = []
        self.next_word = 0

    def add(self, ids: Sequence[int], spans: Sequence[Span]) -> None:
        """The pieces of the next word, with their spans if anybody asked."""
        self.ids += ids
        self.words += [self.next_word] * len(ids)
        self.next_word += 1
        if self.offsets:
            self.spans += spans
