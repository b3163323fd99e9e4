"""What is timed: ids of padded shapes, and of real texts of all lengths."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]

SHAPES = ("1x8", "1x16", "1x32", "1x128", "32x32", "32x128", "8x512")
OTHER_SHAPES = ("1x32", "32x128")  # of the models that are not l6-h384

MAX_LENGTH = 256
BATCH_SIZE = 32  # of the peers, on the ragged workload
# The mix has so many parts, and a turn takes one: seven turns take half of the sorted mix and a
# quarter of the unsorted one, where padding makes a text cost the peers five times as much.
RAGGED = {"ragged-sorted": 14, "ragged-unsorted": 28}
# Where the data is absent, lengths are drawn so that these are their deciles: measured on the
# 2,000 sentences and the 500 contexts, [CLS] and [SEP] counted.
SENTENCE_DECILES = (5, 9, 10, 11, 13, 14, 16, 19, 21, 25, 53)
CONTEXT_DECILES = (32, 101, 115, 122, 132, 149, 165, 186, 217, 256, 256)
SENTENCES, CONTEXTS = 2000, 500


@dataclass(frozen=True)
class Work:
    """Sequences of ids, all of them different, and how many a peer gets at a time."""

    sequences: list[Int32]
    batch_size: int
    ragged: bool

    def __post_init__(self) -> None:
        """Equal rows could be computed once, which is not what is timed here."""
        if len({sequence.tobytes() for sequence in self.sequences}) != len(self.sequences):
            raise ValueError("two rows of a workload are equal.")

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence."""
        return [len(sequence) for sequence in self.sequences]

    def first(self, count: int) -> Self:
        """The first rows alone."""
        return type(self)(self.sequences[:count], self.batch_size, self.ragged)

    def padded_batches(self) -> Iterator[tuple[Int32, Int32]]:
        """(input_ids, attention_mask) of `batch_size` rows each, [B, L], padded with id 0."""
        for start in range(0, len(self.sequences), self.batch_size):
            rows = self.sequences[start : start + self.batch_size]
            ids_BL = np.zeros((len(rows), max(map(len, rows))), np.int32)
            mask_BL = np.zeros_like(ids_BL)
            for n, row in enumerate(rows):
                ids_BL[n, : len(row)] = row
                mask_BL[n, : len(row)] = 1
            yield ids_BL, mask_BL

    def save(self, path: Path) -> None:
        """Write everything to one .npz file."""
        np.savez(
            path,
            input_ids_T=np.concatenate(self.sequences),
            lengths_B=np.array(self.lengths),
            batch_size=self.batch_size,
            ragged=self.ragged,
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as file:
            ends = np.cumsum(file["lengths_B"])[:-1]
            sequences = list(np.split(file["input_ids_T"], ends))
            return cls(sequences, int(file["batch_size"]), bool(file["ragged"]))


def padded_work(shape: str, vocab_size: int) -> Work:
    """Random ids of a shape such as "32x128" (batch x tokens), full rows without padding."""
    B, L = map(int, shape.split("x"))
    rng = np.random.default_rng([B, L])
    return Work(list(_random_ids(rng, vocab_size, (B, L))), B, ragged=False)


def ragged_parts(sequences: list[Int32], name: str, parts: int) -> list[Work]:
    """The mix as peers would get it, in batches; part p has every `parts`-th batch from p on.

    Sorted, all batches are formed before they are divided, so that they hold equal lengths: the
    peers' best case. Each part has short and long texts in the mix's proportion. We get a part's
    sequences as one list.
    """
    if name == "ragged-sorted":
        sequences = sorted(sequences, key=len)
    batches = [sequences[n : n + BATCH_SIZE] for n in range(0, len(sequences), BATCH_SIZE)]
    chosen = [batches[part::parts] for part in range(parts)]
    return [Work([row for batch in some for row in batch], BATCH_SIZE, True) for some in chosen]


def ragged_mix(data: Path | None, model_folder: Path, vocab_size: int) -> list[Int32]:
    """Short and long texts, shuffled with seed 0.

    Args:
        data: the folder NPDISTIL_DATA; None draws ids of the same lengths.
        model_folder: with the tokenizer.
        vocab_size: of drawn ids.

    Raises:
        OSError: the folder does not hold the two files.
    """
    rng = np.random.default_rng(0)
    if data is None:
        lengths = np.concatenate(
            [
                _draw_lengths(rng, SENTENCE_DECILES, SENTENCES),
                _draw_lengths(rng, CONTEXT_DECILES, CONTEXTS),
            ]
        )
        sequences = [_random_ids(rng, vocab_size, (int(length),)) for length in lengths]
    else:
        from npdistil.text.tokenizer import Tokenizer

        tokenizer = Tokenizer.from_pretrained(model_folder)
        texts = ragged_texts(data)
        batch = tokenizer(texts, padding=False, truncation=True, max_length=MAX_LENGTH)
        sequences = [np.asarray(ids, np.int32) for ids in batch["input_ids"]]
    distinct = list({row.tobytes(): row for row in sequences}.values())
    order = rng.permutation(len(distinct))
    return [distinct[n] for n in order]


def ragged_texts(data: Path) -> list[str]:
    """The sentences, then the contexts, each once.

    Raises:
        OSError: the folder does not hold the two files.
    """
    return [*_first(_sentences(data), SENTENCES), *_first(_contexts(data), CONTEXTS)]


def _sentences(data: Path) -> Iterator[str]:
    lines = (data / "glue/STS-B/dev.tsv").read_text(encoding="utf-8").split("\n")
    for line in filter(None, lines[1:]):
        yield from line.split("\t")[7:9]


def _contexts(data: Path) -> Iterator[str]:
    path = data / "squad/cs224n-dev-v2.0.json"
    for entry in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in entry["paragraphs"]:
            yield paragraph["context"]


def _first(texts: Iterable[str], count: int) -> list[str]:
    return list(dict.fromkeys(texts))[:count]


def _draw_lengths(rng: np.random.Generator, deciles: tuple[int, ...], count: int) -> Int32:
    places = (np.arange(count) + rng.random(count)) / count
    drawn = np.interp(places, np.linspace(0, 1, len(deciles)), deciles)
    return drawn.round().astype(np.int32)


def _random_ids(rng: np.random.Generator, vocab_size: int, shape: tuple[int, ...]) -> Int32:
    """Above [unused] and special tokens, which come first in BERT's vocabulary."""
    return rng.integers(vocab_size // 30, vocab_size, shape, dtype=np.int32)
