"""What tools/bench_tasks.py measures, one function each: turns, parts -> rows."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npdistil import SearchIndex, SentenceEncoder
from npdistil.encoder.packing import PackedBatch
from npdistil.tasks.stream import BATCH_TOKENS, by_length
from tools.bench.workloads import ragged_texts
from tools.task_cases.models import MINILM, data_folder, fitted_folder

OVERHEAD, SEARCH_MS = 0.05, 30.0  # the most that is promised
SPEEDUP = 1.05  # the least of the first token alone; a sixth of the layers loses most of its work
VECTORS, DIMENSION, QUERIES = 100_000, 384, 200
QUESTION = "What is this about?"
LABELLED = "sst2"
MASKED = "wikitext"
TOPICS = ("music", "science")
Rows = list[dict[str, Any]]
Engine = Callable[[Any, PackedBatch], object]


def search(turns: int, parts: int) -> Rows:
    """A query against a saved index, and what it takes to embed it."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "index"
        vectors_ND = rng.standard_normal((VECTORS, DIMENSION), np.float32)
        SearchIndex.from_vectors(vectors_ND).save(folder)
        del vectors_ND
        index = SearchIndex.load(folder)
        queries_BD = rng.standard_normal((QUERIES, DIMENSION), np.float32)
        index.search(queries_BD[0])  # maps the pages
        times = [_seconds(partial(index.search, query)) for query in queries_BD]
    encoder = SentenceEncoder.from_pretrained(MINILM)
    asked = [f"What is said about number {n} here?" for n in range(QUERIES)]
    embedding = [_seconds(partial(encoder.encode_query, text)) for text in asked]
    row = {
        "vectors": VECTORS,
        "dimension": DIMENSION,
        "queries": QUERIES,
        "search_ms": 1e3 * statistics.median(times),
        "search_ms_p90": 1e3 * float(np.quantile(times, 0.9)),
        "embedding_ms": 1e3 * statistics.median(embedding),
    }
    return [row]


def tasks(turns: int, parts: int) -> Rows:
    """Each task beside the engine alone, on the same token rows."""
    from npdistil.tasks.pipeline import pipeline

    texts = _texts(parts)
    sentences = SentenceEncoder.from_pretrained(MINILM)
    labels = pipeline("text-classification", fitted_folder(LABELLED))
    tags = pipeline("token-classification", fitted_folder("wnut17"))
    spans = pipeline("question-answering", fitted_folder("squad"))
    words = pipeline("fill-mask", fitted_folder(MASKED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no label of this head means entailment
        topics = pipeline("zero-shot-classification", fitted_folder(LABELLED))
    ranks = pipeline("text-ranking", fitted_folder(LABELLED))
    fewer = texts[:: len(TOPICS)]  # each is read once for each label
    pairs = [(QUESTION, text) for text in texts]
    asked = [{"question": QUESTION, "context": text} for text in texts]
    masked = [f"[MASK] {text}" for text in texts]

    def logits(task: Any) -> Engine:
        head = task.model.head
        return lambda backend, part: head.logits(backend, part)

    def word_scores(backend: Any, part: PackedBatch) -> object:
        rows_M = np.flatnonzero(part.input_ids_T == words.tokenizer.mask_token_id)
        return words.model.head.logits(backend, part, rows_M)

    chosen: list[tuple[str, Any, Callable[[], object], Engine]] = [
        (
            "sentence-similarity",
            sentences,
            lambda: sentences.encode(texts, show_progress_bar=False),
            lambda backend, part: sentences.head(backend, part),
        ),
        ("text-classification", labels.model, lambda: labels(texts), logits(labels)),
        (
            "token-classification",
            tags.model,
            lambda: tags(texts, aggregation_strategy="simple"),
            logits(tags),
        ),
        ("question-answering", spans.model, lambda: spans(asked), logits(spans)),
        ("zero-shot-classification", topics.model, lambda: topics(fewer, TOPICS), logits(topics)),
        ("text-ranking", ranks.model, lambda: ranks.predict(pairs), logits(ranks)),
        ("fill-mask", words.model, lambda: words(masked), word_scores),
    ]
    return [
        {"task": name, "texts": len(texts), **_beside_engine(model.encoder, call, engine, turns)}
        for name, model, call, engine in chosen
    ]


def first_token(turns: int, parts: int) -> Rows:
    """Logits of sequences, whose last layer computes the first token alone; and all tokens."""
    from npdistil.tasks.task_model import open_task_model
    from npdistil.tasks.tokenized import tokenized

    model = open_task_model(fitted_folder(LABELLED), "text-classification")
    backend, head = model.encoder.backend, model.head
    batch = tokenized(model.tokenizer, model.encoder.config, _texts(parts)).batch
    cut = [part for _, part in by_length(batch)]

    def everything() -> None:
        for part in cut:
            rows_TD = backend.encode(part, False, False).hidden_states[-1]
            rows_BD = rows_TD[part.cu_seqlens[:-1]]
            for layer in head.layers:
                rows_BD = layer(rows_BD)

    def first_tokens() -> None:
        for part in cut:
            head.logits(backend, part)

    taken = _in_turn([everything, first_tokens], turns)
    slow, fast = ([turn.wall_s for turn in call] for call in taken)
    ratio = statistics.median(a / b for a, b in zip(slow, fast, strict=True))
    row = {
        "sequences": len(batch.lengths),
        "all_tokens_s": statistics.median(slow),
        "first_token_s": statistics.median(fast),
        "speedup": ratio,
    }
    return [row]


def memory(turns: int, parts: int) -> Rows:
    """Resident memory of a process with the encoder alone, and with the head over its words."""
    folder = str(fitted_folder(MASKED))
    programs = {
        "encoder": "import npdistil\n"
        f"model = npdistil.Encoder.from_pretrained({folder!r})\n"
        f"npdistil.Tokenizer.from_pretrained({folder!r}).pack(['a'], 8)\n"
        "model([[101, 103, 102]])",
        "fill_mask": "from npdistil.tasks.pipeline import pipeline\n"
        f"task = pipeline('fill-mask', {folder!r})\n"
        "task('a [MASK]')",
    }
    peak = {name: _peak_bytes(program) for name, program in programs.items()}
    config = json.loads((Path(folder) / "config.json").read_text("utf-8"))
    row = {
        "encoder_bytes": peak["encoder"],
        "fill_mask_bytes": peak["fill_mask"],
        "more_bytes": peak["fill_mask"] - peak["encoder"],
        "table_bytes": 4 * config["vocab_size"] * config["hidden_size"],
    }
    return [row]


MEASUREMENTS: dict[str, Callable[[int, int], Rows]] = {
    "search": search,
    "tasks": tasks,
    "first-token": first_token,
    "memory": memory,
}


class _Taken(NamedTuple):
    wall_s: float
    cpu_s: float  # of all threads; what other processes do is not in it


class _Recorder:
    """A backend that keeps the batches that it gets."""

    def __init__(self, backend: Any) -> None:
        self._backend, self.batches = backend, list[PackedBatch]()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if name not in ("pooled", "encode"):
            return found

        def recorded(batch: PackedBatch, *arguments: Any, **options: Any) -> Any:
            self.batches.append(batch)
            return found(batch, *arguments, **options)

        return recorded


def _beside_engine(
    encoder: Any, call: Callable[[], object], engine: Engine, turns: int
) -> dict[str, Any]:
    backend = encoder.backend
    encoder.backend = recorder = _Recorder(backend)
    call()
    encoder.backend = backend
    parts = [part for _, part in by_length(_joined(recorder.batches), BATCH_TOKENS)]
    assert parts, "the task did not call its encoder"
    with_task, alone = _in_turn([call, lambda: [engine(backend, part) for part in parts]], turns)
    ratios = [
        (a.wall_s / b.wall_s, a.cpu_s / b.cpu_s) for a, b in zip(with_task, alone, strict=True)
    ]
    overhead, cpu_overhead = (statistics.median(kind) - 1 for kind in zip(*ratios, strict=True))
    return {
        "token_rows": sum(len(part.input_ids_T) for part in parts),
        "task_s": statistics.median(taken.wall_s for taken in with_task),
        "engine_s": statistics.median(taken.wall_s for taken in alone),
        "overhead": overhead,
        "cpu_overhead": cpu_overhead,
    }


def _joined(batches: list[PackedBatch]) -> PackedBatch:
    lengths = np.concatenate([batch.lengths for batch in batches])
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    names = ("input_ids_T", "token_type_ids_T", "position_ids_T")
    ids, types, positions = (
        np.concatenate([getattr(batch, name) for batch in batches]) for name in names
    )
    return PackedBatch(ids, types, positions, ends)


def _in_turn(calls: list[Callable[[], object]], turns: int) -> list[list[_Taken]]:
    """What each call takes in each turn, forwards and backwards: drifts meet all alike."""
    found: list[list[_Taken]] = [[] for _ in calls]
    for turn in range(turns + 1):
        for n in range(len(calls))[:: 1 if turn % 2 else -1]:
            cpu = time.process_time()
            wall_s = _seconds(calls[n])
            if turn:  # the first touches memory that is cold
                found[n].append(_Taken(wall_s, time.process_time() - cpu))
    return found


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _texts(parts: int) -> list[str]:
    texts = ragged_texts(data_folder())
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[n] for n in order[::parts]]


def _peak_bytes(program: str) -> int:
    """Largest resident memory of a process that runs a program."""
    report = "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    unit = 1 if sys.platform == "darwin" else 1024
    return int(done.stdout.split()[-1]) * unit
