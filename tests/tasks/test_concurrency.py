"""One model, many threads of the caller: every answer is the serial one, to the bit."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from npdistil import InputError, SentenceEncoder, Tokenizer
from tests.models import TINY
from tests.tasks.folders import make, random_texts
from tests.text.tiny import VOCAB

THREADS, CALLS = 16, 500
SHORT = [text[:30] for text in random_texts()]
Job = Callable[[], tuple[bytes, ...]]


@contextmanager
def hasty_switches() -> Iterator[None]:
    """Let Python change threads every microsecond: between any two steps of a call."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def embedding_job(model: SentenceEncoder, rng: np.random.Generator) -> Job:
    """One to five short texts."""
    texts = [SHORT[n] for n in rng.integers(0, len(SHORT), rng.integers(1, 6))]
    batch_size = int(rng.integers(1, 4))
    return lambda: (model.encode(texts, batch_size=batch_size, show_progress_bar=False).tobytes(),)


def encoder_job(model: SentenceEncoder, rng: np.random.Generator) -> Job:
    """A padded batch, sometimes with everything that can be traced."""
    B, L = rng.integers(1, 5), rng.integers(1, TINY.max_position_embeddings + 1)
    ids_BL = rng.integers(0, TINY.vocab_size, (B, L))
    mask_BL = np.arange(L) < rng.integers(1, L + 1, (B, 1))
    options = dict.fromkeys(("output_hidden_states", "output_attentions"), bool(rng.integers(2)))

    def run() -> tuple[bytes, ...]:
        out = model.encoder(ids_BL, mask_BL, **options)
        arrays = [out.last_hidden_state, out.pooler_output]
        arrays += [*(out.hidden_states or ()), *(out.attentions or ())]
        return tuple(array.tobytes() for array in arrays)

    return run


def tokenizer_job(tokenizer: Tokenizer, rng: np.random.Generator) -> Job:
    """Ids, masks and offsets of a few texts, cut at some length."""
    texts = [SHORT[n] for n in rng.integers(0, len(SHORT), rng.integers(1, 6))]
    max_length = int(rng.integers(3, 20))

    def run() -> tuple[bytes, ...]:
        batch = tokenizer(
            texts, truncation=True, max_length=max_length, return_offsets_mapping=True
        )
        return tuple(np.asarray(batch[name]).tobytes() for name in sorted(batch.keys()))

    return run


def failing_job(model: SentenceEncoder, rng: np.random.Generator) -> Job:
    """A call that is refused, and must leave nothing half done."""
    beyond = int(rng.integers(TINY.vocab_size, 2**40))

    def run() -> tuple[bytes, ...]:
        try:
            model.encoder([[1, beyond]])
        except InputError as error:
            return (str(error).encode(),)
        return ()

    return run


@pytest.mark.parametrize("num_threads", [1, 3])
def test_mixed_calls_give_the_serial_answers(num_threads):
    """Catches scratch that two calls share, and answers that land with the wrong caller."""
    model = make(num_threads=num_threads)
    compiled = Tokenizer.from_vocab(VOCAB, backend="numba")
    rng = np.random.default_rng(num_threads)
    jobs = [embedding_job(model, rng) for _ in range(40)]
    jobs += [encoder_job(model, rng) for _ in range(40)]
    jobs += [tokenizer_job(t, rng) for t in (model.tokenizer, compiled) for _ in range(15)]
    jobs += [failing_job(model, rng) for _ in range(5)]
    wanted = [job() for job in jobs]
    assert len(set(wanted)) > 80, "answers that are alike hide a mix-up"

    wrong: list[str] = []
    start = threading.Barrier(THREADS)

    def work(seed: int) -> None:
        order = np.random.default_rng(seed).integers(0, len(jobs), CALLS)
        start.wait(20)
        for n in order:
            try:
                if jobs[n]() != wanted[n]:
                    wrong.append(f"thread {seed}: job {n} differs")
            except BaseException as failure:
                wrong.append(f"thread {seed}: job {n}: {failure!r}")

    with hasty_switches():
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert [job() for job in jobs] == wanted
