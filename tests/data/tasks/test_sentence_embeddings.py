"""Sentence embeddings beside SentenceTransformer, and long ones beside Transformers."""

import pytest

from tools.task_cases import long_texts, sentence_embeddings


@pytest.mark.parametrize("model", sentence_embeddings.MODELS)
def test_sentence_embeddings(model: str, compare_task) -> None:
    """Catches a pooling, module, prompt, cut, bucket or similarity of another meaning."""
    compare_task(sentence_embeddings, model)


def test_long_texts(compare_task) -> None:
    """Catches a window, a weight or an edge other than documented."""
    compare_task(long_texts, *long_texts.MODELS)
