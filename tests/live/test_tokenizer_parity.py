"""The tokenizer against `tokenizers` and Transformers: odd texts, settings, folders, decoding."""

import importlib.util
import json
import random
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tokenizers
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from npdistil.text.batch import TokenBatch
from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from tests.text.engines import ENGINES

Switches = tuple[bool, bool | None, bool]  # do_lower_case, strip_accents, tokenize_chinese_chars
ALL_SWITCHES: list[Switches] = [*product((True, False), (None, True, False), (True, False))]

# Where implementations are known to differ; each item is tried in four places.
ODD = [
    *" \t\n\r\0\ufffd\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\xad\u034f\u0345\u0378\u115f\u1680\u180e",
    *"\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202e\u2060\u20e3\u212a\u2260\u302e\u3000",
    *"\ufb01\ufdfa\ufe0f\ufeff\uffff\U0010ffff\U000e0041\ue000",
    *"\U0002b820\U0002b91f\U0002b920\U0002ceb0\u4e2d\u3042\u30ab\uf900",
    *"\u0130\u1e9e\u01c5\u03a3\xe9\xc5\u212b\xa1\xa3\u20ac\xd7\u2e43\u166d\u1734\u061d",
    "",
    "   ",
    "\U0001d165" * 7,
    "\u039f\u0394\u039f\u03a3",
    "e\u0301",
    "\u0301",
    "\ud55c",
    "\u1112\u1161\u11ab",
    "\uac00\uac01\ud7a3",
    "\U0001f1e9\U0001f1ea",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "1\ufe0f\u20e3",
    "\U0001f44d\U0001f3fd",
    "\u0f73\u0327\u0f71\u0f81\u0344\u0323",  # decompositions that are torn apart by reordering
    "\u08d4\u0323\u1dfb\u0f73\u302e\U0001d165\U0001d16d\u0316",
    *("x" * count for count in (99, 100, 101, 200, 201)),
    "x" * 99 + "\u0301\u0301",
    "\xe9" * 100,
    "\ud55c" * 34,
    "##x",
    "[ MASK ]",
    "[MASK][SEP]",
    "[mask]",
    "[UNK]",
    "[MASK",
    "[[MASK]]",
    "don't",
    "U.S.A. $5.00",
    ".:" * 1000,
    "\u0301\u0323" * 1000,
]


class Peer:
    """All of ours and theirs under the same switches, made when they are first asked for."""

    def __init__(self, folder: Path, compared: Callable[[str, int], None]) -> None:
        self._parts = load_settings(folder)
        self._theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._theirs.no_truncation()
        self._theirs.no_padding()
        self._pairs: dict[Switches, tuple[list[Tokenizer], tokenizers.Tokenizer]] = {}
        self.compared = compared

    def both(self, switches: Switches) -> tuple[list[Tokenizer], tokenizers.Tokenizer]:
        if switches not in self._pairs:
            lower, strip, chinese = switches
            changed = self._parts[0]._replace(
                do_lower_case=lower,
                strip_accents=strip,
                tokenize_chinese_chars=chinese,
            )
            theirs = tokenizers.Tokenizer.from_str(self._theirs.to_str())
            theirs.normalizer = normalizers.BertNormalizer(
                clean_text=True, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
            )
            parts = changed, *self._parts[1:]
            self._pairs[switches] = [engine.make(*parts) for engine in ENGINES.values()], theirs
        return self._pairs[switches]

    def check(self, texts: list[str], switches: Switches, what: str) -> None:
        """Every field of every text, and the padded arrays of the whole batch."""
        engines, theirs = self.both(switches)
        encodings = theirs.encode_batch(texts)
        for ours in engines:
            batch = ours(texts, padding=False, truncation=False, return_offsets_mapping=True)
            for index, expected in enumerate(encodings):
                assert_row(batch, index, expected, (ascii(texts[index][:80]), switches))
        self.compared(what, len(texts))


def assert_row(
    batch: TokenBatch, index: int, expected: tokenizers.Encoding, context: object
) -> None:
    found = (
        batch["input_ids"][index].tolist(),
        batch["token_type_ids"][index].tolist(),
        batch["attention_mask"][index].tolist(),
        [tuple(span) for span in batch["offset_mapping"][index].tolist()],
    )
    wanted = (expected.ids, expected.type_ids, expected.attention_mask, expected.offsets)
    assert found == wanted, context


@pytest.fixture(scope="module")
def peer(minilm_folder: Path, compared: Callable[[str, int], None]) -> Peer:
    return Peer(minilm_folder, compared)


@pytest.mark.parametrize("switches", ALL_SWITCHES)
def test_odd_texts(peer: Peer, switches: Switches) -> None:
    """Catches any of the 27 known differences between tokenizers, under every setting."""
    texts = [
        text
        for odd in ODD
        for text in (odd, f"a{odd}b", f"{odd} the end", f"The end {odd}", f"{odd}[SEP]{odd}")
    ]
    peer.check(texts, switches, "odd texts x settings (tokenizers)")


# Characters that meet badly: marks of many classes, decompositions, jamo, controls, specials.
ALPHABET = [
    *"abcxyzABCXYZ019 .,'#[]()-_$\t\n",
    *map(chr, range(0x300, 0x370)),
    *"\u08d4\u08e3\u1bf2\u1dfb\u302e\u302f\ua953\u0344\u0f71\u0f73\u0f75\u0f81\u0345\u3099",
    *"\U0001d165\U0001d16d\U0001d15e\U00011442\U00011446\U0001e000\U0001e944",
    *"\xe9\xc4\xf1\u1e09\u1ee9\u1f82\u0130\u1e9e\u01c5\u03a3\u03c2\u0413\u0439\u05d0\u0628\u0915",
    *"\ud55c\uae00\u1112\u1161\u11ab\u4e2d\u6587\u3042\u30ac\U0001f600\U0001f468\u200d\ufe0f",
    *"\0\x85\xad\u200b\u2028\u3000\ufeff\ufffd\ue000\u0378\U0010ffff",
    *("[MASK]", "[SEP]", "[CLS]", "##", "the", "embedding"),
]


def test_random_strings(peer: Peer) -> None:
    """Catches what no list foresaw: 6,000 strings, each setting drawn anew for 100 of them."""
    rng = random.Random(20200)

    def piece() -> str:
        if rng.random() < 0.9:
            return rng.choice(ALPHABET)
        return chr(rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000))))

    for _ in range(60):
        texts = ["".join(piece() for _ in range(rng.randrange(25))) for _ in range(100)]
        peer.check(texts, rng.choice(ALL_SWITCHES), "random strings (tokenizers)")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.sampled_from(ALL_SWITCHES)
)
def test_hypothesis_strings(peer: Peer, text: str, switches: Switches) -> None:
    """Catches the shortest string that differs, if any does."""
    peer.check([text], switches, "hypothesis strings (tokenizers)")


def test_pairs_and_truncation(peer: Peer) -> None:
    """Catches a wrong share of the limit between two texts, and types of the wrong part."""
    engines, theirs = peer.both((True, None, True))
    words = "the quick brown fox jumps over the lazy dog and runs away".split()
    pairs = [
        (" ".join(words[:first]), " ".join(words[:second]))
        for first, second in product((0, 1, 2, 3, 5, 8, 12), repeat=2)
    ]
    firsts, seconds = map(list, zip(*pairs, strict=True))
    arguments = {"padding": False, "return_offsets_mapping": True}
    for limit in (3, 4, 5, 6, 7, 10, 13, 20, 40):
        theirs.enable_truncation(limit)
        encodings = theirs.encode_batch(pairs)
        for ours in engines:
            batch = ours(firsts, seconds, max_length=limit, **arguments)
            for index, expected in enumerate(encodings):
                assert_row(batch, index, expected, (pairs[index], limit))
        theirs.no_truncation()
        peer.compared("pairs x limits (tokenizers)", len(pairs))


@pytest.mark.parametrize("side", ["right", "left"])
def test_left_and_right(peer: Peer, side: str) -> None:
    """Catches a side that cuts or pads at the wrong end."""
    settings_, vocabulary, added = peer._parts
    changed = settings_._replace(padding_side=side, truncation_side=side)
    theirs = peer.both((True, None, True))[1]
    theirs.enable_truncation(9, direction=side)
    theirs.enable_padding(direction=side, length=9, pad_id=0, pad_token="[PAD]")
    texts = ["one", "", "one two three four five six seven eight nine ten", "[SEP] unaffable"]
    arguments = {"padding": "max_length", "max_length": 9, "return_offsets_mapping": True}
    for seconds in (None, texts[::-1]):
        inputs = texts if seconds is None else list(zip(texts, seconds, strict=True))
        encodings = theirs.encode_batch(inputs)
        for engine in ENGINES.values():
            batch = engine.make(changed, vocabulary, added)(texts, seconds, **arguments)
            for index, expected in enumerate(encodings):
                assert_row(batch, index, expected, inputs[index])
    theirs.no_truncation()
    theirs.no_padding()


def test_folder_as_transformers_loads_it(minilm_folder: Path, tmp_path: Path) -> None:
    """Catches another precedence: the original folder, and the one Transformers 5 writes."""
    theirs = transformers.BertTokenizer.from_pretrained(minilm_folder)
    theirs.save_pretrained(tmp_path)
    assert not (tmp_path / "vocab.txt").exists()
    texts = ["Hello, world!", "na\xefve \u4e2d\u6587 " * 200, ""]
    expected = theirs(texts, padding=True, truncation=True, return_tensors="np")
    for folder in (minilm_folder, tmp_path):
        ours = Tokenizer.from_pretrained(folder)
        batch = ours(texts)
        assert ours.model_max_length == theirs.model_max_length == 512
        assert batch["input_ids"].shape == (3, 512)
        assert sorted(batch) == sorted(expected)
        for name in batch:
            np.testing.assert_array_equal(batch[name], expected[name], err_msg=name)


# Without config.json Transformers needs a tokenizer_class, or it reads tokenizer.json alone.
@pytest.mark.parametrize(
    "told, with_config",
    [
        *product(
            (
                None,
                {"tokenizer_class": "BertTokenizer"},
                {"tokenizer_class": "BertTokenizerFast", "do_lower_case": False},
                {"tokenizer_class": "DistilBertTokenizer", "strip_accents": False},
                {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True},
            ),
            (True, False),
        ),
        ({}, True),
        ({"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}, True),
    ],
)
@pytest.mark.filterwarnings("ignore:.*does not say do_lower_case")
def test_precedence_of_settings(
    minilm_folder: Path, tmp_path: Path, told: dict[str, Any] | None, with_config: bool
) -> None:
    """Catches a cased normalizer block that wins, or loses, where it does not in Transformers."""
    content = json.loads((minilm_folder / "tokenizer.json").read_text())
    content["normalizer"]["lowercase"] = False
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    if told is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(told))
    if with_config:
        shutil.copy(minilm_folder / "config.json", tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    ours = Tokenizer.from_pretrained(tmp_path)
    text = "Hello na\xefve \xc9t\xe9 \u4e2d\u6587x"
    assert ours.tokenize(text) == theirs.tokenize(text)
    if type(theirs).__name__ != "TokenizersBackend":  # that class never makes token types
        assert set(ours("a")) == set(theirs("a").keys())


def test_vocab_txt_with_duplicates(tmp_path: Path) -> None:
    """Catches another numbering of a vocabulary file than Transformers has.

    No token ends in white space here: version 4 kept it, version 5 trims it, we keep it.
    """
    lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", " b", "a", "", "c"]
    (tmp_path / "vocab.txt").write_bytes("\n".join(lines).encode())
    with pytest.warns(UserWarning, match="repeat"):
        ours = Tokenizer.from_pretrained(tmp_path)
    theirs = transformers.BertTokenizer(str(tmp_path / "vocab.txt"))
    for token in {*lines}:
        assert ours.convert_tokens_to_ids(token) == theirs.convert_tokens_to_ids(token), token
    assert ours.tokenize("a b c") == theirs.tokenize("a b c")


def test_decode(peer: Peer, minilm_folder: Path) -> None:
    """Catches a space too many or too few, with and without special tokens and clean-up."""
    ours = Tokenizer.from_pretrained(minilm_folder)
    theirs = transformers.BertTokenizer.from_pretrained(minilm_folder)
    rng = random.Random(7)
    common = ours.convert_tokens_to_ids("' s n ##'t t m . , ? ! ve re ##s do not [SEP] ##.".split())
    rows = [
        [rng.choice(common) if rng.random() < 0.6 else rng.randrange(30522) for _ in range(30)]
        for _ in range(500)
    ]
    rows += [array.tolist() for array in ours(ODD, padding=False).input_ids]
    for row in rows:
        for skip, clean in product((True, False), (True, False, None)):
            assert ours.decode(row, skip, clean) == theirs.decode(
                row, skip_special_tokens=skip, clean_up_tokenization_spaces=clean
            )
    assert ours.convert_ids_to_tokens(rows[0]) == theirs.convert_ids_to_tokens(rows[0])
    peer.compared("decoded sequences x 6 (transformers)", len(rows))


def test_added_tokens(minilm_folder: Path, tmp_path: Path) -> None:
    """Catches another search for added tokens: normalised or not, overlapping, inside words."""
    theirs = transformers.BertTokenizer.from_pretrained(minilm_folder)
    theirs.add_tokens(
        [
            tokenizers.AddedToken("\xc9T\xc9", normalized=True),
            tokenizers.AddedToken("New York", normalized=True),
            tokenizers.AddedToken("York City", normalized=False),
            tokenizers.AddedToken("[SEP][X]", normalized=False),
        ]
    )
    theirs.save_pretrained(tmp_path)
    ours = Tokenizer.from_pretrained(tmp_path)
    assert ours.vocab_size == len(theirs) == 30522 + 4
    texts = ["l'e\u0301te\u0301 [SEP][X][SEP]", "new york city", "New York City", "xNEW\tYORKx ete"]
    batch = ours(texts, padding=False, return_offsets_mapping=True)
    for index, text in enumerate(texts):
        expected = theirs(text, return_offsets_mapping=True)
        assert batch["input_ids"][index].tolist() == expected["input_ids"], text
        spans = [tuple(span) for span in batch["offset_mapping"][index].tolist()]
        assert spans == expected["offset_mapping"], text
        assert ours.decode(batch["input_ids"][index]) == theirs.decode(expected["input_ids"])


def table_tool() -> ModuleType:
    path = Path(__file__).parent.parent.parent / "tools" / "make_unicode_tables.py"
    spec = importlib.util.spec_from_file_location("make_unicode_tables", path)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_the_tables_are_derived_again() -> None:
    """Catches tables edited by hand, and an installed library that answers otherwise."""
    tool = table_tool()
    assert tokenizers.__version__ == tool.PINNED
    assert tool.derive() == tool.TARGET.read_bytes()
