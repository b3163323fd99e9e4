"""`tokenizers` set up as BERT under any vocabulary and switches, and its answers as arrays."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import normalizers, pre_tokenizers, processors

from npdistil.text.encoded import EncodedTexts
from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from npdistil.text.vocab import Vocabulary
from tests.live.flat import flat, flat_spans
from tests.text.engines import ENGINES

Switches = tuple[bool, bool | None, bool]  # do_lower_case, strip_accents, tokenize_chinese_chars
ALL_SWITCHES: list[Switches] = [*product((True, False), (None, True, False), (True, False))]
UNCASED: Switches = (True, None, True)
CASED: Switches = (False, None, True)


class Peers:
    """Ours and theirs with the vocabulary of a folder."""

    def __init__(self, folder: Path, more: Sequence[str] = ()) -> None:
        """`more` are tokens behind those of the folder."""
        settings, vocabulary, added = load_settings(folder)
        if more:
            tokens = dict.fromkeys([*vocabulary.pieces, *more])
            vocabulary = Vocabulary({token: row for row, token in enumerate(tokens)})
        self._parts = settings, vocabulary, added
        self._made: dict[tuple[Switches, str], Tokenizer] = {}
        ids = vocabulary.pieces
        self._theirs = tokenizers.Tokenizer(
            tokenizers.models.WordPiece(dict(ids), unk_token="[UNK]")
        )
        self._theirs.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._theirs.post_processor = processors.BertProcessing(
            ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
        )
        self._theirs.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])

    def ours(self, switches: Switches, engine: str) -> Tokenizer:
        """Ours under these switches."""
        lower, strip, chinese = switches
        if (switches, engine) not in self._made:
            settings = self._parts[0]._replace(
                do_lower_case=lower,
                strip_accents=strip,
                tokenize_chinese_chars=chinese,
            )
            self._made[switches, engine] = ENGINES[engine].make(settings, *self._parts[1:])
        return self._made[switches, engine]

    def theirs(self, switches: Switches) -> tokenizers.Tokenizer:
        """Theirs under these switches, until the next call."""
        lower, strip, chinese = switches
        self._theirs.normalizer = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
        )
        return self._theirs


def our_tokens(ours: Tokenizer, texts: Sequence[str]) -> EncodedTexts:
    """What truncation and padding would begin with."""
    return ours._encode(texts, enough=None, offsets=True, special_as_text=False)


def their_tokens(theirs: tokenizers.Tokenizer, texts: Sequence[str]) -> EncodedTexts:
    """The same of `tokenizers`."""
    encodings = theirs.encode_batch(texts, add_special_tokens=False)
    return EncodedTexts(
        ids_T=flat(encoding.ids for encoding in encodings),
        words_T=flat(encoding.word_ids for encoding in encodings),
        spans_T2=flat_spans(encoding.offsets for encoding in encodings),
        cu_seqlens=np.cumsum([0, *map(len, encodings)]),
    )


def difference(found: EncodedTexts, wanted: EncodedTexts) -> int | None:
    """The first text whose ids, offsets or words differ; None if there is none."""
    assert len(found.cu_seqlens) == len(wanted.cu_seqlens)
    if all(map(np.array_equal, _fields(found), _fields(wanted))):
        return None
    for index in range(len(wanted.lengths_B)):
        mine, theirs = (
            [array[slice(*encoded.cu_seqlens[index : index + 2])] for array in _fields(encoded)[1:]]
            for encoded in (found, wanted)
        )
        if not all(map(np.array_equal, mine, theirs)):
            return index
    raise AssertionError("a difference that no text shows")


def _fields(encoded: EncodedTexts) -> tuple[np.ndarray[Any, Any], ...]:
    assert encoded.spans_T2 is not None
    return encoded.cu_seqlens, encoded.ids_T, encoded.words_T, encoded.spans_T2
