"""The data of the fitted heads: what they learn from, and other data on which they are scored."""

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

# Of the sixteen articles of the SQuAD file, those that are held back; the others are learnt.
SQUAD_HELD_BACK = 6
WNUT_KINDS = ("corporation", "creative-work", "group", "location", "person", "product")
WNUT_LABELS = ("O", *(f"{place}-{kind}" for kind in WNUT_KINDS for place in "BI"))
SST2_LABELS = ("NEGATIVE", "POSITIVE")

FILES = {
    "sst2": ("glue/SST-2/train.part1.tsv", "glue/SST-2/dev.tsv"),
    "wnut17": ("ner/wnut17/wnut17train.conll", "ner/wnut17/emerging.dev.conll"),
    "squad": ("squad/cs224n-dev-v2.0.json", "squad/xquad.en.json"),
    "wikitext": ("text/wikitext-2/valid.txt", "text/wikitext-2/test.txt"),
}


class Question(NamedTuple):
    """One of SQuAD."""

    id: str
    question: str
    context: str
    answers: tuple[str, ...]  # none: it has no answer
    start: int  # of the first answer, in characters; -1: none


def sst2(data: Path, part: str) -> list[tuple[str, int]]:
    """Sentences with 0 or 1, of "train" or "dev"."""
    text = (data / FILES["sst2"][part == "dev"]).read_text(encoding="utf-8-sig")
    rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(row["sentence"].strip(), int(row["label"])) for row in rows]


def wnut17(data: Path, part: str) -> list[tuple[list[str], list[str]]]:
    """Sentences as words with their labels, of "train" or "dev"."""
    text = (data / FILES["wnut17"][part == "dev"]).read_text(encoding="utf-8")
    sentences = []
    for block in text.replace("\r", "").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n") if "\t" in line]
        words, labels = [row[0].strip() for row in rows], [row[1].strip() for row in rows]
        if words and all(words):
            sentences.append((words, labels))
    return sentences


def squad(data: Path, part: str) -> list[Question]:
    """Questions of the articles that are learnt ("train") or held back ("dev").

    All questions of xquad.en.json are learnt too, but for those of articles that are held back.
    """
    ours, theirs = (json.loads((data / name).read_text("utf-8")) for name in FILES["squad"])
    held_back = ours["data"][-SQUAD_HELD_BACK:]
    if part == "dev":
        return [question for article in held_back for question in _questions(article)]
    known = {paragraph["context"] for article in held_back for paragraph in article["paragraphs"]}
    articles = ours["data"][:-SQUAD_HELD_BACK] + theirs["data"]
    questions = [question for article in articles for question in _questions(article)]
    return [question for question in questions if question.context not in known]


def wikitext(data: Path, part: str) -> list[str]:
    """Paragraphs, of "train" or "dev", as they were before they were cut into words."""
    text = (data / FILES["wikitext"][part == "dev"]).read_text(encoding="utf-8")
    paragraphs = []
    for line in text.split("\n"):
        if len(line) > 200 and not line.startswith(" ="):
            for mark in "-,.":
                line = line.replace(f" @{mark}@ ", mark)
            paragraphs.append(line.replace("<unk>", "[UNK]").strip())
    return paragraphs


def _questions(article: dict[str, Any]) -> list[Question]:
    found = []
    for paragraph in article["paragraphs"]:
        for entry in paragraph["qas"]:
            answers = tuple(answer["text"] for answer in entry["answers"])
            start = entry["answers"][0]["answer_start"] if answers else -1
            found.append(
                Question(entry["id"], entry["question"], paragraph["context"], answers, start)
            )
    return found
