"""Model folders: what they say, and whose word counts where they say it twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from npdistil.errors import TokenizerError
from npdistil.text.tokenizer import Tokenizer
from tests.text.tiny import IDS, SPECIAL, VOCAB, added, tokenizer_json, write_folder

load = Tokenizer.from_pretrained
CONFIG = {"model_type": "bert", "vocab_size": len(VOCAB), "max_position_embeddings": 64}


def test_vocab_txt_alone(tmp_path: Path) -> None:
    """Catches an XtremeDistil folder, which has nothing else, being cased or unlimited."""
    tokenizer = load(write_folder(tmp_path, vocab_txt=VOCAB, config_json=CONFIG))
    assert tokenizer.tokenize("UN\xc9 \u4e2d") == ["un", "##e", "\u4e2d"]
    assert tokenizer.model_max_length == 64
    assert tokenizer.vocab_size == len(VOCAB)
    assert load(str(tmp_path)).settings == tokenizer.settings


def test_tokenizer_json_alone(tmp_path: Path) -> None:
    """Catches a need for vocab.txt, and a normalizer block that nobody reads."""
    content = tokenizer_json()
    content["normalizer"]["lowercase"] = False
    tokenizer = load(write_folder(tmp_path, tokenizer_json=content))
    assert tokenizer.tokenize("A \xe9") == ["[UNK]", "\xe9"]
    assert tokenizer.model_max_length is None


def test_config_overrides_the_normalizer_block(tmp_path: Path) -> None:
    """Catches the other precedence: do_lower_case of tokenizer_config.json counts."""
    told = {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}
    folder = write_folder(
        tmp_path, tokenizer_json=tokenizer_json(), tokenizer_config_json=told, vocab_txt=VOCAB
    )
    settings = load(folder).settings
    assert not settings.do_lower_case and settings.strip_accents
    assert not settings.tokenize_chinese_chars


@pytest.mark.parametrize("kind", ["PreTrainedTokenizerFast", "TokenizersBackend"])
def test_a_generic_class_takes_the_normalizer_block(tmp_path: Path, kind: str) -> None:
    """Catches BERT's defaults imposed on a class that has none."""
    content = tokenizer_json()
    content["normalizer"].update(lowercase=False, clean_text=False)
    content["decoder"]["cleanup"] = False
    told = {"tokenizer_class": kind, "do_lower_case": True}
    settings = load(
        write_folder(tmp_path, tokenizer_json=content, tokenizer_config_json=told)
    ).settings
    assert not settings.do_lower_case and not settings.clean_text and not settings.decoder_cleanup


def test_silence_of_the_config_is_warned_about(tmp_path: Path) -> None:
    """Catches a cased model that is lowered without a word, as Transformers does."""
    content = tokenizer_json()
    content["normalizer"]["lowercase"] = False
    folder = write_folder(
        tmp_path, tokenizer_json=content, tokenizer_config_json={"model_max_length": 9}
    )
    with pytest.warns(UserWarning, match="does not say do_lower_case"):
        assert load(folder).settings.do_lower_case


def test_the_shorter_limit_counts_and_the_call_s_blocks_do_not(tmp_path: Path) -> None:
    """Catches the trap of all-MiniLM-L6-v2, whose tokenizer.json truncates to 128."""
    content = tokenizer_json()
    content["truncation"] = {"max_length": 5, "strategy": "LongestFirst", "stride": 0}
    content["padding"] = {"strategy": {"Fixed": 9}, "direction": "Left", "pad_id": 0}
    told = {"model_max_length": 32}
    folder = write_folder(
        tmp_path, tokenizer_json=content, tokenizer_config_json=told, config_json=CONFIG
    )
    assert load(folder).model_max_length == 32
    assert load(folder).settings.padding_side == "left"  # a side is not a length
    write_folder(tmp_path, tokenizer_config_json={"model_max_length": 4096})
    assert load(folder).model_max_length == 64


@pytest.mark.parametrize("huge", ["1000000000000000019884624838656", "1e30", "1000000000"])
def test_no_limit_as_transformers_writes_it(tmp_path: Path, huge: str) -> None:
    """Catches int(1e30), which every tokenizer without a limit is saved with, as an error."""
    text = f'{{"model_max_length": {huge}, "note": "x"}}'
    folder = write_folder(tmp_path, vocab_txt=VOCAB, tokenizer_config_json=text)
    assert load(folder).model_max_length is None


@pytest.mark.parametrize(
    "told, config",
    [
        ({"tokenizer_class": "DistilBertTokenizer"}, {}),
        ({"tokenizer_class": "DistilBertTokenizerFast"}, {}),
        ({"model_input_names": ["input_ids", "attention_mask"]}, CONFIG),
        ({}, {"model_type": "distilbert"}),
    ],
)
def test_distilbert_takes_no_token_types(
    tmp_path: Path, told: dict[str, Any], config: dict[str, Any]
) -> None:
    """Catches a key that DistilBERT's forward does not have."""
    folder = write_folder(tmp_path, vocab_txt=VOCAB, tokenizer_config_json=told, config_json=config)
    batch = load(folder)("a", "b", return_offsets_mapping=True)
    assert list(batch) == ["input_ids", "attention_mask", "offset_mapping"]
    assert batch.token_type_ids is None


def test_left_sides(tmp_path: Path) -> None:
    """Catches a side that is accepted and ignored."""
    told = {"padding_side": "left", "truncation_side": "left"}
    folder = write_folder(tmp_path, vocab_txt=VOCAB, tokenizer_config_json=told)
    batch = load(folder)(["a b c", "a"], max_length=4, return_offsets_mapping=True)
    cls_id, sep_id = IDS["[CLS]"], IDS["[SEP]"]
    assert batch["input_ids"].tolist() == [
        [cls_id, IDS["b"], IDS["c"], sep_id],
        [0, cls_id, IDS["a"], sep_id],
    ]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [0, 1, 1, 1]]
    assert batch["offset_mapping"][0].tolist() == [[0, 0], [2, 3], [4, 5], [0, 0]]


def test_other_names_for_the_special_tokens(tmp_path: Path) -> None:
    """Catches [CLS] written into the code, and the older file losing to the newer one."""
    tokens = ["<pad>", "<unk>", "<s>", "</s>", "a"]
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
    told = {**names, "cls_token": "a", "pad_token": {"content": "<pad>", "__type": "AddedToken"}}
    folder = write_folder(
        tmp_path, vocab_txt=tokens, tokenizer_config_json=told, special_tokens_map_json=names
    )
    tokenizer = load(folder)
    assert tokenizer("a b </s>")["input_ids"].tolist() == [[2, 4, 1, 3, 3]]
    assert tokenizer.decode([2, 4, 3], skip_special_tokens=True) == "a"
    assert tokenizer.mask_token_id is None
    write_folder(tmp_path, tokenizer_config_json={**told, "added_tokens_decoder": {}})
    assert load(folder).cls_token_id == 4
    write_folder(tmp_path, tokenizer_config_json={"added_tokens_decoder": {}})
    with pytest.raises(TokenizerError, match=r"lacks \[UNK\]"):  # the older file is not read then
        load(folder)


def test_added_tokens(tmp_path: Path) -> None:
    """Catches added tokens that are ignored, lowered, or not lowered when they should be."""
    content = tokenizer_json()
    content["added_tokens"] += [
        added("<X>", len(VOCAB)),
        added("NEW \xc9", len(VOCAB) + 1, special=False, normalized=True),
    ]
    tokenizer = load(write_folder(tmp_path, tokenizer_json=content))
    assert tokenizer.vocab_size == len(VOCAB) + 2
    batch = tokenizer("a<X>anew e\u0301<x>", return_offsets_mapping=True)
    pieces = tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
    assert pieces == ["[CLS]", "a", "<X>", "a", "new e", *["[UNK]"] * 3, "[SEP]"]
    assert batch["offset_mapping"][0].tolist()[4] == [5, 10]
    assert tokenizer.decode(batch["input_ids"][0][2:5], skip_special_tokens=True) == "a new e"


def test_a_named_special_token_is_special(tmp_path: Path) -> None:
    """Catches skip_special_tokens that trusts a file which calls [CLS] an ordinary token."""
    content = tokenizer_json()
    content["added_tokens"][IDS["[CLS]"]]["special"] = False
    tokenizer = load(write_folder(tmp_path, tokenizer_json=content))
    assert tokenizer.decode([IDS["[CLS]"], IDS["a"]], skip_special_tokens=True) == "a"


def test_added_tokens_of_older_folders(tmp_path: Path) -> None:
    """Catches added_tokens.json being ignored, or used although the newer list is there."""
    folder = write_folder(tmp_path, vocab_txt=VOCAB, added_tokens_json={"Xa": len(VOCAB)})
    assert load(folder).tokenize("aXAb") == ["a", "xa", "b"]  # searched in lower case
    decoder = {str(len(VOCAB)): {"content": "Yb", "special": True}}
    write_folder(tmp_path, tokenizer_config_json={"added_tokens_decoder": decoder})
    assert load(folder).tokenize("aYb") == ["a", "Yb"]


def test_repeated_rows_warn_and_the_last_counts(tmp_path: Path) -> None:
    """Catches the first row winning, and a silent dead row in the embedding table."""
    folder = write_folder(tmp_path, vocab_txt=[*VOCAB, "a"])
    with pytest.warns(UserWarning, match="1 rows repeat.*'a'"):
        tokenizer = load(folder)
    assert tokenizer.convert_tokens_to_ids("a") == len(VOCAB)
    assert tokenizer.vocab_size == len(VOCAB) + 1


def test_lines_end_at_newlines_only(tmp_path: Path) -> None:
    """Catches strip() and splitlines(): a token may end in a space, or hold U+2028 or U+0085."""
    odd = ["x ", "\xa0", "\u2028", "y\x85", "", "z"]
    for newline in ("\n", "\r\n"):
        content = newline.join([*VOCAB, *odd]).encode()
        tokenizer = load(write_folder(tmp_path, vocab_txt=content))
        for row, token in enumerate(odd, len(VOCAB)):
            assert tokenizer.convert_ids_to_tokens(row) == token
        assert tokenizer.vocab_size == len(VOCAB) + len(odd)


def test_bert_processing(tmp_path: Path) -> None:
    """Catches the older post-processor being refused."""
    content = tokenizer_json()
    cls_id, sep_id = IDS["[CLS]"], IDS["[SEP]"]
    content["post_processor"] = {
        "type": "BertProcessing", "sep": ["[SEP]", sep_id], "cls": ["[CLS]", cls_id],
    }  # fmt: skip
    tokenizer = load(write_folder(tmp_path, tokenizer_json=content))
    assert tokenizer("a")["input_ids"].tolist() == [[cls_id, IDS["a"], sep_id]]
    for bad in (["[SEP]"], ["[SEP]", 9], [3, 3], None):
        content["post_processor"]["sep"] = bad
        with pytest.raises(TokenizerError):
            load(write_folder(tmp_path, tokenizer_json=content))


def test_the_valid_file_is_valid(tmp_path: Path) -> None:
    """Catches a helper so broken that every hostile case above fails for another reason."""
    content = json.loads(json.dumps(tokenizer_json()))
    tokenizer = load(write_folder(tmp_path, tokenizer_json=content, vocab_txt=VOCAB))
    assert tokenizer.convert_ids_to_tokens(list(range(5))) == SPECIAL
