"""Documents of Cranfield found by questions, beside sentence-transformers' semantic_search."""

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import semantic_search as peer_search

from npdistil import SearchIndex, SentenceEncoder
from tools.eval_data import cranfield, spread
from tools.task_cases.figure import Figure, relative
from tools.task_cases.models import MINILM, Case

HEAD = None
MODELS = (MINILM.name,)
TOP_K = 10
TIED = 1e-5  # scores this near may stand in either order: each side has its own rounding


def compare(case: Case, inputs: int) -> Figure:
    """Scores and ranks of both libraries, each from texts to answers.

    Queries are Cranfield's, and behind them the first words of its documents. A rank is unlike
    where the peer scores our document differently from its own. A query is decided where its best
    score is twice the median of all.
    """
    found = cranfield(case.data, None)
    documents = spread(found.documents, max(inputs, 2 * TOP_K))
    beginnings = [" ".join(text.split()[:12]) for text in documents]
    queries = [*found.queries, *beginnings][:inputs]
    ours = SearchIndex.from_texts(documents, SentenceEncoder.from_pretrained(case.folder))
    answers = ours.search(queries, TOP_K)
    peer = SentenceTransformer(str(case.folder), device="cpu", local_files_only=True)
    vectors_BD = peer.encode(queries, show_progress_bar=False)
    vectors_ND = peer.encode(documents, show_progress_bar=False)
    scores, unlike, decided = [0.0], 0, 0
    for hits, theirs, query_D in zip(
        answers, peer_search(vectors_BD, vectors_ND, top_k=TOP_K), vectors_BD, strict=True
    ):
        all_N = vectors_ND @ query_D
        wanted = [hit["score"] for hit in theirs]
        scores.append(relative([hit["score"] for hit in hits], wanted))
        ids = [hit["corpus_id"] for hit in hits]
        unlike += ids != sorted(set(ids), key=ids.index)
        unlike += int((np.abs(all_N[ids] - wanted) > TIED).sum())
        decided += bool(wanted[0] > 2 * np.median(all_N))
    return Figure(
        "semantic search", case.model, len(queries),
        None, float(np.max(scores)), unlike, decided / len(queries),
    )  # fmt: skip
