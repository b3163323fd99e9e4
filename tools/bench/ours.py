"""npdistil as an engine of the benchmark: the only file that knows our calls."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from npdistil.dims import Floats
from npdistil.encoder import Encoder
from npdistil.encoder.packing import pack_sequences
from tools.bench.workloads import Work


class Npdistil:
    """Padded shapes through the public call; ragged texts as one list, to mean-pooled vectors."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder, self._threads = folder, threads
        self._encoder = Encoder.from_pretrained(folder, num_threads=threads)

    def prepare(self, work: Work) -> Any:
        """Everything that a caller has before the call."""
        if work.ragged:
            return work.sequences
        (batch,) = work.padded_batches()
        return batch

    def run(self, prepared: Any) -> Floats:
        """What is timed."""
        encoder = self._encoder
        if isinstance(prepared, tuple):
            return encoder(*prepared).last_hidden_state
        longest_first = np.argsort([-len(sequence) for sequence in prepared], kind="stable")
        batch = pack_sequences([prepared[n] for n in longest_first], encoder.config)
        means_BD = np.empty((len(prepared), encoder.config.hidden_size), np.float32)
        means_BD[longest_first] = encoder.backend.pooled(batch, ("mean",), normalize=False)
        return means_BD

    def outputs(self, work: Work) -> Floats:
        """Rows to compare: of tokens, or for a ragged workload the mean of each text."""
        rows = self.run(self.prepare(work))
        return rows.reshape(-1, rows.shape[-1])

    def embed_words(self, count: int, seed: int) -> float:
        """Seconds to embed so many distinct short texts, from strings to vectors."""
        from npdistil.tasks.sentence_encoder import SentenceEncoder

        sentences = SentenceEncoder.from_pretrained(self._folder, num_threads=self._threads)
        texts = short_texts(self._folder, count, seed)
        sentences.encode(texts[:32])
        started = time.perf_counter()
        sentences.encode(texts, show_progress_bar=False)
        return time.perf_counter() - started


def short_texts(folder: Path, count: int, seed: int) -> list[str]:
    """Distinct texts of 4 to 12 words of the vocabulary."""
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2]
    rng = np.random.default_rng(seed)
    texts: dict[str, None] = {}
    while len(texts) < count:
        chosen = rng.choice(len(words), rng.integers(4, 13))
        texts[" ".join(words[n] for n in chosen)] = None
    return list(texts)
