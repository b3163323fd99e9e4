"""`tokenizers` set up as BERT under any vocabulary and switches, and its answers as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import normalizers, pre_tokenizers, processors

from npdistil.text.encoded import EncodedTexts
from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from tests.text.engines import ENGINES

Switches = tuple[bool, bool | None, bool]  # do_lower_case, strip_accents, tokenize_chinese_chars
ALL_SWITCHES: list[Switches] = [*product((True, False), (None, True, False), (True, False))]
UNCASED: Switches = (True, None, True)
CASED: Switches = (False, None, True)


class Peers:
    """Ours and theirs with the vocabulary of a folder."""

    def __init__(self, folder: Path) -> None:
        self._parts = load_settings(folder)
        self._made: dict[tuple[Switches, str], Tokenizer] = {}
        ids = self._parts[1].pieces
        self._theirs = tokenizers.Tokenizer(
            tokenizers.models.WordPiece(dict(ids), unk_token="[UNK]")
        )
        self._theirs.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self._theirs.post_processor = processors.BertProcessing(
            ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
        )
        self._theirs.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])

    def both(self, switches: Switches, engine: str) -> tuple[Tokenizer, tokenizers.Tokenizer]:
        """Both under these switches; theirs until the next call."""
        lower, strip, chinese = switches
        if (switches, engine) not in self._made:
            settings = replace(
                self._parts[0],
                do_lower_case=lower,
                strip_accents=strip,
                tokenize_chinese_chars=chinese,
            )
            self._made[switches, engine] = ENGINES[engine].make(settings, *self._parts[1:])
        self._theirs.normalizer = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
        )
        return self._made[switches, engine], self._theirs


def our_tokens(ours: Tokenizer, texts: Sequence[str]) -> EncodedTexts:
    """What truncation and padding would begin with."""
    return ours._encode(texts, enough=None, offsets=True, special_as_text=False)


def difference(found: EncodedTexts, encodings: Sequence[tokenizers.Encoding]) -> int | None:
    """The first text whose ids, offsets or words differ; None if there is none."""
    lengths = [len(encoding) for encoding in encodings]
    wanted = (
        _flat(encoding.ids for encoding in encodings),
        _flat(encoding.word_ids for encoding in encodings),
        _flat(place for encoding in encodings for place in encoding.offsets),
    )
    assert found.spans_T2 is not None
    mine = (found.ids_T, found.words_T, found.spans_T2.reshape(-1))
    if np.array_equal(found.lengths_B, lengths) and all(map(np.array_equal, mine, wanted)):
        return None
    for index, (start, encoding) in enumerate(zip(found.cu_seqlens, encodings, strict=False)):
        row = slice(start, found.cu_seqlens[index + 1])
        spans = [tuple(span) for span in found.spans_T2[row].tolist()]
        same = found.ids_T[row].tolist() == encoding.ids and spans == encoding.offsets
        if not same or found.words_T[row].tolist() != encoding.word_ids:
            return index
    raise AssertionError("a difference that no text shows")


def _flat(rows: Iterable[Sequence[Any]]) -> np.ndarray[Any, Any]:
    return np.array([value for row in rows for value in row], np.int32)
