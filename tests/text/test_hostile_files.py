"""Files that must be refused, each with its reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npdistil.errors import InputError, TokenizerError
from npdistil.text.tokenizer import Tokenizer
from tests.text.tiny import IDS, VOCAB, added, tokenizer_json, write_folder

load = Tokenizer.from_pretrained
LINES = "\n".join(VOCAB).encode() + b"\n"


@pytest.mark.parametrize(
    "content, message",
    [
        (b"\xef\xbb\xbf" + LINES, "byte order mark"),
        (LINES + b"x\0y\n", f"NUL character in line {len(VOCAB) + 1}"),
        (LINES + b"x\ry\n", f"lone carriage return in line {len(VOCAB) + 1}"),
        (LINES + b"x\r", "lone carriage return"),
        (LINES.replace(b"\n", b"\r"), "lone carriage return in line 1"),
        (LINES + b"\xff\n", "not UTF-8"),
        (LINES + b"\xed\xa0\x80\n", "not UTF-8"),
        ("\n".join(VOCAB).encode("utf-16"), "not UTF-8"),
        (b"", "empty"),
        (b"\n" * 1_100_000, "at most 1048576 are accepted"),
        (b"x" * (1 << 24) + b"y", "at most 16777216 are accepted"),
        (b"[PAD]\n[UNK]\n[CLS]\n", r"lacks \[SEP\]"),
        (b"hello\nworld\n", r"lacks \[UNK\], \[CLS\], \[SEP\], \[PAD\]"),
    ],
)
def test_hostile_vocab_txt(tmp_path: Path, content: bytes, message: str) -> None:
    """Catches a vocabulary that two readers would number differently."""
    with pytest.raises(TokenizerError, match=message):
        load(write_folder(tmp_path, vocab_txt=content))


def at(*path: Any, value: Any = None, drop: bool = False) -> Callable[[dict[str, Any]], None]:
    """A change at one place of tokenizer.json."""

    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        if drop:
            del content[path[-1]]
        elif isinstance(content, list) and path[-1] == "+":
            content.append(value)
        else:
            content[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change, message",
    [
        (at("normalizer", "type", value="NFC"), "normalizer: type: .*BertNormalizer.*NFC"),
        (at("normalizer", value=None), "normalizer: expected an object"),
        (at("normalizer", "lowercase", value=1), "lowercase: expected true or false"),
        (at("normalizer", "strip_accents", value="no"), "strip_accents"),
        (at("normalizer", "extra", value=1), "extra: unknown field"),
        (at("pre_tokenizer", "type", value="ByteLevel"), "pre_tokenizer: type: .*ByteLevel"),
        (at("model", "type", value="BPE"), "model: type: .*BPE"),
        (at("model", "merges", value=[]), "merges: unknown field"),
        (at("model", "vocab", value=[]), "vocab: expected an object"),
        (at("model", "vocab", value={}), "vocabulary is empty"),
        (at("model", "vocab", "a", value=-1), "'?a'?: expected an integer"),
        (at("model", "vocab", "a", value=2**31), "expected an integer"),
        (at("model", "vocab", "a", value=10**19), "expected an integer"),
        (at("model", "vocab", "a", value=True), "expected an integer"),
        (at("model", "vocab", "a", value=5.0), "expected an integer"),
        (at("model", "vocab", "a", value="5"), "expected an integer"),
        (at("model", "vocab", "a", value=None), "expected an integer"),
        (at("model", "vocab", "a", value=IDS["b"]), "is .* too"),
        (at("model", "vocab", "\ud800", value=len(VOCAB)), "lone surrogate"),
        (at("model", "vocab", "[UNK]", drop=True), r"\[UNK\].*rows without a token"),
        (at("model", "unk_token", value="a"), "unk_token is"),
        (at("model", "max_input_chars_per_word", value=0), "max_input_chars_per_word"),
        (at("model", "max_input_chars_per_word", value=10**9), "max_input_chars_per_word"),
        (at("model", "continuing_subword_prefix", value=7), "continuing_subword_prefix"),
        (at("post_processor", value=None), "post_processor: expected an object"),
        (at("post_processor", "type", value="RobertaProcessing"), "RobertaProcessing"),
        (at("post_processor", "single", value=[]), "single: only BERT's"),
        (at("post_processor", "pair", value=[]), "pair: expected BERT's"),
        (at("post_processor", "pair", 4, "SpecialToken", "type_id", value=0), "pair: only"),
        (at("post_processor", "special_tokens", "[CLS]", "ids", value=[9]), "id 9, but .* 2"),
        (at("post_processor", "special_tokens", "[CLS]", "ids", value=[2, 2]), "exactly one"),
        (at("decoder", "type", value="BPEDecoder"), "decoder: type: .*BPEDecoder"),
        (at("decoder", "prefix", value="@@"), "prefix"),
        (at("added_tokens", value={}), "added_tokens: expected an array"),
        (at("added_tokens", 0, value=3), r"added_tokens\[0\]: expected an object"),
        (at("added_tokens", 0, "id", value=-1), "id: expected an integer"),
        (at("added_tokens", 0, "id", value=1), "twice"),
        (at("added_tokens", 0, "id", value=7), r"\[PAD\].* has id 7, expected 0"),
        (at("added_tokens", "+", value=added("<X>", len(VOCAB) + 5)), "has id 25, expected 20"),
        (at("added_tokens", "+", value=added("[PAD]", len(VOCAB))), "twice"),
        (at("added_tokens", "+", value=added("", len(VOCAB))), "must not be empty"),
        (at("added_tokens", "+", value=added(" \t", len(VOCAB), lstrip=True)), "lstrip: true"),
        (at("added_tokens", "+", value=added("X", len(VOCAB), rstrip=1)), "rstrip: expected"),
        (at("added_tokens", "+", value=added("X", len(VOCAB), single_word="")), "single_word"),
        (at("added_tokens", "+", value=added("\0", len(VOCAB), normalized=True)), "empty"),
        (at("added_tokens", "+", value=added("A", len(VOCAB), special="yes")), "special"),
        (at("truncation", value=3), "truncation: expected an object"),
        (at("truncation", value={"direction": "Up"}), "direction: expected one of"),
        (at("truncation", value={"strategy": "Shortest"}), "strategy: expected one of"),
        (at("truncation", value={"max_length": -1}), "max_length: expected an integer"),
        (at("truncation", value={"length": 5}), "length: unknown field"),
        (at("padding", value={"strategy": {"Fixed": "9"}}), "Fixed: expected an integer"),
        (at("padding", value={"strategy": "Longest"}), "strategy: expected one of"),
        (at("padding", value={"pad_token": 0}), "pad_token: expected a string"),
        (at("plugins", value=["os"]), "plugins: unknown field"),
    ],
)
def test_hostile_tokenizer_json(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    """Catches a component that is taken for BERT's, and bare KeyError or TypeError."""
    content = tokenizer_json()
    change(content)
    with pytest.raises(TokenizerError, match=message):
        load(write_folder(tmp_path, tokenizer_json=content))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"model": NaN}',
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        '{"model":' * 5000,
        '{"a": ' + "9" * 5000 + "}",
    ],
)
@pytest.mark.parametrize(
    "name", ["tokenizer_json", "tokenizer_config_json", "special_tokens_map_json", "config_json"]
)
def test_files_that_are_no_json_objects(tmp_path: Path, name: str, text: str) -> None:
    """Catches RecursionError and JSONDecodeError leaving the package."""
    with pytest.raises(TokenizerError):
        load(write_folder(tmp_path, vocab_txt=VOCAB, **{name: text}))


@pytest.mark.parametrize(
    "told, message",
    [
        ({"tokenizer_class": "RobertaTokenizer"}, "tokenizer_class: .*RobertaTokenizer"),
        ({"tokenizer_class": "os.system"}, "tokenizer_class: expected one of"),
        ({"tokenizer_class": ["BertTokenizer"]}, "tokenizer_class: expected a string"),
        ({"do_lower_case": "false"}, "do_lower_case: expected true or false"),
        ({"do_lower_case": None}, "do_lower_case"),
        ({"strip_accents": 0}, "strip_accents"),
        ({"model_max_length": 2}, "model_max_length: expected an integer from 3"),
        ({"model_max_length": -1}, "model_max_length"),
        ({"model_max_length": 512.0}, "model_max_length"),
        ({"model_max_length": "512"}, "model_max_length"),
        ({"model_max_length": True}, "model_max_length"),
        ({"padding_side": "up"}, "padding_side: expected one of left, right"),
        ({"truncation_side": 3}, "truncation_side"),
        ({"cls_token": "<s>"}, "lacks <s>"),
        ({"cls_token": 7}, "cls_token: expected a string"),
        ({"cls_token": ""}, "cls_token: an empty token"),
        ({"mask_token": {"content": "[MASK]", "lstrip": 1}}, "lstrip"),
        ({"eos_token": "<eos>"}, "lacks <eos>"),
        ({"additional_special_tokens": "x"}, "expected an array"),
        ({"additional_special_tokens": ["<new>"]}, "lacks <new>"),
        ({"model_input_names": "input_ids"}, "model_input_names"),
        ({"split_special_tokens": "yes"}, "split_special_tokens"),
        ({"pad_token_type_id": 1}, "pad_token_type_id"),
        ({"added_tokens_decoder": []}, "added_tokens_decoder: expected an object"),
        ({"added_tokens_decoder": {"x": {"content": "a"}}}, "'x': expected an id"),
        ({"added_tokens_decoder": {"-1": {"content": "a"}}}, "'-1': expected an id"),
        ({"added_tokens_decoder": {"9" * 15: {"content": "a"}}}, "expected an id"),
        ({"added_tokens_decoder": {"\u0663": {"content": "a"}}}, "expected an id"),
        ({"added_tokens_decoder": {"3": {"content": "a"}}}, "has id 3, expected 5"),
        ({"added_tokens_decoder": {"5": "a"}}, "expected an object"),
        ({"added_tokens_decoder": {"5": {}}}, "content: expected a string"),
        ({"clean_up_tokenization_spaces": "x"}, "clean_up_tokenization_spaces"),
    ],
)
def test_hostile_tokenizer_config(tmp_path: Path, told: dict[str, Any], message: str) -> None:
    """Catches settings that are guessed at, and names that are imported."""
    with pytest.raises(TokenizerError, match=message):
        load(write_folder(tmp_path, vocab_txt=VOCAB, tokenizer_config_json=told))


@pytest.mark.parametrize("config", [{"vocab_size": 10}, {"vocab_size": "x"}, {"vocab_size": 0}])
def test_ids_must_fit_the_embedding_table(tmp_path: Path, config: dict[str, Any]) -> None:
    """Catches ids that read memory behind the table."""
    with pytest.raises(TokenizerError, match=r"vocab_size|10 rows"):
        load(write_folder(tmp_path, vocab_txt=VOCAB, config_json=config))


def test_contradicting_vocabularies(tmp_path: Path) -> None:
    """Catches two ids swapped in one of the files, which flips predictions unnoticed."""
    swapped = [*VOCAB]
    swapped[5], swapped[6] = swapped[6], swapped[5]
    with pytest.raises(TokenizerError, match=r"vocab\.txt and tokenizer\.json disagree.*'a'"):
        load(write_folder(tmp_path, vocab_txt=swapped, tokenizer_json=tokenizer_json()))


def test_nothing_there(tmp_path: Path) -> None:
    """Catches FileNotFoundError."""
    with pytest.raises(TokenizerError, match="no such folder"):
        load(tmp_path / "absent")
    with pytest.raises(TokenizerError, match=r"neither tokenizer\.json nor vocab\.txt"):
        load(tmp_path)
    (tmp_path / "vocab.txt").mkdir()
    with pytest.raises(TokenizerError, match=r"not a regular file|cannot be opened"):
        load(tmp_path)
    for name in ("nul\0name", "x" * 5000, "\ud800"):
        with pytest.raises((TokenizerError, InputError)):
            load(name)
