"""The sets of the folder NPDISTIL_DATA that `eval.py` scores, as lists of texts and judgements."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

FEW = 3
Item = TypeVar("Item")
Pair = tuple[str, str, float]
Labelled = tuple[str, int]


class Retrieval(NamedTuple):
    """Documents, queries, and what each query's relevant documents are worth."""

    documents: list[str]
    queries: list[str]
    gains: list[dict[int, float]]  # of document numbers from 0


def spread(items: Sequence[Item], limit: int | None) -> list[Item]:
    """`limit` items from all over a list: files are ordered by genre, class or author."""
    count = len(items) if limit is None else min(limit, len(items))
    return [items[index * len(items) // count] for index in range(count)]


def sts_b(data: Path, limit: int | None) -> list[Pair]:
    """The two texts and the human score (0 to 5) of each pair of STS-B dev.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no pair, or lacks one of the columns.
    """
    rows = _table(data / "glue" / "STS-B" / "dev.tsv", ("sentence1", "sentence2", "score"))
    return [
        (row["sentence1"], row["sentence2"], float(row["score"])) for row in spread(rows, limit)
    ]


def sst_2(data: Path, limit: int | None) -> list[Labelled]:
    """The sentences of SST-2 dev, and 1 for praise.

    Raises:
        OSError, ValueError: as `sts_b`.
    """
    rows = _table(data / "glue" / "SST-2" / "dev.tsv", ("sentence", "label"))
    return [(row["sentence"], int(row["label"])) for row in spread(rows, limit)]


def clinc150(data: Path, limit: int | None) -> tuple[list[Labelled], list[Labelled]]:
    """Train and test of CLINC150, without what is out of scope; `limit` texts to test.

    Ten times as many train, all of the classes that are tested.

    Raises:
        OSError, KeyError: the file cannot be read, or is another.
    """
    content = json.loads((data / "textclass" / "clinc150.data_full.json").read_text("utf-8"))
    names = {name: n for n, name in enumerate(sorted({label for _, label in content["train"]}))}
    train, test = (
        [(text, names[label]) for text, label in content[part]] for part in ("train", "test")
    )
    test = spread(test, limit)
    tested = {label for _, label in test}
    train = [item for item in train if item[1] in tested]
    return spread(train, None if limit is None else 10 * limit), test


def cranfield(data: Path, limit: int | None) -> Retrieval:
    """Aerodynamics. The codes 1 (a complete answer) to 4 (of minimum interest) are worth 4 to 1.

    Judgements number the queries by their order in the file, not by what stands behind .I; the
    code -1 is none of the four, and worth nothing.

    Raises:
        OSError, ValueError: a file cannot be read, or is another.
    """
    folder = data / "retrieval" / "cranfield"
    judged = [
        (int(query) - 1, int(document) - 1, 5.0 - int(code))
        for query, document, code in _columns(folder / "cranqrel", 3)
        if int(code) > 0
    ]
    return _retrieval(folder / "cran.all.1400", folder / "cran.qry", judged, limit)


def cisi(data: Path, limit: int | None) -> Retrieval:
    """Library science; a document is relevant or is not.

    Raises:
        OSError, ValueError: as `cranfield`.
    """
    folder = data / "retrieval" / "cisi"
    judged = [
        (int(query) - 1, int(document) - 1, 1.0)
        for query, document, *_ in _columns(folder / "CISI.REL", 4)
    ]
    return _retrieval(folder / "CISI.ALL", folder / "CISI.QRY", judged, limit)


def _retrieval(
    documents: Path, queries: Path, judged: list[tuple[int, int, float]], limit: int | None
) -> Retrieval:
    """With a limit: so many queries, FEW relevant documents of each, and as many others."""
    texts, asked = _marked(documents), _marked(queries)
    gains: list[dict[int, float]] = [{} for _ in asked]
    for query, document, gain in judged:
        gains[query][document] = gain
    chosen = spread([query for query, found in enumerate(gains) if found], limit)
    kept: Sequence[int] = range(len(texts))
    if limit is not None:
        gains = [dict([*found.items()][:FEW]) for found in gains]
        relevant = {document for query in chosen for document in gains[query]}
        kept = sorted(relevant | {*spread(range(len(texts)), FEW * limit)})
    numbers = {document: n for n, document in enumerate(kept)}
    return Retrieval(
        [texts[document] for document in kept],
        [asked[query] for query in chosen],
        [{numbers[d]: gain for d, gain in gains[query].items()} for query in chosen],
    )


def _marked(path: Path) -> list[str]:
    """Title (.T) and body (.W) of each text of a file of SMART's."""
    texts: list[list[str]] = []
    mark = ""
    for line in path.read_text("utf-8", "replace").splitlines():
        if line[:2] in (".I", ".T", ".A", ".B", ".W", ".X") and (line[2:3] in ("", " ")):
            mark = line[:2]
            if mark == ".I":
                texts.append([])
        elif mark in (".T", ".W"):
            texts[-1].append(line)
    if not texts:
        raise ValueError(f"{path}: no text is marked by .I here.")
    return [" ".join(" ".join(lines).split()) for lines in texts]


def _columns(path: Path, least: int) -> list[list[str]]:
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    if not rows or any(len(row) < least for row in rows):
        raise ValueError(f"{path}: expected {least} columns a line.")
    return rows


def _table(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    # Tabs and nothing else: a quotation mark is a part of the text.
    text = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    missing = set(needed) - set(rows[0] if rows else ())
    if missing:
        raise ValueError(f"{path}: no column {', '.join(sorted(missing))}, or no row.")
    return rows
