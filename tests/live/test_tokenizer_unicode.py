"""Every Unicode scalar value against `tokenizers`, under the uncased and the cased preset."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.bert_peer import CASED, UNCASED, Peers, Switches, difference, our_tokens
from tests.text.engines import ENGINES

SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]
TOGETHER = 64
BATCH = 512


@pytest.mark.parametrize("switches", [UNCASED, CASED], ids=["uncased", "cased"])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_scalar_value(
    minilm_folder: Path, compared: Callable[[str, int], None], engine: str, switches: Switches
) -> None:
    """Catches one wrong entry of the tables, in ids, offsets or words: alone, and as "a" + c + "b".

    A slow engine gets 64 of them in one text with spaces between, which nothing reaches across.
    """
    ours, theirs = Peers(minilm_folder).both(switches, engine)
    step = 1 if ENGINES[engine].one_by_one else TOGETHER
    assert len(SCALARS) == 1_112_064
    for first in range(0, len(SCALARS), step * BATCH):
        groups = [
            SCALARS[start : start + step]
            for start in range(first, min(first + step * BATCH, len(SCALARS)), step)
        ]
        if step == 1:
            texts = [text for (code,) in groups for text in (chr(code), f"a{chr(code)}b")]
        else:
            texts = [" ".join(f"{chr(c)} a{chr(c)}b" for c in codes) for codes in groups]
        encodings = theirs.encode_batch(texts, add_special_tokens=False)
        wrong = difference(our_tokens(ours, texts), encodings)
        assert wrong is None, ascii(texts[wrong])
        count = sum(map(len, groups))
        compared(f"scalar values alone, {engine} (tokenizers)", count)
        compared(f'scalar values as "a" + c + "b", {engine} (tokenizers)', count)


def test_a_single_wrong_entry_is_found(minilm_folder: Path) -> None:
    """Catches a comparison that compares nothing: one text is given to both with a letter more."""
    ours, theirs = Peers(minilm_folder).both(UNCASED, "readable")
    texts = ["a b", "\u0130x", "c"]
    encodings = theirs.encode_batch(texts, add_special_tokens=False)
    assert difference(our_tokens(ours, texts), encodings) is None
    assert difference(our_tokens(ours, ["a b", "\u0130y", "c"]), encodings) == 1
    assert difference(our_tokens(ours, ["a b", "\u0130x", " c"]), encodings) == 2
