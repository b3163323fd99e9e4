"""What transformers saves, npdistil loads: every tensor, in tiny odd shapes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from npdistil.checkpoint.load import load_encoder
from npdistil.checkpoint.names import expected_tensors
from npdistil.params import named_arrays

SIZES = {"vocab_size": 99, "max_position_embeddings": 17}
BERT = transformers.BertConfig(
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=37,
    type_vocab_size=3,
    layer_norm_eps=1e-7,
    **SIZES,
)
DISTILBERT = transformers.DistilBertConfig(
    dim=24, n_layers=2, n_heads=3, hidden_dim=37, sinusoidal_pos_embds=True, **SIZES
)
MODELS = {
    "BertModel": (transformers.BertModel, BERT),
    "BertForMaskedLM": (transformers.BertForMaskedLM, BERT),
    "BertForPreTraining": (transformers.BertForPreTraining, BERT),
    "BertForSequenceClassification": (transformers.BertForSequenceClassification, BERT),
    "BertForQuestionAnswering": (transformers.BertForQuestionAnswering, BERT),
    "DistilBertModel": (transformers.DistilBertModel, DISTILBERT),
    "DistilBertForMaskedLM": (transformers.DistilBertForMaskedLM, DISTILBERT),
    "DistilBertForSequenceClassification": (
        transformers.DistilBertForSequenceClassification,
        DISTILBERT,
    ),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["f32", "bf16"])
@pytest.mark.parametrize("name", MODELS)
def test_saved_models_load_with_every_tensor_equal(
    tmp_path: Path, name: str, dtype: torch.dtype, compared: Callable[[str, int], None]
) -> None:
    """Catches a key or a name that transformers writes differently from the hub's old files."""
    make, config = MODELS[name]
    torch.manual_seed(3)
    model = make(config).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():  # biases are zeros and norms ones otherwise
            parameter.add_(torch.randn_like(parameter))
    model.save_pretrained(tmp_path)

    found_config, params = load_encoder(tmp_path)
    state = {key: value.float().numpy() for key, value in model.base_model.state_dict().items()}
    found = named_arrays(params)
    expected = expected_tensors(found_config, pooler=params.pooler is not None)
    assert len(found) == len(expected) == sum("position_ids" not in key for key in state)
    for key, want in expected.items():
        assert np.array_equal(found[want.path], state[key]), key
    compared("tensors of saved models", len(found))

    assert found_config.hidden_size == config.hidden_size
    assert found_config.num_attention_heads == config.num_attention_heads
    assert found_config.layer_norm_eps == getattr(config, "layer_norm_eps", 1e-12)
    assert found_config.head_size == 8
