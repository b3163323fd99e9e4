"""The public interface: what comes out, and what is refused at the door."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from npdistil.errors import InputError, TokenizerError
from npdistil.text.tokenizer import BACKENDS, Tokenizer
from tests.text.tiny import IDS, VOCAB


@pytest.fixture(params=BACKENDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return Tokenizer.from_vocab(VOCAB, model_max_length=12, backend=request.param)


def ids(*tokens: str) -> list[int]:
    return [IDS[token] for token in tokens]


def test_a_batch_is_a_mapping_for_the_model(tokenizer: Tokenizer) -> None:
    """Catches wrong dtype, keys that model(**batch) does not take, and wrong padding."""
    batch = tokenizer(["Unaffable!", "a"])
    assert isinstance(batch, Mapping)
    assert list(batch) == ["input_ids", "token_type_ids", "attention_mask"]
    assert len(batch) == 3 and len(dict(**batch)) == 3
    assert batch["input_ids"].tolist() == [
        ids("[CLS]", "un", "##aff", "##able", "!", "[SEP]"),
        ids("[CLS]", "a", "[SEP]", "[PAD]", "[PAD]", "[PAD]"),
    ]
    assert batch.attention_mask.tolist() == [[1] * 6, [1, 1, 1, 0, 0, 0]]
    assert not np.any(batch["token_type_ids"])
    for name, array in batch.items():
        assert array.dtype == np.int32 and array.shape == (2, 6), name
        assert array is getattr(batch, name)
    with pytest.raises(KeyError):
        batch["offset_mapping"]
    with pytest.raises(AttributeError):
        batch.input_ids = None  # type: ignore[misc]


def test_pairs(tokenizer: Tokenizer) -> None:
    """Catches type 1 on the first [SEP], and an empty second text that is dropped."""
    batch = tokenizer(["a b", "c"], text_pair=["c!", ""])
    assert batch["input_ids"].tolist() == [
        ids("[CLS]", "a", "b", "[SEP]", "c", "!", "[SEP]"),
        ids("[CLS]", "c", "[SEP]", "[SEP]", "[PAD]", "[PAD]", "[PAD]"),
    ]
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 0, 0, 0]]
    assert batch["attention_mask"].sum(axis=1).tolist() == [7, 4]


def test_offsets(tokenizer: Tokenizer) -> None:
    """Catches offsets in bytes, in normalised characters, or non-zero ones for [CLS]."""
    text = "\x00Un\u0301aff \u00c9!\u4e2d[MASK]"
    batch = tokenizer(text, return_offsets_mapping=True)
    assert tokenizer.convert_ids_to_tokens(batch["input_ids"][0]) == [
        "[CLS]", "un", "##aff", "e", "!", "\u4e2d", "[MASK]", "[SEP]",
    ]  # fmt: skip
    spans = [(0, 0), (1, 3), (4, 7), (8, 9), (9, 10), (10, 11), (11, 17), (0, 0)]
    assert batch["offset_mapping"][0].tolist() == [list(span) for span in spans]
    assert batch["offset_mapping"].dtype == np.int32
    padded = tokenizer(["a", "a b"], return_offsets_mapping=True, padding="max_length")
    assert padded["offset_mapping"].shape == (2, 12, 2)
    assert padded["offset_mapping"][0].tolist() == [[0, 0], [0, 1]] + [[0, 0]] * 10


def test_paddings(tokenizer: Tokenizer) -> None:
    """Catches lists that are padded, and max_length taken for the longest."""
    lists = tokenizer(["a", "a b c"], padding=False, return_offsets_mapping=True)
    assert isinstance(lists.input_ids, list)
    assert [array.shape for array in lists["input_ids"]] == [(3,), (5,)]
    assert [array.shape for array in lists["offset_mapping"]] == [(3, 2), (5, 2)]
    assert all(array.dtype == np.int32 for arrays in lists.values() for array in arrays)
    assert tokenizer("a", padding="longest")["input_ids"].shape == (1, 3)
    assert tokenizer("a", padding="max_length")["input_ids"].shape == (1, 12)
    assert tokenizer("a", padding="max_length", max_length=5)["input_ids"].shape == (1, 5)
    assert tokenizer("a b c", padding="max_length", max_length=3, truncation=False)[
        "input_ids"
    ].shape == (1, 5)


def test_truncation(tokenizer: Tokenizer) -> None:
    """Catches a limit that forgets [CLS] and [SEP], and truncation=False that cuts."""
    long = "a " * 50
    assert tokenizer(long)["input_ids"].tolist() == [ids("[CLS]", *"a" * 10, "[SEP]")]
    assert tokenizer(long, max_length=2)["input_ids"].tolist() == [ids("[CLS]", "[SEP]")]
    assert tokenizer(long, truncation=False)["input_ids"].shape == (1, 52)
    assert tokenizer(long, truncation=False, max_length=7)["input_ids"].shape == (1, 52)
    pair = tokenizer("a a a", "b b b b", max_length=6, return_offsets_mapping=True)
    assert pair["input_ids"].tolist() == [ids("[CLS]", "a", "[SEP]", "b", "b", "[SEP]")]
    assert pair["offset_mapping"][0].tolist()[3:5] == [[0, 1], [2, 3]]
    unlimited = Tokenizer.from_vocab(VOCAB)
    assert unlimited.model_max_length is None
    assert unlimited(long)["input_ids"].shape == (1, 52)


@pytest.mark.parametrize("limit", [2**31, 2**40 - 1, 2**40, 2**63, 10**30])
def test_a_limit_beyond_all_texts(tokenizer: Tokenizer, limit: int) -> None:
    """Catches an OverflowError where a length meets 32 or 64 bits."""
    one, pair = ids("[CLS]", "a", "b", "[SEP]"), ids("[CLS]", "a", "b", "[SEP]", "a", "[SEP]")
    for more in ({}, {"return_num_truncated_tokens": True}, {"truncation": "only_first"}):
        assert tokenizer("a b", max_length=limit, **more)["input_ids"].tolist() == [one]
        assert tokenizer("a b", "a", max_length=limit, **more)["input_ids"].tolist() == [pair]
    strides = {"stride": limit - 4, "return_overflowing_tokens": True}
    assert tokenizer("a b", max_length=limit, **strides)["input_ids"].tolist() == [one]
    assert tokenizer.pack("a b", limit).input_ids_T.tolist() == one
    counted = tokenizer.pack("a b", limit, return_num_truncated_tokens=True)
    assert counted.input_ids_T.tolist() == one
    assert counted.num_truncated_tokens.tolist() == [0]


@pytest.mark.parametrize("texts", [[], (), np.array([], dtype=str)])
def test_no_texts(tokenizer: Tokenizer, texts: Any) -> None:
    """Catches max() of nothing."""
    batch = tokenizer(texts, return_offsets_mapping=True)
    assert batch["input_ids"].shape == (0, 0) and batch["offset_mapping"].shape == (0, 0, 2)
    assert tokenizer(texts, padding="max_length")["input_ids"].shape == (0, 12)
    assert tokenizer(texts, padding=False)["input_ids"] == []


@pytest.mark.parametrize(
    "texts", [["a", "b"], ("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], dtype=object)]
)
def test_kinds_of_batches(tokenizer: Tokenizer, texts: Any) -> None:
    """Catches arrays of NumPy strings being refused or taken apart."""
    assert tokenizer(texts)["input_ids"].tolist() == [
        ids("[CLS]", "a", "[SEP]"),
        ids("[CLS]", "b", "[SEP]"),
    ]


def test_an_empty_text_is_cls_sep(tokenizer: Tokenizer) -> None:
    """Catches an empty row, which has no first token to pool."""
    for text in ("", " ", "\0", "\u200b\n", "\u0301"):
        assert tokenizer(text)["input_ids"].tolist() == [ids("[CLS]", "[SEP]")], repr(text)


def test_special_tokens_in_the_text(tokenizer: Tokenizer) -> None:
    """Catches specials that are normalised first, or found only between spaces."""
    assert tokenizer.tokenize("a[SEP]b [mask]") == ["a", "[SEP]", "b", *["[UNK]"] * 3]
    without_mask = Tokenizer.from_vocab([*VOCAB[:4], "a"])
    assert without_mask.mask_token_id is None
    assert without_mask.tokenize("[MASK]") == ["[UNK]"] * 3


def test_tokens_and_ids(tokenizer: Tokenizer) -> None:
    """Catches swapped special ids, and unknown tokens that raise KeyError."""
    assert tokenizer.vocab_size == len(VOCAB)
    named = ("pad", "unk", "cls", "sep", "mask")
    assert [getattr(tokenizer, f"{name}_token_id") for name in named] == [0, 1, 2, 3, 4]
    assert tokenizer.convert_tokens_to_ids("##able") == IDS["##able"]
    assert tokenizer.convert_tokens_to_ids(["a", "nothing"]) == [IDS["a"], 1]
    assert tokenizer.convert_ids_to_tokens(4) == "[MASK]"
    assert tokenizer.convert_ids_to_tokens(np.int64(4)) == "[MASK]"
    assert tokenizer.convert_ids_to_tokens(np.array([4, 0])) == ["[MASK]", "[PAD]"]


def test_decode(tokenizer: Tokenizer) -> None:
    """Catches lost prefixes, and special tokens that stay."""
    batch = tokenizer("Unaffable, b!")
    row = batch["input_ids"][0]
    assert tokenizer.decode(row) == "[CLS] unaffable, b! [SEP]"
    assert tokenizer.decode(row, skip_special_tokens=True) == "unaffable, b!"
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode(ids("##able", "a")) == "##able a"


def test_decode_cleans_up_twice_at_most() -> None:
    """Catches the second clean-up being on by default: Transformers 5 has it off."""
    tokenizer = Tokenizer.from_vocab([*VOCAB[:5], "it", "'", "s"])
    row = tokenizer.convert_tokens_to_ids(["it", "'", "s"])
    assert tokenizer.decode(row) == "it ' s"
    assert tokenizer.decode(row, clean_up_tokenization_spaces=True) == "it's"
    assert tokenizer.decode(row, clean_up_tokenization_spaces=False) == "it ' s"


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"texts": None}, "texts: expected a str.*NoneType"),
        ({"texts": b"a"}, "received bytes"),
        ({"texts": {"a": 1}}, "received dict"),
        ({"texts": (text for text in "ab")}, "received generator"),
        ({"texts": np.array([["a"]])}, r"shape \(1, 1\)"),
        ({"texts": ["a", 7]}, r"texts\[1\]: expected a str, received int"),
        ({"texts": ["a", None]}, r"texts\[1\].*NoneType"),
        ({"texts": [("a", "b")]}, r"texts\[0\].*tuple.*two lists"),
        ({"texts": np.array([1.5])}, r"texts\[0\].*float"),
        ({"texts": ["a", "b\ud800c"]}, r"texts\[1\]: lone surrogate U\+D800 at character 1"),
        ({"texts": "a", "text_pair": "\udfff"}, r"text_pair\[0\]: lone surrogate U\+DFFF"),
        ({"texts": ["a", "b"], "text_pair": "c"}, "1 second texts for 2 first ones"),
        ({"texts": "a", "text_pair": 3}, "text_pair: expected a str"),
        ({"texts": "a", "padding": "left"}, "padding: expected one of"),
        ({"texts": "a", "padding": 1}, "padding: expected one of"),
        ({"texts": "a", "padding": None}, "padding: expected one of"),
        ({"texts": "a", "padding": []}, "padding: expected one of"),
        ({"texts": "a", "truncation": "only_third"}, "truncation: expected one of"),
        ({"texts": "a", "max_length": 1}, "max_length: 1 tokens cannot hold the 2"),
        ({"texts": "a", "text_pair": "b", "max_length": 2}, "max_length: 2.*3 special"),
        ({"texts": "a", "max_length": -1}, "max_length: -1"),
        ({"texts": "a", "max_length": 4.0}, "max_length: expected an int"),
        ({"texts": "a", "max_length": True}, "max_length: expected an int"),
        ({"texts": "a", "max_length": "8"}, "max_length: expected an int"),
        ({"texts": "a", "max_length": 10**12, "padding": "max_length"}, "at most"),
        ({"texts": "a", "return_offsets_mapping": "yes"}, "expected True or False"),
    ],
)
def test_unusable_arguments(tokenizer: Tokenizer, arguments: dict[str, Any], message: str) -> None:
    """Catches a TypeError from the depth, and a message without the index."""
    with pytest.raises(InputError, match=message):
        tokenizer(**arguments)


def test_unusable_ids_and_tokens(tokenizer: Tokenizer) -> None:
    """Catches IndexError, and -1 taken for the last token."""
    for bad in (-1, len(VOCAB), 2**70, 1.5, None, True, "a", [1.5], ["a"], [[1]], np.ones((1, 1))):
        with pytest.raises(InputError):
            tokenizer.convert_ids_to_tokens(bad)  # type: ignore[call-overload]
    for bad in (3, "ab", [-1], [99], None, [None], np.array([0.5])):
        with pytest.raises(InputError):
            tokenizer.decode(bad)  # type: ignore[arg-type]
    for bad in (None, 3, [3], [None]):
        with pytest.raises(InputError):
            tokenizer.convert_tokens_to_ids(bad)  # type: ignore[call-overload]
    for bad in (None, 3, ["a"], b"a", "\ud800"):
        with pytest.raises(InputError):
            tokenizer.tokenize(bad)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        tokenizer.decode([1], clean_up_tokenization_spaces="no")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="folder"):
        Tokenizer.from_pretrained(None)  # type: ignore[arg-type]


def test_padding_without_a_length() -> None:
    """Catches Transformers' silence: it does not pad at all then."""
    with pytest.raises(InputError, match="needs a max_length"):
        Tokenizer.from_vocab(VOCAB)("a", padding="max_length")


@pytest.mark.parametrize("missing", ["[UNK]", "[CLS]", "[SEP]", "[PAD]"])
def test_from_vocab_needs_the_special_tokens(missing: str) -> None:
    """Catches ids appended behind the embedding table, or a KeyError at the first odd word."""
    with pytest.raises(TokenizerError, match=f"lacks {missing[:-1]}".replace("[", r"\[")):
        Tokenizer.from_vocab([token for token in VOCAB if token != missing])


@pytest.mark.parametrize("tokens", ["abc", None, {"a": 1}, 3])
def test_from_vocab_wants_a_sequence(tokens: Any) -> None:
    """Catches a string that is read as a vocabulary of letters."""
    with pytest.raises(InputError):
        Tokenizer.from_vocab(tokens)


def test_from_vocab_checks_its_settings() -> None:
    """Catches settings that fail, or worse are misread, at the first text."""
    for settings in ({"do_lower_case": "no"}, {"strip_accents": 1}, {"model_max_length": 2}):
        with pytest.raises(InputError):
            Tokenizer.from_vocab(VOCAB, **settings)  # type: ignore[arg-type]
    with pytest.raises(TokenizerError, match="row 5"):
        Tokenizer.from_vocab([*VOCAB[:5], 7])  # type: ignore[list-item]
    cased = Tokenizer.from_vocab(VOCAB, do_lower_case=False)
    assert cased.tokenize("A \xe9") == ["[UNK]", "\xe9"]
    kept = Tokenizer.from_vocab(VOCAB, strip_accents=False)
    assert kept.tokenize("A \xc9") == ["a", "\xe9"]
    glued = Tokenizer.from_vocab(VOCAB, tokenize_chinese_chars=False)
    assert glued.tokenize("a\u4e2d") == ["[UNK]"]
