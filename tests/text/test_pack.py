"""Rows without padding: what `pack` says is what a call says."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from npdistil.errors import InputError
from npdistil.text import packed
from npdistil.text.compiled import encoder
from npdistil.text.tokenizer import BACKENDS, Tokenizer
from tests.text.counting import calls_of
from tests.text.tiny import VOCAB

TEXTS = ["a b", "", "unaffable! [SEP] c", "a " * 40, "\u0301", "the \xe9\u4e2d, b" * 9, "x"]
FIELDS = ("input_ids_T", "cu_seqlens")


@pytest.fixture(params=BACKENDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.from_vocab(VOCAB, model_max_length=12, backend=request.param)


@pytest.mark.parametrize("mode", ["parse", "text"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("limit", [2, 3, 7, 30, 1000, None])
def test_rows_are_those_of_a_call(
    tokenizer: Tokenizer, limit: int | None, side: str, mode: str
) -> None:
    """Catches a row that is cut elsewhere, special tokens missing, and a wrong count or dtype."""
    settings = tokenizer.settings._replace(truncation_side=side)
    backend = "python" if "TextEncoder" == type(tokenizer._encode).__name__ else "numba"
    sided = Tokenizer(settings, tokenizer._vocabulary, tokenizer._added_tokens, backend)
    arguments = {"max_length": limit, "special_tokens_in_text": mode}
    counting = {**arguments, "return_num_truncated_tokens": True}
    batch = sided(TEXTS, padding=False, **counting)
    found, counted = sided.pack(TEXTS, **arguments), sided.pack(TEXTS, **counting)
    lengths = [len(row) for row in batch.input_ids]
    for answer in (found, counted):
        assert answer.input_ids_T.tolist() == np.concatenate(batch.input_ids).tolist()
        assert answer.cu_seqlens.tolist() == [0, *np.cumsum(lengths).tolist()]
        assert answer.input_ids_T.dtype == answer.cu_seqlens.dtype == np.int32
    assert found.num_truncated_tokens is None
    assert counted.num_truncated_tokens.tolist() == batch.num_truncated_tokens.tolist()
    assert counted.num_truncated_tokens.dtype == np.int32
    assert limit == 1000 or counted.num_truncated_tokens[3] == 40 - (min(limit or 12, 42) - 2)


@pytest.mark.parametrize("truncation", [True, "only_first", "only_second", False])
def test_pairs_are_those_of_a_call(tokenizer: Tokenizer, truncation: bool | str) -> None:
    """Catches the second text's tokens or types missing, another cut, and a wrong count."""
    firsts, seconds = ["a b", "the " * 9, "", "b"], ["c", "a the b", "x", "unaffable!"]
    arguments: dict[str, Any] = {"text_pair": seconds, "truncation": truncation, "max_length": 15}
    found = tokenizer.pack(firsts, **arguments, return_num_truncated_tokens=True)
    batch = tokenizer(firsts, **arguments, padding=False, return_num_truncated_tokens=True)
    assert found.input_ids_T.tolist() == np.concatenate(batch.input_ids).tolist()
    assert found.token_type_ids_T is not None
    assert found.token_type_ids_T.tolist() == np.concatenate(batch.token_type_ids).tolist()
    lengths = [len(row) for row in batch.input_ids]
    assert found.cu_seqlens.tolist() == [0, *np.cumsum(lengths).tolist()]
    assert found.num_truncated_tokens.tolist() == batch.num_truncated_tokens.tolist()
    assert found.input_ids_T.dtype == found.token_type_ids_T.dtype == np.int32
    assert tokenizer.pack(firsts, **arguments).num_truncated_tokens is None
    assert tokenizer.pack(firsts).token_type_ids_T is None
    with pytest.raises(InputError, match="text_pair: 3 second texts for 4 first ones"):
        tokenizer.pack(firsts, text_pair=seconds[1:])


def test_kinds_of_texts(tokenizer: Tokenizer) -> None:
    """Catches one text taken for its letters, no texts refused, and a limit that must be there."""
    assert tokenizer.pack("a b").cu_seqlens.tolist() == [0, 4]
    nothing = tokenizer.pack([])
    assert nothing.input_ids_T.shape == (0,) and nothing.cu_seqlens.tolist() == [0]
    assert tokenizer.pack(np.array(["a", "b"])).cu_seqlens.tolist() == [0, 3, 6]
    assert tokenizer.pack("a " * 40, truncation=False).cu_seqlens.tolist() == [0, 42]
    unlimited = Tokenizer.from_vocab(VOCAB)
    counted = unlimited.pack("a " * 40, return_num_truncated_tokens=True)
    assert counted.cu_seqlens.tolist() == [0, 42]
    assert counted.num_truncated_tokens.tolist() == [0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"texts": 3}, "texts: expected a str"),
        ({"texts": ["a", None]}, r"texts\[1\]: expected a str"),
        ({"texts": ["a", "\ud800"]}, r"texts\[1\]: lone surrogate"),
        ({"texts": [["a"]]}, r"texts\[0\]: expected a str"),
        ({"max_length": 1}, "max_length: 1 tokens cannot hold the 2"),
        ({"max_length": 8.0}, "max_length: expected an int"),
        ({"truncation": "longest_first"}, "truncation: expected True or False"),
        ({"special_tokens_in_text": "drop"}, "special_tokens_in_text: expected one of"),
        ({"return_num_truncated_tokens": 1}, "return_num_truncated_tokens: expected True"),
    ],
)
def test_refusals(tokenizer: Tokenizer, arguments: dict[str, Any], message: str) -> None:
    """Catches an argument that is misread, or fails in the depth."""
    with pytest.raises(InputError, match=message):
        tokenizer.pack(**{"texts": "a", **arguments})


def test_more_tokens_than_int32_counts(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches bounds that wrap around to negative numbers."""
    monkeypatch.setattr(packed, "MAX_TOKENS", 6)
    assert len(tokenizer.pack(["a", "b"]).input_ids_T) == 6
    with pytest.raises(InputError, match=r"7 tokens in all, .* at most 6; pack fewer"):
        tokenizer.pack(["a", "b b"])


@pytest.mark.parametrize(
    "arguments", [{}, {"return_num_truncated_tokens": True, "max_length": 3}, {"max_length": 3}]
)
def test_no_python_for_each_text(arguments: dict[str, Any]) -> None:
    """Catches a detour through an array, a list or a row for each text on the compiled path."""
    compiled = Tokenizer.from_vocab(VOCAB, num_threads=1)
    compiled.pack(["a"], **arguments)
    few, many = (
        calls_of(partial(compiled.pack, ["a\xe9 b"] * count, **arguments), ["call"])
        for count in (1100, 2000)  # both in two parts
    )
    assert few == many


def test_a_long_text_is_read_no_further_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a book that is encoded as a whole for a row of eight."""
    read = []

    def counting(texts: Any, characters: int) -> Any:
        found = original(texts, characters)
        read.append(len(found.ascii_U) + len(found.code_C))
        return found

    original = encoder.join_texts
    monkeypatch.setattr(encoder, "join_texts", counting)
    compiled = Tokenizer.from_vocab(VOCAB)
    book = "the \xe9 " * 100_000
    assert compiled.pack([book], max_length=8).cu_seqlens.tolist() == [0, 8]
    assert len(read) == 1 and 8 < read[0] < 500
    assert compiled(book, max_length=8).input_ids.shape == (1, 8)
    assert len(read) == 2 and 8 < read[1] < 500
