"""Every hidden state and attention map against Transformers in float64.

One table: configuration x format x backend. It is printed at the end of the run.
"""

import numpy as np
import pytest
import torch
from transformers import AutoModel, BertConfig, BertModel, DistilBertConfig, DistilBertModel

from npdistil.checkpoint.registry import entries, find
from npdistil.config import KEYS
from tests.live import random_models
from tests.live.exact import BACKENDS, expected
from tests.live.random_models import random_model
from tests.live.walk import FORMATS, MODELS, ONCE, walk
from tests.tolerances import COSINE, HIDDEN_FLOAT32, HIDDEN_FLOAT64


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_equals_transformers(name, tmp_path, minilm_folder, compared, tabled):
    """A wrong weight, bias, scale, mask, position or type, named with the layer it first hurts.

    And a format that gives another tensor than was stored, or a model of another size.
    """
    cells: dict[tuple[str, str], float] = {}
    registered = find(name)
    for step in walk(name, tmp_path, minilm_folder):
        where = f"{name}, {step.format}, {step.backend} {step.dtype}, {step.what}"
        bound = BACKENDS[step.backend, step.dtype]
        wrong = {what: size for what, size in step.worst.items() if not size <= bound}
        assert not wrong, f"{where}: first at {next(iter(wrong.items()))}"
        assert step.one_minus_cosine <= COSINE, where
        assert registered is None or step.parameters == registered.parameters, where
        compared(f"activations with Transformers ({step.backend} {step.dtype})", len(step.worst))
        cell = step.format, f"{step.backend} {step.dtype}"
        cells[cell] = max(cells.get(cell, 0.0), *step.worst.values())
    columns = [" ".join(backend) for backend in BACKENDS]
    assert set(cells) == {(format, column) for format in FORMATS for column in columns}
    for format in FORMATS:
        row = (name, format, *(f"{cells[format, column]:.1e}" for column in columns))
        tabled(
            "largest difference from Transformers in float64", ("model", "format", *columns), row
        )
    assert list(tmp_path.rglob("*.*")) == []  # 440 MB a format, for the largest


def test_the_walk_holds_512_tokens_once_and_all_else_everywhere(tmp_path, minilm_folder):
    """A batch, a backend or a format that is left out, and 512 tokens again for every format."""
    steps = list(walk("tiny-odd", tmp_path, minilm_folder))
    assert len({step[:3] for step in steps}) == len(FORMATS) * len(BACKENDS)
    whole = [step for step in steps if step.format == FORMATS[0]]
    assert [step.what for step in whole] == 3 * ["pairs, padded", "one token", ONCE]
    rest = [step for step in steps if step.format != FORMATS[0]]
    assert [step.what for step in rest] == 3 * (len(FORMATS) - 1) * ["pairs, padded", "one token"]
    for step in steps:
        assert list(step.worst)[:3] == ["hidden 0", "attention 0", "hidden 1"]
        assert len(step.worst) == 2 * 2 + 2  # two layers, embeddings and pooler


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_transformers_counts_the_same_parameters(entry):
    """A count of the registry that was computed from a formula with a slip."""
    keys = KEYS[entry.config.model_type]
    values = {key: getattr(entry.config, field) for field, key in keys.items()}
    with torch.device("meta"):
        if entry.config.model_type == "distilbert":
            model = DistilBertModel(DistilBertConfig(**values))
        else:
            model = BertModel(BertConfig(**values))
    assert sum(parameter.numel() for parameter in model.parameters()) == entry.parameters


def test_random_models_would_show_a_mistake(tmp_path):
    """Leaving out any one tensor changes the result by far more than the tolerance.

    But for key biases, which add the same to all scores of a row and so change nothing.
    """
    random_model("tiny-odd").save_pretrained(tmp_path)
    model = AutoModel.from_pretrained(tmp_path).double().eval()
    _, batch, exact = expected(tmp_path)[0]
    tensors = {key: torch.from_numpy(value.copy()) for key, value in batch.items()}
    keep_BL = batch["attention_mask"] == 1
    for name, parameter in model.named_parameters():
        original = parameter.detach().clone()
        with torch.no_grad():
            parameter.zero_()
            out = model(**tensors)
            parameter.copy_(original)
        hidden = np.abs(out.last_hidden_state.numpy() - exact.last_hidden_state)[keep_BL].max()
        pooled = np.abs(out.pooler_output.numpy() - exact.pooler_output).max()
        if name.endswith("key.bias"):
            assert hidden < HIDDEN_FLOAT64
        else:
            assert max(hidden, pooled) > 100 * HIDDEN_FLOAT32, name


def test_near_uniform_attention_is_refused(monkeypatch):
    """Uniform attention hides a wrong score scale in every layer where it occurs."""
    random_model("tiny-odd")
    monkeypatch.setattr(
        random_models, "sharpen", lambda model: model.set_attn_implementation("eager")
    )
    with pytest.raises(AssertionError, match="near uniform"):
        random_model("tiny-odd")
