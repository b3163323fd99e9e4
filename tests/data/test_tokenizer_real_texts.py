"""All engines against `tokenizers` on real texts, single and as pairs."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from tokenizers import normalizers

from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from tests.data.real_texts import squad
from tests.live.flat import same_rows
from tests.text.engines import ENGINES

Texts = list[str] | list[tuple[str, str]]
Count = Callable[[str, int], None]

AT_LEAST = 20_000
GLUE_DEV = {  # columns of the text and, for pairs, of the second text
    "SST-2/dev.tsv": ("sentence",),
    "STS-B/dev.tsv": ("sentence1", "sentence2"),
    "MRPC/dev.tsv": ("#1 String", "#2 String"),
    "RTE/dev.tsv": ("sentence1", "sentence2"),
    "WNLI/dev.tsv": ("sentence1", "sentence2"),
    "QNLI/dev.tsv": ("question", "sentence"),
}
BATCH = 500

compared_here = 0


def check(
    ours: Tokenizer | Sequence[Tokenizer],
    theirs: tokenizers.Tokenizer,
    texts: Texts,
    limit: int | None = None,
) -> int:
    """Compare ids, types, masks and offsets, unpadded; return how many texts or pairs."""
    global compared_here
    assert texts
    if limit is None:
        theirs.no_truncation()
    else:
        theirs.enable_truncation(limit)
    theirs.no_padding()
    for start in range(0, len(texts), BATCH):
        part = texts[start : start + BATCH]
        is_pair = isinstance(part[0], tuple)
        encodings = theirs.encode_batch(part)
        wanted = {
            "input_ids": [encoding.ids for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
            "attention_mask": [encoding.attention_mask for encoding in encodings],
            "offset_mapping": [encoding.offsets for encoding in encodings],
        }
        for engine in [ours] if isinstance(ours, Tokenizer) else ours:
            batch = engine(
                [text[0] for text in part] if is_pair else part,
                [text[1] for text in part] if is_pair else None,
                padding=False,
                truncation=limit is not None,
                max_length=limit,
                return_offsets_mapping=True,
            )
            for name, rows in wanted.items():
                assert len(batch[name]) == len(rows)
                if same_rows(batch[name], rows):
                    continue
                for text, mine, row in zip(part, batch[name], rows, strict=True):
                    assert same_rows([mine], [row]), (name, text, mine.tolist(), row)
                raise AssertionError("rows that agree one by one differ together")
    compared_here += len(texts)
    return len(texts)


@pytest.fixture(scope="module")
def pair(minilm_folder: Path) -> tuple[list[Tokenizer], tokenizers.Tokenizer]:
    """All of ours, and theirs."""
    theirs = tokenizers.Tokenizer.from_file(str(minilm_folder / "tokenizer.json"))
    parts = load_settings(minilm_folder)
    return [engine.make(*parts) for engine in ENGINES.values()], theirs


def glue_dev(data_folder: Path) -> Iterator[tuple[str, Texts]]:
    for name, columns in GLUE_DEV.items():
        text = (data_folder / "glue" / name).read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = [[row[column] for column in columns] for row in reader]
        yield name, [tuple(row) if len(row) == 2 else row[0] for row in rows]
    for name in ("in_domain", "out_of_domain"):
        path = data_folder / "glue" / "CoLA" / f"dev.{name}.tsv"
        lines = path.read_text(encoding="utf-8").splitlines()
        yield f"CoLA/{name}", [line.split("\t")[3] for line in lines]
    for name in ("MNLI", "QQP"):
        content = json.loads((data_folder / "glue" / name / "heldout_subset.json").read_text())
        yield name, [(entry["text_a"], entry["text_b"]) for entry in content.values()]


def test_glue(
    pair: tuple[list[Tokenizer], tokenizers.Tokenizer], data_folder: Path, compared: Count
) -> None:
    """Catches what English sentences of nine sources hold, as pairs where they are pairs."""
    for _, texts in glue_dev(data_folder):
        compared("GLUE dev texts and pairs (tokenizers)", check(*pair, texts))


def test_squad(
    pair: tuple[list[Tokenizer], tokenizers.Tokenizer], data_folder: Path, compared: Count
) -> None:
    """Catches a wrong cut of long contexts: whole at first, then at lengths that must cut.

    Contexts return with many questions: all questions are compared below, all contexts under the
    grid of test_tokenizer_grid.py.
    """
    pairs = squad(data_folder)
    compared("SQuAD pairs (tokenizers)", check(*pair, pairs[::6]))
    for place, limit in enumerate((3, 8, 33, 64, 128, 384), 1):
        compared("SQuAD pairs, truncated (tokenizers)", check(*pair, pairs[place::24], limit))
    contexts = list(dict.fromkeys(context for _, context in pairs))
    compared("SQuAD contexts, truncated (tokenizers)", check(*pair, contexts, 100))


def test_padded_batches_of_real_texts(
    pair: tuple[list[Tokenizer], tokenizers.Tokenizer], data_folder: Path, compared: Count
) -> None:
    """Catches padding in the wrong place once lengths differ as they do in earnest."""
    engines, theirs = pair
    texts = [text for text, _ in squad(data_folder)[:640]]
    theirs.enable_truncation(24)
    theirs.enable_padding(pad_id=0, pad_token="[PAD]")
    for start in range(0, len(texts), 32):
        part = texts[start : start + 32]
        expected = theirs.encode_batch(part)
        masks = [row.attention_mask for row in expected]
        for ours in engines:
            batch = ours(part, max_length=24)
            np.testing.assert_array_equal(batch["input_ids"], [row.ids for row in expected])
            np.testing.assert_array_equal(batch["attention_mask"], masks)
    compared("padded rows (tokenizers)", len(texts))


def test_questions_tokenised_by_others(
    pair: tuple[list[Tokenizer], tokenizers.Tokenizer], data_folder: Path, compared: Count
) -> None:
    """Catches an error that we share with `tokenizers`: others published these pieces and ids."""
    folder = data_folder / "tokenizer_cases" / "swift"
    cases = json.loads((folder / "question_tokens.json").read_text(encoding="utf-8"))
    all_ids = json.loads((folder / "tokenized_questions.json").read_text(encoding="utf-8"))
    assert len(cases) == len(all_ids) == 10_570
    ours = pair[0][0]
    batch = ours([case["original"] for case in cases], padding=False, truncation=False)
    for case, ids, found in zip(cases, all_ids, batch["input_ids"], strict=True):
        assert found.tolist()[1:-1] == ids, case["original"]
        assert ours.convert_ids_to_tokens(ids) == case["wordpiece"]
    compared("questions with published ids (Swift)", len(cases))
    questions = [case["original"] for case in cases]
    compared("SQuAD questions (tokenizers)", check(*pair, questions))


def test_naughty_strings(
    pair: tuple[list[Tokenizer], tokenizers.Tokenizer], data_folder: Path, compared: Count
) -> None:
    """Catches control characters, bidirectional text, Zalgo, emoji and right-to-left marks."""
    strings = json.loads((data_folder / "text" / "blns" / "blns.json").read_text(encoding="utf-8"))
    emoji = (data_folder / "unicode" / "emoji-test.txt").read_text(encoding="utf-8").splitlines()
    shown = [line.split("#", 1)[1].strip() for line in emoji if "; " in line and "#" in line]
    compared("naughty strings and emoji (tokenizers)", check(*pair, [*strings, *shown]))
    backwards = list(zip(strings, strings[::-1], strict=True))
    compared("naughty pairs (tokenizers)", check(*pair, backwards, 16))


@pytest.mark.parametrize(
    "name, lower, strip, chinese",
    [
        ("bert-base-multilingual-cased", False, None, True),
        ("bert-base-multilingual-cased", False, True, False),
        ("bert-base-chinese", True, False, True),
        ("bert-base-uncased", True, None, True),
    ],
)
def test_human_rights_in_all_languages(
    data_folder: Path,
    tmp_path: Path,
    compared: Count,
    name: str,
    lower: bool,
    strip: bool | None,
    chinese: bool,
) -> None:
    """Catches errors in the scripts of the world, under three vocabularies."""
    vocab = data_folder / "tokenizer_cases" / "vocab" / f"{name}.vocab.txt"
    (tmp_path / "vocab.txt").write_bytes(vocab.read_bytes())
    parts = load_settings(tmp_path)
    changed = parts[0]._replace(
        do_lower_case=lower, strip_accents=strip, tokenize_chinese_chars=chinese
    )
    ours = [engine.make(changed, *parts[1:]) for engine in ENGINES.values()]
    ids = dict(parts[1].ids)
    theirs = tokenizers.Tokenizer(tokenizers.models.WordPiece(ids, unk_token="[UNK]"))
    theirs.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
    )
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    theirs.post_processor = tokenizers.processors.BertProcessing(
        ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
    )
    theirs.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    with zipfile.ZipFile(data_folder / "text" / "udhr2.zip") as archive:
        names = [entry for entry in archive.namelist() if entry.endswith(".txt")]
        # A few sentences of each language: the same articles say the same in all of them.
        texts = [archive.read(entry).decode("utf-8", "replace")[400:1600] for entry in names]
    assert len(texts) > 380
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    compared("UDHR lines, by vocabulary (tokenizers)", check(ours, theirs, lines))


@pytest.mark.parametrize("name", ["baai-bge-small-en", "bert-base-uncased"])
def test_other_tokenizer_json_files(
    data_folder: Path, tmp_path: Path, compared: Count, name: str
) -> None:
    """Catches a reader made for one file only; one of these has no model type, as older ones."""
    path = data_folder / "tokenizer_cases" / "vocab" / f"{name}.tokenizer.json"
    (tmp_path / "tokenizer.json").write_bytes(path.read_bytes())
    parts = load_settings(tmp_path)
    ours = [engine.make(*parts) for engine in ENGINES.values()]
    texts = [text for text, _ in squad(data_folder)[::20]]
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    compared("questions by other tokenizer.json (tokenizers)", check(ours, theirs, texts))


def test_enough_was_compared() -> None:
    """Catches a folder that lost its files: this test runs last and counts."""
    assert compared_here >= AT_LEAST, f"only {compared_here} texts and pairs were compared"
