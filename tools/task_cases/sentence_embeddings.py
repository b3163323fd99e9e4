"""Sentence embeddings beside SentenceTransformer, on pairs of sentences of STS-B.

On the real model as it is; and on every model with all six poolings side by side, a prompt that is
not pooled, two Dense layers and a Normalize, read from a folder that sentence-transformers saved.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from sentence_transformers.util import quantize_embeddings as peer_quantize
from torch import manual_seed, nn

from npdistil import SentenceEncoder
from npdistil.encoder.backend import POOLINGS
from npdistil.tasks.embedding.quantization import quantize_embeddings
from npdistil.tasks.embedding.request import PRECISIONS, SIMILARITY_NAMES
from tests.data.real_texts import real_pairs
from tools.task_cases.figure import Figure, absolute, largest, relative
from tools.task_cases.models import MINILM, RANDOM, Case
from tools.task_cases.text_classification import HEAD as HEAD  # its encoder alone is used

MODELS = (*RANDOM, MINILM.name)
PROMPTS = {"query": "query: what is the question? ", "passage": "passage: "}
BATCH = 16
NEAR_ZERO = 0.05  # a cosine below it has no relative difference worth the name


def compare(case: Case, inputs: int) -> Figure:
    """Numbers of vectors, similarities of pairs, nearest neighbours, and quantised numbers."""
    pairs = real_pairs(case.data)["GLUE STS-B/dev.tsv"]
    texts = [*dict.fromkeys(text for pair in pairs for text in pair)][:inputs]
    with tempfile.TemporaryDirectory() as root:
        folders = [_save_with_everything(case.folder, Path(root))]
        if case.model == MINILM.name:
            folders.append(case.folder)
        rows = [_compare_folder(folder, texts) for folder in folders]
    numbers, scores, unlike, decided = zip(*rows, strict=True)
    return Figure(
        "sentence embeddings", case.model, len(texts),
        float(np.max(numbers)), float(np.max(scores)), sum(unlike), min(decided),
    )  # fmt: skip


def _save_with_everything(encoder: Path, root: Path) -> Path:
    manual_seed(11)
    transformer = modules.Transformer(str(encoder), max_seq_length=64)
    pooling = modules.Pooling(
        transformer.get_embedding_dimension(), POOLINGS[::-1], include_prompt=False
    )
    parts = [
        transformer,
        pooling,
        modules.Dense(pooling.get_embedding_dimension(), 100, activation_function=nn.Tanh()),
        modules.Dense(100, 77, bias=False, activation_function=nn.Identity(), use_residual=True),
        modules.Normalize(),
    ]
    peer = SentenceTransformer(
        modules=parts, device="cpu", prompts=PROMPTS, default_prompt_name="passage",
        similarity_fn_name="euclidean",
    )  # fmt: skip
    folder = root / "everything"
    peer.save_pretrained(str(folder))
    return folder


def _compare_folder(folder: Path, texts: list[str]) -> tuple[float, float, int, float]:
    peer = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    ours = SentenceEncoder.from_pretrained(folder)
    assert ours.similarity_fn_name == peer.similarity_fn_name
    assert ours.get_embedding_dimension() == peer.get_embedding_dimension()
    numbers, unlike = [], 0
    options: dict[str, Any] = {"batch_size": BATCH, "show_progress_bar": False}
    vectors: Any = ours.encode(texts, **options)
    theirs: Any = peer.encode(texts, **options)
    numbers.append(absolute(vectors, theirs))
    calls: list[tuple[str, dict[str, Any]]] = [
        ("encode", {"prompt": "of one call: ", "truncate_dim": 31, "normalize_embeddings": True}),
        ("encode_query", {"truncate_dim": 31}),
        ("encode_document", {"normalize_embeddings": True}),
    ]
    for name, arguments in calls:
        found = getattr(ours, name)(texts, **options, **arguments)
        wanted = getattr(peer, name)(texts, **options, **arguments)
        numbers.append(absolute(found, wanted))
    assert theirs.std(axis=0).max() > 0.01, "all texts have one vector"
    for precision in PRECISIONS[1:]:
        unlike += _unlike_quantised(ours, texts, vectors, theirs, precision)
    scores = _scores(ours, peer, vectors, theirs)
    cosines, wanted = _cosines(vectors), _cosines(theirs)
    # Another neighbour is no other answer where rounding decides between two.
    n = np.arange(len(texts))
    behind = wanted.max(axis=1) - wanted[n, cosines.argmax(axis=1)]
    unlike += int((behind > 4 * absolute(vectors, theirs)).sum())
    usual = np.maximum(wanted[wanted >= -1].reshape(len(texts), -1).mean(axis=1), 0.25)
    decided = wanted.max(axis=1) > np.minimum(2 * usual, (1 + usual) / 2)
    return largest(numbers), scores, unlike, float(decided.mean())


def _scores(ours: SentenceEncoder, peer: Any, vectors: NDArray[Any], theirs: NDArray[Any]) -> float:
    worst = []
    half = len(vectors) // 2
    for name in SIMILARITY_NAMES:
        ours.similarity_fn_name = peer.similarity_fn_name = name
        # Each with texts that are not its own: a distance of zero has no relative difference.
        found = ours.similarity(vectors[:half], vectors[half : half + 20])
        wanted = peer.similarity(theirs[:half], theirs[half : half + 20]).numpy()
        paired = ours.similarity_pairwise(vectors[:half], vectors[half : 2 * half])
        likewise = peer.similarity_pairwise(theirs[:half], theirs[half : 2 * half]).numpy()
        for a, b in ((found, wanted), (paired, likewise)):
            large = np.abs(b) > NEAR_ZERO
            assert large.mean() > 0.3
            worst.append(relative(a[large], b[large]))
    return largest(worst)


def _cosines(vectors: NDArray[Any]) -> NDArray[Any]:
    """Of each text with all others."""
    unit = vectors.astype(np.float64) / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines: NDArray[Any] = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines


def _unlike_quantised(
    ours: SentenceEncoder,
    texts: list[str],
    vectors: NDArray[Any],
    theirs: NDArray[Any],
    precision: str,
) -> int:
    """How many numbers differ: of the same floats, any; of each side's own, beyond rounding.

    With floats that differ by d at most, so do both ends of a range, and the place of a float
    within it, (x - start) / step, by 4 d / step at most; so a bucket can differ, by one, where the
    place is that near to a whole number. A bit can differ where a float is that near to zero.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few texts
        same = quantize_embeddings(theirs, precision) != peer_quantize(theirs, precision)
        if precision in ("int8", "binary"):
            found = ours.encode(texts, batch_size=BATCH, precision=precision)
        else:
            found = quantize_embeddings(vectors, precision)
        wanted = peer_quantize(theirs, precision)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    d = float(np.abs(vectors - theirs).max())
    exact = theirs.astype(np.float64)
    if precision.endswith("int8"):
        start, end = exact.min(axis=0), exact.max(axis=0)
        step = (end - start) / 255
        place = (exact - start) / step
        near = np.abs(place - place.round()) <= 4 * d / step + 255 * 2.0**-22
        gap = np.abs(found.astype(int) - wanted.astype(int))
        differing = (gap > 1) | ((gap == 1) & ~near)
    else:
        offset = 128 if precision == "binary" else 0
        bits, others = (
            np.unpackbits((x.astype(int) + offset).astype(np.uint8), axis=1)[:, : exact.shape[1]]
            for x in (found, wanted)
        )
        differing = (bits != others) & (np.abs(exact) > d)
    return int(same.sum()) + int(differing.sum())
