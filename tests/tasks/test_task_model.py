"""Folders with heads, from the files to scores, without a peer."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from npdistil import ConfigError, InputError, Tokenizer
from npdistil.encoder.encoder import BACKENDS
from npdistil.encoder.packing import pack_sequences
from npdistil.reference import forward as reference
from npdistil.tasks import task_model
from npdistil.tasks.task_model import open_task_model
from npdistil.tasks.tokenized import tokenized
from tests.models import TINY
from tests.tasks.folders import write_model
from tests.text.tiny import VOCAB
from tests.tolerances import HIDDEN_FLOAT32

TEXTS = ["a b c", "the unable", "", "a" * 5]


def with_head(folder: Path, rng: np.random.Generator, **shapes: tuple[int, ...]) -> Path:
    """A tiny model with more tensors; a name's "__" is a dot."""
    write_model(folder)
    tensors = load_file(folder / "model.safetensors")
    for name, shape in shapes.items():
        tensors[name.replace("__", ".")] = rng.standard_normal(shape).astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    return folder


def test_no_kernel_is_compiled_for_a_head_that_is_missing(tmp_path, rng, monkeypatch):
    """Catches a minute of compiling before an error that the folder alone could tell."""
    folder = with_head(tmp_path, rng, qa_outputs__weight=(2, 12), qa_outputs__bias=(2,))
    made = []
    monkeypatch.setattr(task_model, "make_kernels", lambda: made.append(1))
    with pytest.raises(ConfigError, match="holds no fill-mask head"):
        open_task_model(folder, "fill-mask")
    assert made == []
    open_task_model(folder, "question-answering")
    assert made == [1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_scores_are_the_layers_on_the_encoders_rows(tmp_path, rng, backend):
    """Catches another row, a pooler left out or put in, and a transposed weight."""
    folder = with_head(tmp_path, rng, classifier__weight=(3, 12), classifier__bias=(3,))
    tensors = load_file(folder / "model.safetensors")
    linear = tensors["classifier.weight"], tensors["classifier.bias"], "identity"
    model = open_task_model(folder, "text-classification", backend)
    batch, _ = tokenized(model.tokenizer, model.encoder.config, TEXTS)
    hidden_TD = model.encoder.encode_packed(batch).hidden_states[-1]
    pooled_BD = reference.dense(
        hidden_TD[batch.cu_seqlens[:-1]],
        tensors["pooler.dense.weight"], tensors["pooler.dense.bias"], "tanh",
    )  # fmt: skip
    found_BC = model.head.logits(model.encoder.backend, batch)
    assert found_BC.shape == (len(TEXTS), 3) and found_BC.std() > 0.1
    assert np.abs(found_BC - reference.dense(pooled_BD, *linear)).max() <= HIDDEN_FLOAT32
    tokens = open_task_model(folder, "token-classification", backend)
    found_TC = tokens.head.logits(tokens.encoder.backend, batch)
    assert np.abs(found_TC - reference.dense(hidden_TD, *linear)).max() <= HIDDEN_FLOAT32


def test_a_sequence_without_tokens_has_no_first_row(tmp_path, rng):
    """Catches the scores of a neighbour."""
    folder = with_head(tmp_path, rng, classifier__weight=(3, 12), classifier__bias=(3,))
    model = open_task_model(folder, "text-classification")
    batch = pack_sequences([np.array([2, 3]), np.array([], np.int32)], TINY)
    with pytest.raises(InputError, match="sequence 1 has no tokens"):
        model.head.logits(model.encoder.backend, batch)


def test_the_same_text_has_the_same_scores_among_any_others(tmp_path, rng):
    """Catches a head computed by BLAS on the numba backend."""
    folder = with_head(
        tmp_path, rng, qa_outputs__weight=(2, 12), qa_outputs__bias=(2,),
        classifier__weight=(5, 12), classifier__bias=(5,),
    )  # fmt: skip
    spans = open_task_model(folder, "question-answering")
    labels = open_task_model(folder, "text-classification")
    batch, _ = tokenized(spans.tokenizer, spans.encoder.config, TEXTS * 9)
    span_T2 = spans.head.logits(spans.encoder.backend, batch)
    label_BC = labels.head.logits(labels.encoder.backend, batch)
    for n in (0, 7, 35):
        alone = batch.take(np.array([n]))
        rows = slice(batch.cu_seqlens[n], batch.cu_seqlens[n + 1])
        assert spans.head.logits(spans.encoder.backend, alone).tobytes() == span_T2[rows].tobytes()
        assert labels.head.logits(labels.encoder.backend, alone).tobytes() == label_BC[n].tobytes()


def test_the_wrong_task_and_unknown_ones(tmp_path, rng):
    """Catches a KeyError, and scores of another head."""
    folder = with_head(tmp_path, rng, qa_outputs__weight=(2, 12), qa_outputs__bias=(2,))
    with pytest.raises(ConfigError, match="holds no token-classification head; it holds: question"):
        open_task_model(folder, "token-classification")
    with pytest.raises(InputError, match="task: expected one of"):
        open_task_model(folder, "summarization")
    with pytest.raises(InputError, match="backend: expected one of"):
        open_task_model(folder, "question-answering", "torch")


def test_settings_and_longest_row(tmp_path, rng):
    """Catches labels of config.json that get lost, and a limit above the model's positions."""
    folder = with_head(tmp_path, rng, classifier__weight=(2, 12), classifier__bias=(2,))
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "no", "1": "yes"}, "problem_type": "multi_label_classification"}
    (folder / "config.json").write_text(json.dumps(config))
    model = open_task_model(folder, "text-classification")
    assert model.settings.labels == ("no", "yes") and model.settings.num_labels == 2
    assert model.settings.problem_type == "multi_label_classification"
    assert model.max_length == TINY.max_position_embeddings
    tokenizer = Tokenizer.from_vocab([*VOCAB, *(f"more{n}" for n in range(37))])
    with pytest.raises(ConfigError, match="do not belong together"):
        replace(model, tokenizer=tokenizer)


def test_tokenized_says_what_is_cut_off(tmp_path, rng):
    """Catches a count of only what was read, of the wrong text, or of no pair's second text."""
    folder = with_head(tmp_path, rng, classifier__weight=(2, 12), classifier__bias=(2,))
    model = open_task_model(folder, "text-classification")
    parts = model.tokenizer, model.encoder.config
    texts = ["a b", "a " * 300, "a b c", ""]
    batch, dropped_B = tokenized(*parts, texts, max_length=5)
    assert dropped_B.tolist() == [0, 297, 0, 0] and batch.lengths.tolist() == [4, 5, 5, 2]
    assert not batch.token_type_ids_T.any()
    batch, dropped_B = tokenized(*parts, texts, ["b", "c", "", "c " * 90], max_length=6)
    assert dropped_B.tolist() == [0, 298, 0, 87] and batch.lengths.tolist() == [6, 6, 6, 6]
    assert batch.token_type_ids_T[:6].tolist() == [0, 0, 0, 0, 1, 1]
    limit = TINY.max_position_embeddings
    batch, dropped_B = tokenized(*parts, texts)
    assert batch.lengths[1] == limit and dropped_B[1] == 300 + 2 - limit
    with pytest.raises(InputError, match="positions"):
        tokenized(*parts, texts, truncation=False)
    batch, dropped_B = tokenized(*parts, texts[:1], truncation=False)
    assert dropped_B.tolist() == [0]
    batch, _ = tokenized(*parts, ["a b c"], ["a b c c b"], max_length=8, truncation="only_second")
    assert batch.lengths.tolist() == [8] and batch.token_type_ids_T.tolist() == [0] * 5 + [1] * 3
    for bad in (2.5, True):
        with pytest.raises(InputError, match="max_length: expected an int"):
            tokenized(*parts, texts, max_length=bad)
    with pytest.raises(InputError, match="max_length"):
        tokenized(*parts, texts, max_length=0)
    with pytest.raises(InputError, match="text_pair: 1 second texts for 4"):
        tokenized(*parts, texts, ["a"])
    batch, dropped_B = tokenized(*parts, [])
    assert len(batch.lengths) == 0 and dropped_B.shape == (0,)
