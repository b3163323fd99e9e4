"""Question answering: logits beside Transformers, answers beside the pipeline of 4.57.6.

Transformers 5 has the models and no pipeline. So the answers of models whose weights can be made
again are compared with the golden ones (tools/make_qa_goldens.py), and those of the fitted head
with what Transformers' logits decode to by `decoded`, which is written from the definition alone.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from npdistil.dims import Floats
from npdistil.encoder.backend import Backend
from npdistil.encoder.packing import PackedBatch
from npdistil.tasks.answering.question_answering import QuestionAnswering
from npdistil.tasks.task_model import open_task_model
from tools.qa.cases import REAL, real_cases
from tools.qa.cases import Case as Asked
from tools.qa.compare import Answer, golden_of
from tools.qa.compare import compare as compare_answers
from tools.qa.models import SEEDS, write_model
from tools.task_cases.figure import Figure, absolute
from tools.task_cases.models import Case

HEAD = write_model
MODELS = (*SEEDS, "squad")


class PeerWindow(NamedTuple):
    """A window as Transformers reads it."""

    ids: list[int]
    logits_L2: NDArray[np.float64]
    is_context_L: NDArray[np.bool_]
    words: list[int | None]
    spans: list[tuple[int, int]]


class Peer:
    """Transformers' tokenizer and model."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModelForQuestionAnswering.from_pretrained(folder).eval()

    def windows(
        self, question: str, context: str, max_seq_len: int = 384, doc_stride: int = 128, **_: Any
    ) -> Iterator[PeerWindow]:
        """One window after another; other options do not concern them."""
        rows = self._tokenizer(
            question,
            context,
            truncation="only_second",
            max_length=max_seq_len,
            stride=doc_stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for n, ids in enumerate(rows["input_ids"]):
            inputs = {
                name: torch.tensor([rows[name][n]]) for name in self._tokenizer.model_input_names
            }
            with torch.no_grad():
                out = self._model(**inputs)
            logits_L2 = torch.stack([out.start_logits[0], out.end_logits[0]], -1).double().numpy()
            is_context_L = np.array([part == 1 for part in rows.sequence_ids(n)])
            words, spans = rows.word_ids(n), rows["offset_mapping"][n]
            yield PeerWindow(ids, logits_L2, is_context_L, words, spans)


def decoded(windows: list[PeerWindow], context: str, **options: Any) -> list[Answer]:
    """What the pipeline makes of such logits, word by word as its documentation has it."""
    top_k, longest = options.get("top_k", 1), options.get("max_answer_len", 15)
    scores: dict[str, float] = defaultdict(float)
    places: dict[str, tuple[int, int]] = {}
    null = np.inf
    for window in windows:
        allowed_L = window.is_context_L.copy()
        allowed_L[0] = True
        prob_L2 = np.exp(window.logits_L2 - window.logits_L2[allowed_L].max(axis=0))
        prob_L2[~allowed_L] = 0
        prob_L2 /= prob_L2.sum(axis=0)
        null = min(null, prob_L2[0, 0] * prob_L2[0, 1])
        prob_L2[0] = 0
        score_LM = np.tril(np.triu(np.outer(prob_L2[:, 0], prob_L2[:, 1])), longest - 1)
        order = np.argsort(-score_LM, axis=None, kind="stable")[: 2 * top_k + 10]
        for first, last in zip(*np.unravel_index(order, score_LM.shape), strict=True):
            if score_LM[first, last] > 0:
                start, end = (_word(window, token)[side] for side, token in ((0, first), (1, last)))
                text = context[start:end].lower()
                places.setdefault(text, (start, end))
                scores[text] += float(score_LM[first, last])
    if options.get("handle_impossible_answer"):
        scores[""], places[""] = float(null), (0, 0)
    best = sorted(scores, key=lambda text: -scores[text])[:top_k]
    return [(scores[text], *places[text]) for text in best]


def _word(window: PeerWindow, token: int) -> tuple[int, int]:
    """Where the word of a token begins and ends, as far as the window has it."""
    spans = [
        span
        for span, word, inside in zip(window.spans, window.words, window.is_context_L, strict=True)
        if inside and word == window.words[token]
    ]
    return spans[0][0], spans[-1][1]


class _Recorder:
    """A head that remembers the rows of each window and what it said about them."""

    def __init__(self, head: Any) -> None:
        self._head = head
        self.rows: list[tuple[list[int], Floats]] = []

    def logits(self, backend: Backend, batch: PackedBatch) -> Floats:
        """[T, 2]."""
        found: Floats = self._head.logits(backend, batch)
        cuts = batch.cu_seqlens[1:-1]
        ids = [row.tolist() for row in np.split(batch.input_ids_T, cuts)]
        self.rows += zip(ids, np.split(found, cuts), strict=True)
        return found


def compare(case: Case, inputs: int) -> Figure:
    """Answers, offsets, scores and every token's logits of questions from both SQuAD files.

    Raises:
        AssertionError: a window has other tokens than Transformers'.
    """
    asked = real_cases(case.data, min(inputs, REAL))
    model = open_task_model(case.folder, "question-answering")
    recorder = _Recorder(model.head)
    peer = Peer(case.folder)
    read = [[*peer.windows(one.question, one.context, **one.options)] for one in asked]
    wanted: Any = (
        golden_of(case.model, "real", asked)
        if case.model in SEEDS
        else [_decoded(one, windows) for one, windows in zip(asked, read, strict=True)]
    )
    head: Any = recorder
    found = compare_answers(QuestionAnswering(replace(model, head=head)), asked, wanted)
    theirs = [window for windows in read for window in windows]
    assert [ids for ids, _ in recorder.rows] == [window.ids for window in theirs]
    logits = [
        absolute(ours.ravel().tolist(), window.logits_L2.ravel().tolist())
        for (_, ours), window in zip(recorder.rows, theirs, strict=True)
    ]
    return Figure(
        "question answering", case.model, found.inputs,
        float(np.max(logits)), found.scores, found.unlike, found.decided,
    )  # fmt: skip


def _decoded(one: Asked, windows: list[PeerWindow]) -> list[Answer]:
    return decoded(windows, one.context, **one.options)
