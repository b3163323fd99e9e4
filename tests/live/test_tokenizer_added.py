"""Added tokens with all their rules against `tokenizers`, and folders saved and read back."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import transformers

from npdistil import TokenizerError
from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from tests.text.engines import ENGINES
from tests.text.tiny import IDS, SPECIAL, VOCAB, added, tokenizer_json, write_folder

CONTENTS = [
    *(
        "X",
        "xy",
        "XYZ",
        "\xe9A",
        "a b",
        " X",
        "X ",
        "un",
        "[X]",
        "[SEP][X]",
        "\u4e2dX",
        "##b",
        "a,",
    ),
    *("\u0301X", "X\u0301", "_", "B", "bun", "\u3000"),
]
PARTS = [
    *("X", "x", "xy", "XYZ", "\xe9", "e\u0301", "a", "b", " ", " ", "  ", "\t", "\n", "\u3000"),
    *("un", "able", "[X]", "[SEP]", "[MASK]", "\u4e2d", ",", "!", "_", "7", "\u0301", "\u200b"),
    *("\x85", "\x0b", "\u200d", "\U0001f600", "\uac00", "B", "bun", "\x00"),
]


def drawn_tokenizer_json(rng: random.Random, likely: float = 1.0) -> dict[str, Any]:
    """Up to six added tokens, each rule on or off; some are in the vocabulary already.

    With `likely` 0 no token has a rule.
    """
    content = tokenizer_json()
    content["normalizer"]["lowercase"] = rng.random() < 0.6
    next_id = len(VOCAB)
    for name in rng.sample(CONTENTS, rng.randrange(1, 7)):
        rules: dict[str, Any] = {
            rule: rng.random() < 0.4 * likely for rule in ("single_word", "lstrip", "rstrip")
        }
        if name.isspace():
            rules["lstrip"] = False
        token_id = IDS.get(name, next_id)
        next_id += token_id == next_id
        content["added_tokens"].append(
            added(
                name,
                token_id,
                special=rng.random() < 0.5,
                normalized=rng.random() < 0.5 * likely,
                **rules,
            )
        )
    content["added_tokens"].sort(key=lambda token: token["id"])
    for token in content["added_tokens"][: len(SPECIAL)]:
        rules = ("single_word", "lstrip", "rstrip")
        token.update({rule: rng.random() < 0.2 * likely for rule in rules})
    return content


def loaded(folder: Path, rng: random.Random) -> Iterator[tuple[Tokenizer, tokenizers.Tokenizer]]:
    """Both for one drawing; nothing where two tokens are one after normalisation.

    The library then finds one of the two, and not always the same one; we refuse.
    """
    content = drawn_tokenizer_json(rng)
    write_folder(folder, tokenizer_json=content)
    try:
        ours = Tokenizer.from_pretrained(folder)
    except TokenizerError as error:
        assert "another token's" in str(error)
        return
    yield ours, tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))


def assert_same(ours: Tokenizer, theirs: tokenizers.Tokenizer, texts: list[str]) -> None:
    """Ids, offsets and words, with special tokens as tokens and as text."""
    for mode in ("parse", "text"):
        theirs.encode_special_tokens = mode == "text"
        batch = ours(texts, padding=False, return_offsets_mapping=True, special_tokens_in_text=mode)
        for index, wanted in enumerate(theirs.encode_batch(texts)):
            where = (ascii(texts[index]), mode)
            assert batch["input_ids"][index].tolist() == wanted.ids, where
            spans = [tuple(span) for span in batch["offset_mapping"][index].tolist()]
            assert spans == wanted.offsets, where
            assert batch.word_ids(index) == wanted.word_ids, where
    theirs.encode_special_tokens = False


def test_drawn_rules(tmp_path: Path, compared: Callable[[str, int], None]) -> None:
    """Catches a rule on the wrong side, \\w or white space of another Unicode, a wrong overlap."""
    rng = random.Random(7)
    pairs = 0
    for _ in range(300):
        for ours, theirs in loaded(tmp_path, rng):
            pairs += 1
            texts = [
                "".join(rng.choice(PARTS) for _ in range(rng.randrange(12))) for _ in range(40)
            ]
            assert_same(ours, theirs, texts)
            compared("texts with drawn added tokens x 2 (tokenizers)", len(texts))
    assert pairs > 250


@pytest.mark.parametrize("engine", ENGINES)
def test_drawn_tokens_without_rules(
    tmp_path: Path, compared: Callable[[str, int], None], engine: str
) -> None:
    """Catches a shorter token taken, one found inside another, or a piece of one left over."""
    rng = random.Random(9)
    for _ in range(60):
        write_folder(tmp_path, tokenizer_json=drawn_tokenizer_json(rng, 0.0))
        ours = ENGINES[engine].make(*load_settings(tmp_path))
        theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
        texts = ["".join(rng.choice(PARTS) for _ in range(rng.randrange(12))) for _ in range(40)]
        assert_same(ours, theirs, texts)
        compared(f"texts with plain added tokens x 2, {engine} (tokenizers)", len(texts))


def test_every_neighbour_of_a_token(tmp_path: Path, compared: Callable[[str, int], None]) -> None:
    """Catches a wrong character among those of \\w, or among the 25 of white space.

    All 1,112,064 are looked at when the tables are derived again.
    """
    content = tokenizer_json()
    for place, rule in enumerate(("single_word", "lstrip", "rstrip")):
        content["added_tokens"].append(added(f"<{place}>", len(VOCAB) + place, **{rule: True}))
    write_folder(tmp_path, tokenizer_json=content)
    ours = Tokenizer.from_pretrained(tmp_path)
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    codes = [*range(0x3100), *range(0x3100, 0xD800, 97), *range(0xE000, 0x32000, 17)]
    for start in range(0, len(codes), 64):
        part = [chr(code) for code in codes[start : start + 64]]
        text = "".join(f"{c}<0>\n<0>{c}.{c}<1>.<2>{c}." for c in part)
        found = ours(text, padding=False, truncation=False, return_offsets_mapping=True)
        wanted = theirs.encode(text)
        assert found["input_ids"][0].tolist() == wanted.ids, hex(codes[start])
        spans = [tuple(span) for span in found["offset_mapping"][0].tolist()]
        assert spans == wanted.offsets, hex(codes[start])
    compared("code points beside added tokens (tokenizers)", len(codes))


def test_saved_folders(tmp_path: Path, compared: Callable[[str, int], None]) -> None:
    """Catches a rule, an id or a setting that is lost on the way to the disk and back."""
    rng = random.Random(8)
    folders = 0
    for number in range(60):
        for ours, theirs in loaded(tmp_path / "drawn", rng):
            settings = ours.settings._replace(
                model_max_length=rng.choice((None, 32)),
                padding_side=rng.choice(("left", "right")),
                truncation_side=rng.choice(("left", "right")),
                strip_accents=rng.choice((None, True, False)),
                tokenize_chinese_chars=rng.random() < 0.5,
                returns_token_type_ids=rng.random() < 0.7,
                clean_up_tokenization_spaces=rng.random() < 0.5,
                clean_text=rng.random() < 0.7,
                decoder_cleanup=rng.random() < 0.7,
                max_input_chars_per_word=rng.choice((100, 100, 3)),
                special_tokens_in_text=rng.choice(("parse", "text")),
            )
            ours = Tokenizer(settings, ours._vocabulary, ours._added_tokens)
            folder = tmp_path / f"saved-{number}"
            ours.save_pretrained(folder)
            again = Tokenizer.from_pretrained(folder)
            assert again.settings == settings
            assert set(again._added_tokens) == set(ours._added_tokens)
            texts = [
                "".join(rng.choice(PARTS) for _ in range(rng.randrange(20))) for _ in range(20)
            ]
            raw = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            assert_same(again, raw, texts)
            assert_same(ours, raw, texts)
            theirs = transformers.AutoTokenizer.from_pretrained(folder)
            wanted = theirs(texts, padding=True, truncation=True, return_offsets_mapping=True)
            found = again(texts, return_offsets_mapping=True)
            assert set(found) == set(wanted.keys()), settings
            for name in found:
                mine = found[name].tolist()
                if name == "offset_mapping":
                    mine = [[tuple(span) for span in row] for row in mine]
                assert mine == wanted[name], (name, settings)
            for row in found["input_ids"]:
                assert again.decode(row) == theirs.decode(row.tolist())
            folders += 1
            compared("texts by saved folders (tokenizers, transformers)", 2 * len(texts))
    assert folders > 50


@pytest.mark.parametrize("name", ["lstrip", "rstrip", "single_word"])
@pytest.mark.parametrize("where", ["config", "map", "decoder", "json", "config+json"])
def test_where_a_rule_counts(tmp_path: Path, name: str, where: str) -> None:
    """Catches another precedence of the places that say how [MASK] is searched."""
    rules = {"content": "[MASK]", **dict.fromkeys(("lstrip", "rstrip", "single_word"), False)}
    described = {**rules, "normalized": False, name: True}
    told: dict[str, Any] = {"tokenizer_class": "BertTokenizer"}
    files: dict[str, Any] = {"tokenizer_config_json": told}
    if "config" in where:
        told["mask_token"] = {**described, "__type": "AddedToken"}
    if where == "map":
        files["special_tokens_map_json"] = {"mask_token": described}
    if where == "decoder":
        told["added_tokens_decoder"] = {str(IDS["[MASK]"]): {**described, "special": True}}
    if "json" in where:
        content = tokenizer_json()
        content["added_tokens"][4][name] = where == "json"
        files["tokenizer_json"] = content
    else:
        files["vocab_txt"] = VOCAB
    folder = write_folder(tmp_path, **files)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    text = "a [MASK] b[MASK]c  [MASK]"
    wanted = theirs(text, return_offsets_mapping=True)
    found = Tokenizer.from_pretrained(folder)(text, return_offsets_mapping=True)
    assert found["input_ids"][0].tolist() == wanted["input_ids"]
    assert [tuple(span) for span in found["offset_mapping"][0].tolist()] == wanted["offset_mapping"]


@pytest.mark.parametrize("decoder", [True, False])
@pytest.mark.parametrize("with_json", [True, False])
@pytest.mark.parametrize("with_map", [True, False])
def test_where_a_name_counts(
    tmp_path: Path, decoder: bool, with_json: bool, with_map: bool
) -> None:
    """Catches special_tokens_map.json that wins, or loses, where it does not in Transformers."""
    told: dict[str, Any] = {"tokenizer_class": "BertTokenizer", "mask_token": "b"}
    told |= {"additional_special_tokens": ["un"]}
    if decoder:
        told["added_tokens_decoder"] = {}
    files: dict[str, Any] = {"tokenizer_config_json": told}
    files |= {"tokenizer_json": tokenizer_json()} if with_json else {"vocab_txt": VOCAB}
    if with_map:
        files["special_tokens_map_json"] = {"mask_token": "c", "pad_token": "a"}
    folder = write_folder(tmp_path, **files)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    ours = Tokenizer.from_pretrained(folder)
    assert ours.mask_token_id == theirs.mask_token_id
    assert ours.pad_token_id == theirs.pad_token_id
    texts = ["abc unable", "b"]
    assert ours(texts)["input_ids"].tolist() == theirs(texts, padding=True)["input_ids"]


def test_the_word_limit_of_berts_class(tmp_path: Path) -> None:
    """Catches tokenizer.json's limit and prefix where Transformers takes BERT's own, and back."""
    content = tokenizer_json()
    content["model"]["max_input_chars_per_word"] = 3
    for kind in ("BertTokenizer", "PreTrainedTokenizerFast"):
        told = {"tokenizer_class": kind}
        folder = write_folder(tmp_path, tokenizer_json=content, tokenizer_config_json=told)
        theirs = transformers.AutoTokenizer.from_pretrained(folder)
        if kind == "BertTokenizer":
            with pytest.warns(UserWarning, match="max_input_chars_per_word 3"):
                ours = Tokenizer.from_pretrained(folder)
        else:
            ours = Tokenizer.from_pretrained(folder)
        assert ours.tokenize("unable") == theirs.tokenize("unable"), kind


def test_an_added_token_is_no_piece(tmp_path: Path) -> None:
    """Catches words that are spelled with added tokens which were not found in the text."""
    content = tokenizer_json()
    content["added_tokens"].append(added("zz", len(VOCAB), single_word=True))
    write_folder(tmp_path, tokenizer_json=content)
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in ("zz", "zzb", "ZZ"):
        wanted = theirs.encode(text, add_special_tokens=False).tokens
        assert Tokenizer.from_pretrained(tmp_path).tokenize(text) == wanted
    assert json.loads((tmp_path / "tokenizer.json").read_text())["model"]["vocab"] == IDS
