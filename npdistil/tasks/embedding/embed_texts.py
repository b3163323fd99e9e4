"""Texts to vectors: cut into ids, ordered by length, computed in bounded pieces, put back."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...dims import Floats
from ...encoder.encoder import Encoder
from ...encoder.packing import PackedBatch, pack_rows, pack_sequences
from ...heads.sentence_embedding import SentenceEmbedding
from ...named_tuple import NamedTuple
from ..stream import BATCH_TOKENS, by_length, in_token_spans, read_ahead
from ..windows import distinct
from .request import Request, Vectors

if TYPE_CHECKING:
    from ...text.tokenizer import Tokenizer


class TextEmbedder(NamedTuple):
    """The parts of a `SentenceEncoder`, and what one call of it asks for."""

    tokenizer: "Tokenizer"
    encoder: Encoder
    head: SentenceEmbedding
    max_seq_length: int
    request: Request
    dimension: int  # features of a vector

    def embed(self, texts: list[str], batch_tokens: int, done: Callable[[int], object]) -> Vectors:
        """Embed some texts, equal ones once, at most `batch_tokens` tokens at a time.

        `done(n)` is told when n more of them are done.
        """
        some, places = distinct(texts)
        if self.request.overlap is None:
            found = self._embed_short(some, batch_tokens, done)
        else:
            found = self._embed_long(some, batch_tokens, done)
        if places is None:
            return found
        counts = found.truncated_B
        return Vectors(found.vectors_BE[places], None if counts is None else counts[places])

    def blocks(self, texts: list[str], batch_tokens: int) -> Iterator[NDArray[np.float32]]:
        """Embed some texts in their order, at most `batch_tokens` tokens at a time."""
        if self.request.overlap is not None:
            for chunk in read_ahead(texts):
                yield self.embed(chunk, BATCH_TOKENS, _nobody).vectors_BE
            return
        batch, _ = self._pack(texts)
        for first, last in batch.spans(batch_tokens):
            yield self._vectors(batch.bundle(first, last))

    def token_rows(self, texts: list[str]) -> list[Floats]:
        """The last hidden states of each text's tokens, [L, D], [CLS] and [SEP] included."""
        batch, _ = self._pack(texts)
        return in_token_spans(batch, BATCH_TOKENS, self._hidden)

    def _embed_short(
        self, texts: list[str], batch_tokens: int, done: Callable[[int], object]
    ) -> Vectors:
        batch, truncated_B = self._pack(texts)
        return Vectors(self._in_batches(batch, batch_tokens, done), truncated_B)

    def _in_batches(
        self, batch: PackedBatch, batch_tokens: int, done: Callable[[int], object]
    ) -> NDArray[np.float32]:
        if len(batch.lengths) == 1:  # nothing to order: a query is answered sooner
            vector_1E = self._vectors(batch)
            done(1)
            return vector_1E
        vectors_BE = np.empty((len(batch.lengths), self.dimension), np.float32)
        for chosen, part in by_length(batch, batch_tokens):
            vectors_BE[chosen] = self._vectors(part)
            done(len(chosen))
        return vectors_BE

    def _embed_long(
        self, texts: list[str], batch_tokens: int, done: Callable[[int], object]
    ) -> Vectors:
        """As `_embed_short`; texts that do not fit go through windows, one after another."""
        parts = []
        for chunk in read_ahead(texts):
            packed = self.tokenizer.pack(self._prompted(chunk), truncation=False)
            sequences = np.split(packed.input_ids_T, packed.cu_seqlens[1:-1])
            fits = [len(ids_T) <= self.max_seq_length for ids_T in sequences]
            vectors_BE = np.empty((len(chunk), self.dimension), np.float32)
            short = [ids_T for ids_T, fit in zip(sequences, fits, strict=True) if fit]
            batch = pack_sequences(short, self.encoder.config)
            vectors_BE[fits] = self._in_batches(batch, batch_tokens, done)
            for b in np.flatnonzero(~np.array(fits)):
                vectors_BE[b] = self._of_windows(sequences[b])[0]
                done(1)
            parts.append(vectors_BE)
        return Vectors(np.concatenate(parts), np.zeros(len(texts), np.int32))

    def _of_windows(self, ids_T: NDArray[np.int32]) -> Floats:
        from .long_texts import TokenPool, pool_long  # late, as few texts are long

        def rows_of(sequences: list[NDArray[np.int32]]) -> list[Floats]:
            return in_token_spans(
                pack_sequences(sequences, self.encoder.config), BATCH_TOKENS, self._hidden
            )

        head, request = self.head, self.request
        assert request.overlap is not None
        pool = TokenPool(head.pooling, self.encoder.config.hidden_size, request.skip)
        pooled_BE = pool_long(ids_T, self.max_seq_length, request.overlap, pool, rows_of)
        return head.of_pooled(
            self.encoder.backend, pooled_BE, request.normalize, request.truncate_dim
        )

    def _prompted(self, texts: list[str]) -> list[str]:
        prompt = self.request.prompt
        return [prompt + text for text in texts] if prompt else texts

    def _pack(self, texts: list[str]) -> tuple[PackedBatch, NDArray[np.int32] | None]:
        texts = self._prompted(texts)
        if self.request.count_truncated:
            packed = self.tokenizer.pack(
                texts, self.max_seq_length, return_num_truncated_tokens=True
            )
        else:
            packed = self.tokenizer.pack(texts, self.max_seq_length)
        batch = pack_rows(packed.input_ids_T, packed.cu_seqlens, self.encoder.config)
        return batch, packed.num_truncated_tokens

    def _vectors(self, batch: PackedBatch) -> Floats:
        request = self.request
        return self.head(
            self.encoder.backend, batch, request.normalize, request.truncate_dim, request.skip
        )

    def _hidden(self, batch: PackedBatch) -> Floats:
        return self.encoder.backend.encode(batch, False, False).hidden_states[-1]


def _nobody(_: int) -> None:
    """Nobody is told."""
