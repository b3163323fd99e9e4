"""Pairs among the sentences of STS-B beside sentence-transformers' paraphrase_mining."""

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import paraphrase_mining as peer_mining

from npdistil import SentenceEncoder, paraphrase_mining
from tools.eval_data import spread, sts_b
from tools.task_cases.figure import Figure, relative
from tools.task_cases.models import MINILM, Case

HEAD = None
MODELS = (MINILM.name,)
TOP_K = 5
TIED = 1e-5  # scores this near may stand in either order: each side has its own rounding


def compare(case: Case, inputs: int) -> Figure:
    """Scores and pairs of both libraries, each from texts to answers; as many pairs as texts.

    A pair is unlike where the peer has no such pair, or scores it differently from the one in its
    place. A pair is decided where its score is twice the mean of all pairs.
    """
    texts = [text for pair in spread(sts_b(case.data, None), inputs // 2) for text in pair[:2]]
    encoder = SentenceEncoder.from_pretrained(case.folder)
    ours = paraphrase_mining(encoder, texts, max_pairs=len(texts), top_k=TOP_K)
    peer = SentenceTransformer(str(case.folder), device="cpu", local_files_only=True)
    theirs = peer_mining(peer, texts, max_pairs=len(texts) + 10, top_k=TOP_K)
    by_pair = {(i, j): score for score, i, j in theirs}
    wanted = [score for score, _, _ in theirs[: len(ours)]]
    unlike = len(texts) - len(ours) + len(ours) - len({(i, j) for _, i, j in ours})
    for (_, i, j), score in zip(ours, wanted, strict=True):
        unlike += not abs(by_pair.get((i, j), np.nan) - score) <= TIED
    vectors_ND = encoder.encode(texts, show_progress_bar=False)
    mean = float((vectors_ND @ vectors_ND.T)[np.triu_indices(len(texts), 1)].mean())
    return Figure(
        "paraphrase mining", case.model, len(texts),
        None, relative([score for score, _, _ in ours], wanted), unlike,
        float(np.mean(np.array(wanted) > 2 * mean)),
    )  # fmt: skip
