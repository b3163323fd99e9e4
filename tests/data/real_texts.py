"""The real texts of NPDISTIL_DATA, by name: single texts and pairs."""

import csv
import io
import json
import zipfile
from pathlib import Path

Pairs = list[tuple[str, str]]
VOCABULARIES = ("bert-base-uncased", "bert-base-multilingual-cased", "bert-base-chinese")
GLUE_SINGLE = {"SST-2/dev.tsv": "sentence"}
GLUE_PAIRS = {  # columns of both texts
    "STS-B/dev.tsv": ("sentence1", "sentence2"),
    "MRPC/dev.tsv": ("#1 String", "#2 String"),
    "RTE/dev.tsv": ("sentence1", "sentence2"),
    "WNLI/dev.tsv": ("sentence1", "sentence2"),
    "QNLI/dev.tsv": ("question", "sentence"),
}


def vocabulary_folder(data: Path, name: str, folder: Path) -> Path:
    """A tokenizer folder with one of VOCABULARIES."""
    folder.mkdir(parents=True, exist_ok=True)
    content = (data / "tokenizer_cases" / "vocab" / f"{name}.vocab.txt").read_bytes()
    (folder / "vocab.txt").write_bytes(content)
    return folder


def real_texts(data: Path) -> dict[str, list[str]]:
    """Single texts."""
    texts = {
        f"GLUE {name}": [row[column] for row in _tsv(data / "glue" / name)]
        for name, column in GLUE_SINGLE.items()
    }
    for name in ("in_domain", "out_of_domain"):
        path = data / "glue" / "CoLA" / f"dev.{name}.tsv"
        lines = path.read_text(encoding="utf-8").splitlines()
        texts[f"GLUE CoLA {name}"] = [line.split("\t")[3] for line in lines]
    texts["SQuAD contexts"] = list(dict.fromkeys(context for _, context in squad(data)))
    texts["naughty strings"] = json.loads(
        (data / "text" / "blns" / "blns.json").read_text(encoding="utf-8")
    )
    emoji = (data / "unicode" / "emoji-test.txt").read_text(encoding="utf-8").splitlines()
    texts["emoji"] = [line.split("#", 1)[1].strip() for line in emoji if "; " in line]
    with zipfile.ZipFile(data / "text" / "udhr2.zip") as archive:
        names = [entry for entry in archive.namelist() if entry.endswith(".txt")]
        # A few sentences of each language: the same articles say the same in all of them.
        files = [archive.read(entry).decode("utf-8", "replace")[400:1600] for entry in names]
    texts["UDHR"] = [line for file in files for line in file.split("\n") if line.strip()]
    assert all(len(found) > 300 for found in texts.values()), {
        name: len(found) for name, found in texts.items()
    }
    return texts


def real_pairs(data: Path) -> dict[str, Pairs]:
    """Pairs that belong together."""
    pairs: dict[str, Pairs] = {
        f"GLUE {name}": [(row[first], row[second]) for row in _tsv(data / "glue" / name)]
        for name, (first, second) in GLUE_PAIRS.items()
    }
    for name in ("MNLI", "QQP"):
        content = json.loads((data / "glue" / name / "heldout_subset.json").read_text())
        pairs[f"GLUE {name}"] = [(entry["text_a"], entry["text_b"]) for entry in content.values()]
    # One question of each context; test_tokenizer_real_texts.py takes all questions.
    pairs["SQuAD"] = [*{context: (asked, context) for asked, context in squad(data)}.values()]
    return pairs


def squad(data: Path) -> Pairs:
    """Questions with their contexts."""
    content = json.loads((data / "squad" / "cs224n-dev-v2.0.json").read_text())
    return [
        (question["question"], paragraph["context"])
        for article in content["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def sst2(data: Path) -> list[str]:
    """Sentences of film reviews."""
    return [row["sentence"] for row in _tsv(data / "glue" / "SST-2" / "dev.tsv")]


def pairs_of(data: Path, name: str) -> Pairs:
    """The pairs of one task of GLUE, dev."""
    first, second = GLUE_PAIRS[f"{name}/dev.tsv"]
    return [(row[first], row[second]) for row in _tsv(data / "glue" / name / "dev.tsv")]


def wnut17(data: Path) -> list[list[str]]:
    """Sentences of what people post, in words."""
    text = (data / "ner" / "wnut17" / "emerging.dev.conll").read_text(encoding="utf-8")
    blocks = text.replace("\r", "").split("\n\n")
    sentences = [
        [line.split("\t")[0].strip() for line in block.split("\n") if "\t" in line]
        for block in blocks
    ]
    return [words for words in sentences if words and all(words)]


def wikitext(data: Path) -> list[str]:
    """Paragraphs of Wikipedia, in words with spaces between; rare ones are <unk>."""
    text = (data / "text" / "wikitext-2" / "test.txt").read_text(encoding="utf-8")
    return [
        line.strip() for line in text.split("\n") if len(line) > 200 and not line.startswith(" =")
    ]


def _tsv(path: Path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8-sig")
    return [*csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)]
