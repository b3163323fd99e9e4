"""The tokenizer against golden answers of `tokenizers`; needs only what the package needs.

tools/make_golden.py makes the file, tests/live/test_golden_is_current.py holds it to the library.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from npdistil.text.tokenizer import Tokenizer

GOLDEN = Path(__file__).parent.parent / "golden" / "tokenization.json"
FIELDS = ("input_ids", "token_type_ids", "offset_mapping")


@cache
def golden() -> dict[str, Any]:
    return json.loads(GOLDEN.read_text(encoding="ascii"))


def tokenizer_of(index: int, backend: str) -> Tokenizer:
    lower, strip, chinese = golden()["settings"][index]
    return Tokenizer.from_vocab(
        golden()["vocabulary"],
        do_lower_case=lower,
        strip_accents=strip,
        tokenize_chinese_chars=chinese,
        backend=backend,
    )


def answers_of(index: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(case, what the library answers) under one setting."""
    found = [
        (case, encoding)
        for case in golden()["cases"]
        for encoding in case["encodings"]
        if index in encoding["settings"]
    ]
    assert len(found) == len(golden()["cases"]), "one answer for each case"
    return found


def encoded(tokenizer: Tokenizer, case: dict[str, Any]) -> dict[str, Any]:
    batch = tokenizer(
        [case["text"]],
        None if case["pair"] is None else [case["pair"]],
        padding=False,
        truncation=case["max_length"] is not None,
        max_length=case["max_length"],
        return_offsets_mapping=True,
    )
    return {name: batch[name][0].tolist() for name in FIELDS}


@pytest.mark.parametrize("backend", ["numba", "python"])
@pytest.mark.parametrize("index", range(12))
def test_ids_types_and_offsets(index, backend):
    """A step left out, in another order or with other characters, under each setting."""
    tokenizer = tokenizer_of(index, backend)
    for case, expected in answers_of(index):
        found = encoded(tokenizer, case)
        for name in FIELDS:
            assert found[name] == expected[name], (ascii(case["text"]), case["pair"], name)


@pytest.mark.parametrize("index, other", [(0, 6), (0, 4), (0, 1), (6, 8)])
def test_each_setting_shows_in_the_golden_texts(index, other):
    """Texts that no switch changes: a tokenizer of other settings must fail the test above."""
    tokenizer = tokenizer_of(other, "python")
    wrong = [
        case
        for case, expected in answers_of(index)
        if encoded(tokenizer, case)["input_ids"] != expected["input_ids"]
    ]
    assert len(wrong) >= 2


def test_the_texts_are_the_difficult_ones():
    """A file made again from easier texts, or with a vocabulary that knows nothing or all."""
    cases, vocabulary = golden()["cases"], golden()["vocabulary"]
    assert len(cases) >= 400
    assert 200 < len(vocabulary) < 1000
    joined = "".join(case["text"] for case in cases)
    for char in "\0\t\x85\xad\u0345\u200d\ufffd\ue000\U0002b91f\u0130\ud55c\U0001d165":
        assert char in joined, ascii(char)
    assert any(case["pair"] is not None and case["max_length"] for case in cases)
    ids = [encoding["input_ids"] for case in cases for encoding in case["encodings"]]
    unknown = vocabulary.index("[UNK]")
    assert 0.05 < sum(unknown in row for row in ids) / len(ids) < 0.5
    assert len({one for row in ids for one in row}) > 150
