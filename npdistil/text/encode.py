"""One text into ids and offsets: the steps of this folder in their order."""

from collections.abc import Iterable, Sequence

from ..errors import TokenizerError
from .aligned import AlignedText
from .batch import Span
from .normalize import Normalizer
from .settings import TokenizerSettings
from .special import AddedToken, TokenCutter
from .split import split_words
from .vocab import Vocabulary
from .wordpiece import WordPiece


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
        self._normalize = Normalizer(
            clean_text=settings.clean_text,
            tokenize_chinese_chars=settings.tokenize_chinese_chars,
            strip_accents=settings.strip_accents,
            do_lower_case=settings.do_lower_case,
        )
        raw = {token.content: token.id for token in added_tokens if not token.normalized}
        self._raw_cutter = TokenCutter(raw)
        #: What is searched in normalised text, and what decoding shows, by content.
        self.normalized_ids = self._normalized_contents(added_tokens)
        self._normalized_cutter = TokenCutter(self.normalized_ids)
        self._wordpiece = WordPiece(
            vocabulary.ids,
            vocabulary.ids[settings.unk_token],
            settings.continuing_subword_prefix,
            settings.max_input_chars_per_word,
        )

    def __call__(
        self, text: str, enough: int | None, offsets: bool
    ) -> tuple[list[int], list[Span]]:
        """Ids and, if asked for, spans of one text; may stop once there are `enough` ids."""
        ids: list[int] = []
        spans: list[Span] = []
        for start, end, added_id in self._raw_cutter.cut(text):
            if added_id is not None:
                ids.append(added_id)
                spans.append((start, end))
            else:
                aligned = self._normalize(AlignedText.of(text[start:end], start))
                self._encode_normalized(aligned, enough, offsets, ids, spans)
            if enough is not None and len(ids) >= enough:
                break
        return ids, spans if offsets else []

    def _encode_normalized(
        self,
        aligned: AlignedText,
        enough: int | None,
        offsets: bool,
        ids: list[int],
        spans: list[Span],
    ) -> None:
        for start, end, added_id in self._normalized_cutter.cut(aligned.text):
            if added_id is not None:
                ids.append(added_id)
                spans.append(aligned.span(start, end))
                continue
            for word_start, word_end in split_words(aligned.text, start, end):
                piece_ids, piece_ends = self._wordpiece(aligned.text[word_start:word_end])
                ids += piece_ids
                if offsets:
                    begin = word_start
                    for piece_end in piece_ends:
                        spans.append(aligned.span(begin, word_start + piece_end))
                        begin = word_start + piece_end
                if enough is not None and len(ids) >= enough:
                    return

    def _normalized_contents(self, added_tokens: Iterable[AddedToken]) -> dict[str, int]:
        contents: dict[str, int] = {}
        for token in added_tokens:
            if token.normalized:
                content = self._normalize(AlignedText.of(token.content)).text
                if not content or content in contents:
                    raise TokenizerError(
                        f"added token {token.content[:40]!r}: normalised it is "
                        f"{content[:40]!r}, which is empty or another token's."
                    )
                contents[content] = token.id
        return contents
