"""The readable and the compiled encoder of the same settings, and what it means that they agree."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from npdistil.text.compiled.encoder import CompiledTextEncoder
from npdistil.text.encode import TextEncoder
from npdistil.text.encoded import EncodedTexts
from npdistil.text.settings import TokenizerSettings
from npdistil.text.special import AddedToken
from npdistil.text.vocab import Vocabulary

# do_lower_case, strip_accents, tokenize_chinese_chars
ALL_SWITCHES = [*product((True, False), (None, True, False), (True, False))]
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class Both:
    """Two ways from text to ids, made of one vocabulary."""

    def __init__(
        self,
        tokens: Sequence[str],
        settings: TokenizerSettings | None = None,
        added: Sequence[AddedToken] | None = None,
        num_threads: int = 1,
    ) -> None:
        ids = {token: row for row, token in enumerate(tokens)}
        if added is None:
            added = [AddedToken(content=token, id=ids[token]) for token in SPECIAL]
        parts = settings or TokenizerSettings(), Vocabulary(ids), added
        self.readable = TextEncoder(*parts)
        self.compiled = CompiledTextEncoder(*parts, self.readable, num_threads)

    def check(self, texts: Sequence[str], **request: object) -> None:
        """Same ids, words, spans and bounds; a failure names the first text that differs."""
        if all(same for same in self._compare(texts, request)):
            return
        for text in texts:
            expected, found = self._answers([text], request)
            assert self._compare([text], request) == [True] * 4, (
                f"{text[:200]!a}, {request}: {found}, not {expected}"
            )
        raise AssertionError("texts that agree one by one differ together")

    def _compare(self, texts: Sequence[str], request: dict[str, object]) -> list[bool]:
        expected, found = self._answers(texts, request)
        return [
            np.array_equal(getattr(expected, name), getattr(found, name))
            and getattr(expected, name).dtype == getattr(found, name).dtype
            if getattr(expected, name) is not None
            else getattr(found, name) is None
            for name in ("ids_T", "words_T", "spans_T2", "cu_seqlens")
        ]

    def _answers(
        self, texts: Sequence[str], request: dict[str, object]
    ) -> tuple[EncodedTexts, EncodedTexts]:
        asked = {"enough": None, "offsets": True, "special_as_text": False, **request}
        engines = (self.readable, self.compiled)
        expected, found = (cut(engine(texts, **asked), asked["enough"]) for engine in engines)
        return expected, found


def cut(encoded: EncodedTexts, enough: int | None) -> EncodedTexts:
    """Exactly `enough` tokens of each text: an engine may go on to the end of the word."""
    if enough is None:
        return encoded
    starts, ends = encoded.cu_seqlens[:-1], encoded.cu_seqlens[1:]
    kept = np.concatenate(
        [np.zeros(0, np.int64), *map(np.arange, starts, np.minimum(ends, starts + enough))]
    )
    return encoded._replace(
        ids_T=encoded.ids_T[kept],
        words_T=encoded.words_T[kept],
        spans_T2=None if encoded.spans_T2 is None else encoded.spans_T2[kept],
        cu_seqlens=np.concatenate([[0], np.cumsum(np.minimum(encoded.lengths_B, enough))]),
    )


def settings_of(switches: tuple[bool, bool | None, bool], **changes: object) -> TokenizerSettings:
    """Settings by their three switches."""
    lower, strip, chinese = switches
    return TokenizerSettings(
        do_lower_case=lower, strip_accents=strip, tokenize_chinese_chars=chinese, **changes
    )
