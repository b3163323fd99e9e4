"""The arguments of a call that need no peer to be judged, and every refusal."""

import itertools
from typing import Any

import numpy as np
import pytest

from npdistil.errors import InputError
from npdistil.text.overflow import windows
from npdistil.text.tokenizer import BACKENDS, Tokenizer
from npdistil.text.truncate import kept_of_one
from tests.text.tiny import IDS, VOCAB


@pytest.fixture(params=BACKENDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.from_vocab(VOCAB, model_max_length=12, backend=request.param)


def test_only_what_was_asked_for(tokenizer: Tokenizer) -> None:
    """Catches a key that model(**batch) does not take, or one that is missing."""
    flags = {
        "return_special_tokens_mask": "special_tokens_mask",
        "return_offsets_mapping": "offset_mapping",
        "return_length": "length",
        "return_overflowing_tokens": "overflow_to_sample_mapping",
        "return_num_truncated_tokens": "num_truncated_tokens",
    }
    usual = ["input_ids", "token_type_ids", "attention_mask"]
    for flag, name in flags.items():
        batch = tokenizer(["a b", "c"], **{flag: True})
        assert list(batch) == [*usual, name]
        assert all(array.dtype == np.int32 for array in batch.values())
        with pytest.raises(InputError, match=f"{flag}: expected True or False"):
            tokenizer("a", **{flag: 1})
    assert list(tokenizer("a", **dict.fromkeys(flags, True))) == [*usual, *flags.values()]


def test_masks_and_lengths(tokenizer: Tokenizer) -> None:
    """Catches padding taken for text, and a length without the padding, unlike Transformers'."""
    batch = tokenizer(
        ["a [SEP]", ""],
        return_special_tokens_mask=True,
        return_length=True,
        padding_side="left",
        pad_to_multiple_of=3,
    )
    assert batch.input_ids.tolist() == [
        [0, 0, 2, IDS["a"], 3, 3],
        [0, 0, 0, 0, 2, 3],
    ]
    assert batch.special_tokens_mask.tolist() == [[1, 1, 1, 0, 0, 1], [1] * 6]
    assert batch.length.tolist() == [6, 6]
    lists = tokenizer(["a b", ""], padding=False, return_length=True)
    assert lists.length.tolist() == [4, 2]


def test_words_of_words(tokenizer: Tokenizer) -> None:
    """Catches words that are joined with spaces: "un" "able" are two, "[SEP]" is found in one."""
    batch = tokenizer(
        [["un", "able", "", "a[SEP]"], []], is_split_into_words=True, return_offsets_mapping=True
    )
    pieces = tokenizer.convert_ids_to_tokens(batch.input_ids[0])
    assert pieces == ["[CLS]", "un", "[UNK]", "a", "[SEP]", "[SEP]"]
    assert batch.word_ids(0) == [None, 0, 1, 3, 3, None]
    assert batch.word_ids(-1) == batch.word_ids(1) == [None] * 6
    assert batch.offset_mapping[0].tolist()[1:5] == [[0, 2], [0, 4], [0, 1], [1, 6]]
    one = tokenizer(["a", "b"], ["c"], is_split_into_words=True)
    assert one.input_ids.shape == (1, 6)
    assert one.sequence_ids() == [None, 0, 0, None, 1, None]
    assert tokenizer([], is_split_into_words=True).input_ids.tolist() == [[2, 3]]
    array = np.array(["a", "b"])
    assert tokenizer(array, is_split_into_words=True).input_ids.shape == (1, 4)
    for index in (2, -3, "0", True):
        with pytest.raises(InputError, match="batch_index"):
            batch.word_ids(index)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"texts": "a b", "is_split_into_words": True}, "texts: expected a list of words"),
        ({"texts": [["a"], "b"], "is_split_into_words": True}, r"texts\[1\]: expected a list"),
        ({"texts": [["a"], [3]], "is_split_into_words": True}, r"texts\[1\]\[0\]: expected a str"),
        ({"texts": [["a\ud800"]], "is_split_into_words": True}, r"texts\[0\]\[0\]: lone surr"),
        ({"texts": [["a"]], "is_split_into_words": 1}, "is_split_into_words: expected True"),
        ({"texts": [["a"], ["b"]], "text_pair": ["c"], "is_split_into_words": True}, "1 second"),
        ({"stride": -1}, "stride: -1"),
        ({"stride": 10}, "less than the 10 tokens"),
        ({"stride": True}, "stride: expected an int"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of: 1 to"),
        ({"pad_to_multiple_of": 1 << 40}, "pad_to_multiple_of: 1 to"),
        ({"pad_to_multiple_of": "8"}, "pad_to_multiple_of: expected an int"),
        ({"pad_to_multiple_of": 5}, "cut to 12 tokens, which is no multiple of 5"),
        ({"pad_to_multiple_of": 8, "padding": False}, "no effect with padding=False"),
        ({"padding_side": "up"}, "padding_side: expected one of"),
        ({"truncation": "only_third"}, "truncation: expected one of"),
        ({"special_tokens_in_text": "drop"}, "special_tokens_in_text: expected one of"),
        ({"texts": ["a", "a " * 20], "truncation": "only_second"}, r"texts\[1\]: .*only_second"),
        (
            {"texts": "a", "text_pair": "b " * 20, "truncation": "only_first"},
            r"texts\[0\]: .*only_first.* cannot cut 1 and \d+ tokens to 9",
        ),
        (
            {
                "texts": "a " * 9,
                "text_pair": "b",
                "max_length": 5,
                "stride": 1,
                "return_overflowing_tokens": True,
            },
            r"texts\[0\]: 1 tokens are left of a text of 9, .* stride of 1",
        ),
        (
            {"texts": "a", "max_length": 2, "return_overflowing_tokens": True},
            "0 tokens are left of a text of 1",
        ),
    ],
)
def test_unusable_arguments(tokenizer: Tokenizer, arguments: dict[str, Any], message: str) -> None:
    """Catches rows longer than max_length, Rust's panics, and arguments without effect."""
    with pytest.raises(InputError, match=message):
        tokenizer(**{"texts": "a", **arguments})


def test_windows_cover_everything() -> None:
    """Catches a token that is in no row, a wrong overlap, and a row that says nothing new."""
    for length in range(1, 14):
        for kept in range(1, length + 2):
            for stride in range(kept):
                for left in (False, True):
                    found = windows(length, kept, stride, left=left)
                    assert {i for start, stop in found for i in range(start, stop)} == {
                        *range(length)
                    }
                    assert all(stop - start == min(kept, length) for start, stop in found[:-1])
                    ordered = sorted(found)
                    for (_, stop), (start, _) in itertools.pairwise(ordered):
                        assert stop - start == stride
                    assert (found[0][1] == length) if left else (found[0][0] == 0)


def test_one_text_pays() -> None:
    """Catches a text that is cut to nothing, and a budget of 0 that is refused."""
    for first in range(8):
        for second in (None, *range(8)):
            for budget in range(10):
                for strategy in ("only_first", "only_second"):
                    kept = kept_of_one(first, second, budget, strategy)
                    whole = (first, second or 0)
                    if sum(whole) <= budget:
                        assert kept == whole
                    elif budget == 0:
                        assert kept == (0, 0)
                    elif kept is not None:
                        payer = strategy == "only_second"
                        assert sum(kept) == budget and kept[payer] > 0
                        assert kept[not payer] == whole[not payer]


def test_a_long_pair_is_read_no_further_than_needed(tokenizer: Tokenizer) -> None:
    """Catches a context that is read to its end for a row of 12, and an odd token misplaced."""
    seen: list[int | None] = []
    honest = tokenizer._encode

    def watching(texts: Any, **options: Any) -> Any:
        seen.append(options["enough"])
        return honest(texts, **options)

    tokenizer._encode = watching
    tokenizer("a", "b " * 5000)
    assert seen == [10, 10]
    # Both fill the row: now the longer one is the one that keeps the odd token.
    for first, second, kept in ((50, 40, 5), (40, 50, 4)):
        row = tokenizer("a " * first, "b " * second).input_ids[0].tolist()
        assert row.count(IDS["a"]) == kept and row.count(IDS["b"]) == 9 - kept


def test_many_rows_decoded(tokenizer: Tokenizer) -> None:
    """Catches a batch that must be decoded row by row by hand, and one row taken for rows."""
    batch = tokenizer(["a b!", "unable"])
    assert tokenizer.batch_decode(batch.input_ids) == [
        "[CLS] a b! [SEP]",
        "[CLS] unable [SEP] [PAD]",
    ]
    lists = tokenizer(["a b!", "unable"], padding=False).input_ids
    assert tokenizer.batch_decode(lists, skip_special_tokens=True) == ["a b!", "unable"]
    assert tokenizer.batch_decode([]) == []
    for bad in ([1, 2], "ab", None, 3, np.array([1])):
        with pytest.raises(InputError, match="rows of ids"):
            tokenizer.batch_decode(bad)


@pytest.mark.parametrize("backend", BACKENDS)
def test_special_tokens_as_text(backend: str) -> None:
    """Catches a default that a call cannot change, and a value that is no choice."""
    careful = Tokenizer.from_vocab(VOCAB, special_tokens_in_text="text", backend=backend)
    assert careful.tokenize("a[SEP]") == ["a", *["[UNK]"] * 3]
    assert careful("[SEP]", special_tokens_in_text="parse").input_ids.tolist() == [[2, 3, 3]]
    with pytest.raises(InputError, match="special_tokens_in_text"):
        Tokenizer.from_vocab(VOCAB, special_tokens_in_text="TEXT")
    with pytest.raises(InputError, match="special_tokens_in_text"):
        careful.tokenize("a", special_tokens_in_text="")
