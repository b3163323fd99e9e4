"""How far a process grows while it embeds; `test_memory.py` runs each of these in its own.

`python -m tests.tasks.growth NAME` prints the growth in bytes over the memory that the process held
after loading and one call, and the bytes that are allowed, as JSON. Linux only.
"""

import json
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from npdistil import Encoder, SentenceEncoder, Tokenizer
from tests.models import TINY, random_params
from tests.tasks.folders import WORDS, make
from tests.text.tiny import VOCAB

MB = 1 << 20
SELF = Path("/proc/self")


def resident(key: str = "VmRSS") -> int:
    """Bytes in memory now, or with "VmHWM" at most since `forget_the_peak`."""
    lines = (SELF / "status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def forget_the_peak() -> None:
    """Compiling and loading needed more, once; that is not what is measured."""
    (SELF / "clear_refs").write_text("5")


def fast_model(num_threads: int) -> SentenceEncoder:
    """A tiny model with the compiled tokenizer."""
    parts = make(num_threads=num_threads)
    tokenizer = Tokenizer.from_vocab(VOCAB, backend="numba")
    return SentenceEncoder(tokenizer, parts.encoder, parts.head)


def distinct_texts(count: int, shortest: int, longest: int) -> list[str]:
    """Texts of so many words, no two alike: each spells its own number."""
    texts = []
    for n in range(count):
        words = [WORDS[n // 10**place % 10] for place in range(6)]
        length = shortest + n % (longest - shortest + 1)
        texts.append(" ".join((words * (length // 6 + 1))[:length]))
    return texts


def many_calls() -> tuple[int, int]:
    """16,000 calls: less than a kilobyte each."""
    model, texts = fast_model(2), distinct_texts(50, 6, 30)
    calls = 16_000
    for call in range(20_000):
        if call == 20_000 - calls:
            before = resident()
        model.encode(texts[call % 47 : call % 47 + 3], show_progress_bar=False)
    return resident() - before, 1024 * calls


def many_threads() -> tuple[int, int]:
    """1,000 threads of one call each: whatever a thread had is free again, or another's."""
    model, texts = fast_model(2), distinct_texts(50, 6, 30)

    def one_call_each(count: int) -> None:
        for start in range(0, count, 10):
            threads = [
                threading.Thread(target=model.encode, args=(texts,))
                for _ in range(start, min(start + 10, count))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    one_call_each(50)
    before = resident()
    one_call_each(1000)
    return resident() - before, 16 * MB


def peak_growth(model: SentenceEncoder, texts: list[str], batch_size: int) -> tuple[int, int]:
    """While all are embedded in one call, at its worst: 64 MB, the output, two bytes a token."""
    model.encode(texts[:40], batch_size=batch_size)
    forget_the_peak()
    before = resident()
    vectors = model.encode(texts, batch_size=batch_size)
    grown = resident("VmHWM") - before
    tokens = sum(
        len(row)
        for start in range(0, len(texts), 1000)
        for row in model.tokenizer(texts[start : start + 1000], padding=False, truncation=True,
                                   max_length=model.max_seq_length)["input_ids"]
    )  # fmt: skip
    return grown, 64 * MB + vectors.nbytes + 2 * tokens


def many_texts() -> tuple[int, int]:
    """100,000 distinct texts: what is kept of each while the others are computed."""
    return peak_growth(fast_model(2), distinct_texts(100_000, 6, 20), 32)


def wide_model() -> SentenceEncoder:
    """As wide as MiniLM, with little else, to be quick: its hidden states have MiniLM's size."""
    config = replace(
        TINY,
        hidden_size=384,
        num_attention_heads=12,
        intermediate_size=16,
        num_hidden_layers=1,
        max_position_embeddings=256,
    )
    encoder = Encoder(config, random_params(config, np.random.default_rng(7)), num_threads=2)
    parts = fast_model(2)
    return SentenceEncoder(parts.tokenizer, encoder, parts.head)


def large_batches() -> tuple[int, int]:
    """Long texts, of which 512 may be computed together: a budget of tokens bounds the scratch.

    One array of 512 x 256 rows has 192 MB.
    """
    return peak_growth(wide_model(), distinct_texts(600, 200, 260), 512)


def a_book() -> tuple[int, int]:
    """One text of 200,000 words, whose hidden states have 400 MB: its ids are kept, no more."""
    model = wide_model()
    words = " ".join(distinct_texts(200, 1000, 1000))
    model.encode(words[:20_000], long=True)
    forget_the_peak()
    before = resident()
    model.encode(words, long=True)
    tokens = len(model.tokenizer.pack([words], truncation=False).input_ids_T)
    return resident("VmHWM") - before, 64 * MB + 16 * tokens


CASES = {
    case.__name__: case for case in (many_calls, many_threads, many_texts, large_batches, a_book)
}

if __name__ == "__main__":
    grown, allowed = CASES[sys.argv[1]]()
    sys.stdout.write(json.dumps({"grown": grown, "allowed": allowed}))
