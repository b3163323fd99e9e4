"""Searching texts that need not fit into memory: on the fly, or into a saved index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_flag, as_folder, as_positive, as_texts
from ...errors import InputError
from ...progress import progress
from ..sentence_encoder import SentenceEncoder
from ..vectors import expect_finite
from ..windows import as_iterable, windows
from .best_rows import BestRows
from .index_files import written_index
from .index_rows import DEFAULT_TOP_K, about_index, probe_of, scaled
from .semantic_search import Hits, as_hits

WINDOW = 256  # texts that are read and embedded at a time


@dataclass
class Truncated:
    """What was left out of texts that are longer than the model takes.

    Attributes:
        texts: how many there were.
        tokens: how many they lost together.
    """

    texts: int = 0
    tokens: int = 0


def search_texts(
    queries: str | Sequence[str],
    texts: Iterable[str],
    encoder: SentenceEncoder,
    top_k: int | None = None,
    truncated: Truncated | None = None,
) -> list[Hits]:
    """The texts nearest to each query by cosine, exact, best first; of any number, and none kept.

    Args:
        queries: one or many.
        texts: any iterable, or the `Path` of a file with one a line; read once.
        encoder: embeds both, each with the prompt that it has for them.
        top_k: texts for each query; None: 10, or all where there are fewer.
        truncated: counts what was left out of `texts`.

    Returns:
        For each query a list of {"corpus_id": int, "score": float, "text": str}; corpus_id counts
        the texts from 0.

    Raises:
        InputError: no texts, an item that is no text, a `top_k` below 1, or fewer texts than that.
    """
    most = DEFAULT_TOP_K if top_k is None else as_positive(top_k, "top_k")
    asked = as_texts(queries, "queries")
    queries_BD = scaled(encoder.encode_query(asked, show_progress_bar=False), True)
    best = BestRows(queries_BD, most, "dot", unit=True, name="texts")
    kept: dict[int, str] = {}
    for vectors_ND, window in embedded(texts, encoder, truncated or Truncated()):
        kept |= enumerate(window, best.rows)
        best.add(scaled(vectors_ND, True).astype(np.float32))
        wanted = {row for found in best.finish() for row in found.ids.tolist()}
        kept = {row: text for row, text in kept.items() if row in wanted}
    if not best.rows:
        raise InputError("texts: none, so there is nothing to search in.")
    if top_k is not None and top_k > best.rows:
        raise InputError(
            f"top_k: {top_k} texts are asked for, but there are {best.rows}; ask for no more."
        )
    found = [as_hits(rows) for rows in best.finish()]
    return [[{**hit, "text": kept[hit["corpus_id"]]} for hit in hits] for hits in found]


def write_index(
    folder: str | Path,
    texts: Iterable[str],
    encoder: SentenceEncoder,
    model: str = "",
    normalize: bool = True,
    truncated: Truncated | None = None,
) -> int:
    """Embed texts without end into a saved index, from constant memory.

    Args:
        folder: does not exist yet; appears when all is written.
        texts: any iterable, or the `Path` of a file with one a line; kept beside the vectors.
        encoder: embeds them.
        model: its name, for people.
        normalize: scale vectors to length 1, so that scores are cosines.
        truncated: counts what was left out of `texts`.

    Returns:
        The number of rows.

    Raises:
        InputError: no texts, an item that is no text, or a folder that exists or cannot be written;
            nothing is left behind.
    """
    normalize = as_flag(normalize, "normalize")
    about = about_index(model, encoder.embedding_dimension, normalize, probe_of(encoder))
    with written_index(as_folder(folder), about, True) as writer:
        for vectors_ND, window in embedded(texts, encoder, truncated or Truncated()):
            expect_finite(vectors_ND, "vectors", writer.rows)
            writer.append(
                scaled(vectors_ND, normalize).astype(np.float32),
                [{"text": text} for text in window],
            )
        if not writer.rows:
            raise InputError("texts: none, so there is nothing to search in.")
    return writer.rows


def embedded(
    texts: Iterable[str], encoder: SentenceEncoder, truncated: Truncated
) -> Iterator[tuple[NDArray[np.float32], list[str]]]:
    """Blocks of vectors with their texts, in order, from constant memory.

    Raises:
        InputError: an item that is no text.
    """
    with progress(None, "texts", None) as bar:
        for window in windows(as_iterable(texts, "texts"), WINDOW, "texts"):
            vectors_ND, lost_N = encoder.encode_document(
                window, show_progress_bar=False, return_num_truncated_tokens=True
            )
            truncated.texts += int((lost_N > 0).sum())
            truncated.tokens += int(lost_N.sum())
            yield vectors_ND, window
            bar.update(len(window))
