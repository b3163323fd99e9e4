"""`SearchIndex`: vectors that are kept, with the texts they came from, and searched exactly."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_flag, as_folder, as_positive, as_texts
from ...errors import InputError
from ..sentence_encoder import SentenceEncoder
from ..vectors import Vectors, as_vectors, expect_finite, expect_same_dimension
from ..windows import as_iterable
from .best_rows import Best, BestRows
from .index_files import Entry, MappedEntries, map_array, read_about, read_probe, written_index
from .index_rows import DEFAULT_TOP_K, about_index, as_entries, cosine, probe_of, scaled
from .semantic_search import Hits, as_corpus

LEAST_COSINE = 0.999  # of the probe's two vectors; other weights or another pooling are far below
BLOCK = 4096  # rows that are scaled or written at a time


class SearchIndex:
    """Rows of vectors, kept in memory or mapped from files, that answer queries exactly.

    Scores are dot products in float64; where `normalized`, of vectors of length 1, hence cosines.
    A query's answer does not depend on the queries beside it. Safe to share between threads.

    Attributes:
        vectors: float32 [N, dimension], read-only.
        model: what the model is called; "" if nobody said.
        normalized: vectors and queries are scaled to length 1.
        encoder: embeds queries that are texts; None takes vectors alone.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        entries: Sequence[Entry] | None,
        model: str,
        normalized: bool,
        encoder: SentenceEncoder | None,
        probe: NDArray[np.float32] | None,
        name: str,
    ) -> None:
        """Join the parts; `from_texts`, `from_vectors` and `load` check them.

        Args:
            vectors: [N, D]; of length 1 if `normalized`.
            entries: id and text of each row, either or both.
            model: its name, for people.
            normalized: whether queries are scaled to length 1, too.
            encoder: for queries that are texts.
            probe: what the model of the vectors made of PROBE.
            name: of the index, for messages.

        Raises:
            InputError: the encoder is not the model that made the vectors.
        """
        self.vectors, self.model, self.normalized = vectors, model, normalized
        self.encoder, self._entries, self._probe, self._name = encoder, entries, probe, name
        if encoder is not None:
            self._probe = self._checked_probe(encoder)

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        encoder: SentenceEncoder,
        ids: Iterable[str] | None = None,
        model: str = "",
        normalize: bool = True,
        show_progress_bar: bool | None = None,
    ) -> Self:
        """Embed texts and keep them in memory; `write_index` goes without that.

        Args:
            texts: at least one; or the `Path` of a file with one a line.
            encoder: embeds them with its prompt for documents, and later the queries with theirs.
            ids: one string a text.
            model: the encoder's name, for people.
            normalize: scale vectors to length 1, so that scores are cosines.
            show_progress_bar: as for `SentenceEncoder.encode`.

        Raises:
            InputError: no texts, a text that is none, or another number of ids.
        """
        kept = as_texts(list(as_iterable(texts, "texts")), "texts")
        if not kept:
            raise InputError("texts: none, so there is nothing to search in.")
        vectors_ND = encoder.encode_document(kept, show_progress_bar=show_progress_bar)
        return cls.from_vectors(vectors_ND, kept, ids, encoder, model, normalize)

    @classmethod
    def from_vectors(
        cls,
        vectors: object,
        texts: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        encoder: SentenceEncoder | None = None,
        model: str = "",
        normalize: bool = True,
    ) -> Self:
        """Keep vectors that are there already.

        Args:
            vectors: [N, D], at least one row.
            texts: one a row, for the answers.
            ids: one string a row, for the answers.
            encoder: the model they come from; embeds queries.
            model: its name, for people.
            normalize: scale vectors to length 1, so that scores are cosines.

        Raises:
            InputError: no rows, NaN or infinity (names the row), another number of texts or ids, an
                encoder of another dimension (names both).
        """
        rows_ND = as_corpus(vectors, "vectors")
        expect_finite(rows_ND, "vectors")
        normalize = as_flag(normalize, "normalize")
        (model,) = as_texts([model], "model")
        kept_ND = np.empty(rows_ND.shape, np.float32)
        for start in range(0, len(rows_ND), BLOCK):
            kept_ND[start : start + BLOCK] = scaled(rows_ND[start : start + BLOCK], normalize)
        kept_ND.flags.writeable = False
        entries = as_entries(len(kept_ND), texts, ids)
        return cls(kept_ND, entries, model, normalize, encoder, None, "index")

    @classmethod
    def load(cls, folder: str | Path, encoder: SentenceEncoder | None = None) -> Self:
        """Open a saved index; its vectors and texts stay in the files, mapped into memory.

        Args:
            folder: what `save` or `write_index` wrote. Its files must not change while it is open.
            encoder: the model that made it, for queries that are texts.

        Raises:
            ModelFileError: no index, or a damaged one; says which file.
            InputError: the encoder is not the model that made the vectors.
        """
        path = as_folder(folder)
        about = read_about(path)
        rows, dimension = about.integer("rows", 1), about.integer("dimension", 1)
        vectors_ND = map_array(path / "vectors.npy", (rows, dimension), np.float32)
        entries = MappedEntries(path, rows) if about.flag("entries") else None
        normalized, model = about.flag("normalized"), about.text("model")
        return cls(vectors_ND, entries, model, normalized, encoder, read_probe(about), str(path))

    def save(self, folder: str | Path) -> None:
        """Write a folder that `load` opens: whole, or not at all.

        Args:
            folder: does not exist yet.

        Raises:
            InputError: the folder exists, or cannot be written.
        """
        about = about_index(self.model, self.dimension, self.normalized, self._probe)
        with written_index(as_folder(folder), about, self._entries is not None) as writer:
            for start in range(0, len(self), BLOCK):
                stop = min(start + BLOCK, len(self))
                entries = (
                    [self._entries[row] for row in range(start, stop)] if self._entries else []
                )
                writer.append(self.vectors[start:stop], entries)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dimension(self) -> int:
        """Features of a vector."""
        return int(self.vectors.shape[1])

    def entry(self, row: int) -> Entry:
        """The "id" and "text" of a row, as far as the index has them.

        Raises:
            ModelFileError: the line of a saved index is damaged.
        """
        return {} if self._entries is None else self._entries[row]

    def search(self, queries: object, top_k: int | None = None) -> Any:
        """The nearest rows for each query, exact, best first; equal scores in the order of rows.

        Args:
            queries: a text or a vector [D], or many: an iterable of texts, the `Path` of a file
                with one a line, or vectors [Q, D].
            top_k: rows for each query; None: 10, or all of a smaller index.

        Returns:
            For each query a list of {"corpus_id": int, "score": float} and "id" and "text" where
            the index has them; for a single one its list alone.

        Raises:
            InputError: texts where there is no encoder, vectors of another dimension (names both),
                more rows than there are, NaN in a query or in the index (names the row).
        """
        single, queries_BD = self._as_queries(queries)
        if top_k is None:
            top_k = min(DEFAULT_TOP_K, len(self))
        elif as_positive(top_k, "top_k") > len(self):
            raise InputError(
                f"top_k: {top_k} rows are asked for, but {self._name} has {len(self)}; ask for no "
                "more than that."
            )
        best = BestRows(queries_BD, int(top_k), "dot", unit=self.normalized, name=self._name)
        best.add(self.vectors)
        answers = [self._hits(found) for found in best.finish()]
        return answers[0] if single else answers

    def _hits(self, best: Best) -> Hits:
        pairs = zip(best.ids.tolist(), best.scores.tolist(), strict=True)
        return [{"corpus_id": row, "score": score, **self.entry(row)} for row, score in pairs]

    def _as_queries(self, queries: Any) -> tuple[bool, Vectors]:
        if isinstance(queries, Iterator | Path):
            queries = [*as_iterable(queries, "queries")]
        elif hasattr(queries, "__array__"):  # a column of a table as well
            queries = np.asarray(queries)
        if isinstance(queries, str) or _are_texts(queries):
            if self.encoder is None:
                raise InputError(
                    "queries: texts need an encoder; give SearchIndex.load one, or search for "
                    "vectors."
                )
            texts = as_texts(queries, "queries")
            queries_BD: Vectors = self.encoder.encode_query(texts, show_progress_bar=False)
            return isinstance(queries, str), scaled(queries_BD, self.normalized)
        queries_BD = as_vectors(queries, "queries", one=True)
        if not len(queries_BD):
            return False, np.empty((0, self.dimension))
        expect_same_dimension(queries_BD, self.vectors, ("queries", self._name))
        expect_finite(queries_BD, "queries")
        return np.ndim(queries) == 1, scaled(queries_BD, self.normalized)

    def _checked_probe(self, encoder: SentenceEncoder) -> NDArray[np.float32]:
        if encoder.embedding_dimension != self.dimension:
            raise InputError(
                f"{self._name}: its vectors have {self.dimension} features, the encoder's "
                f"{encoder.embedding_dimension}; use the model that made it{self._called()}."
            )
        probe_D = probe_of(encoder)
        if self._probe is not None and cosine(probe_D, self._probe) < LEAST_COSINE:
            raise InputError(
                f"{self._name}: was made by another model{self._called()}: this encoder's vector "
                f"of a known text has cosine {cosine(probe_D, self._probe):.3f} with the one kept."
            )
        return probe_D

    def _called(self) -> str:
        return f" ({self.model})" if self.model else ""


def _are_texts(queries: object) -> bool:
    if isinstance(queries, np.ndarray):
        return queries.dtype.kind in "UO"
    return isinstance(queries, list | tuple) and any(isinstance(item, str) for item in queries)
