"""Texts longer than the model, window by window through Transformers, by the documented formula."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from npdistil import SentenceEncoder
from tests.data.real_texts import squad
from tools.task_cases.figure import Figure, absolute, relative
from tools.task_cases.models import MINILM, Case

HEAD = None
MODELS = (MINILM.name,)
LENGTH, STRIDE = 64, 16
WORDS = 80  # of a text, at least: it needs two windows


def compare(case: Case, inputs: int) -> Figure:
    """Numbers of the vectors, their cosines with the next text's, and nearest neighbours."""
    contexts = dict.fromkeys(context for _, context in squad(case.data))
    texts = [context for context in contexts if len(context.split()) >= WORDS][:inputs]
    tokenizer = AutoTokenizer.from_pretrained(case.folder)
    model = AutoModel.from_pretrained(case.folder).eval()
    exact = np.stack([_by_windows(model, tokenizer, text) for text in texts])
    ours = SentenceEncoder.from_pretrained(case.folder)
    ours.max_seq_length = LENGTH
    found = ours.encode(texts, long=True, stride=STRIDE, show_progress_bar=False)
    cut = ours.encode(texts, show_progress_bar=False)
    assert np.abs(found - cut).max(axis=1).min() > 1e-3, "a text fits"
    short = [text[:100] for text in texts]
    plain = ours.encode(short, show_progress_bar=False)
    long = ours.encode(short, long=True, stride=STRIDE, show_progress_bar=False)
    unlike = int((plain != long).any(axis=1).sum())
    cosines, wanted = found @ found.T, exact @ exact.T
    for matrix in (cosines, wanted):
        np.fill_diagonal(matrix, -1)
    unlike += int((cosines.argmax(axis=1) != wanted.argmax(axis=1)).sum())
    best = wanted.max(axis=1)
    numbers = absolute(found.ravel().tolist(), exact.ravel().tolist())
    scores = relative(cosines.max(axis=1).tolist(), best.tolist())
    decided = float((best > 0.5).mean())
    return Figure("long texts", case.model, len(texts), numbers, scores, unlike, decided)


def _by_windows(model: torch.nn.Module, tokenizer: Any, text: str) -> NDArray[np.float64]:
    """Each token's row from the window in which it is farther from an edge.

    Of two windows that share s tokens, the first ceil(s / 2) of these are the earlier one's.
    """
    ids = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    size = LENGTH - 2
    assert len(ids) > size
    windows, kept, start, begin = [], [], 0, 0
    while True:
        start = min(start, len(ids) - size)
        after = min(start + size - STRIDE, len(ids) - size)  # where the next window starts
        last = start + size == len(ids)
        end = len(ids) if last else after + (start + size - after + 1) // 2
        windows.append([tokenizer.cls_token_id, *ids[start : start + size], tokenizer.sep_token_id])
        kept.append((1 + begin - start, 1 + end - start))
        if last:
            break
        start, begin = after, end
    with torch.no_grad():
        states = model(torch.tensor(windows)).last_hidden_state.double().numpy()
    total = states[0, 0] + states[-1, -1]  # [CLS] and [SEP]
    for rows, (first, behind) in zip(states, kept, strict=True):
        total = total + rows[first:behind].sum(axis=0)
    mean = total / (len(ids) + 2)
    scaled: NDArray[np.float64] = mean / np.linalg.norm(mean)
    return scaled
