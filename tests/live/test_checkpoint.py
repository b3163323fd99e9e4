"""What transformers saves, npdistil loads: every tensor, in tiny odd shapes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers

from npdistil import Encoder
from npdistil.checkpoint.load import load_encoder
from npdistil.checkpoint.names import expected_tensors
from npdistil.params import named_arrays
from tests.live.random_models import NOISE

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
# TinyBERT's head size is 26. Its hub file has projections to the teacher besides, see below.
TINYBERT = transformers.BertConfig(
    hidden_size=78, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50, **SIZES
)
ONE_TYPE = transformers.BertConfig(**{**BERT.to_dict(), "type_vocab_size": 1})
UNTIED = transformers.BertConfig(**{**BERT.to_dict(), "tie_word_embeddings": False})


def without_pooler(config: transformers.BertConfig) -> transformers.BertModel:
    """As those who only want token vectors save it."""
    return transformers.BertModel(config, add_pooling_layer=False)


MODELS = {
    "BertModel": (transformers.BertModel, BERT),
    "BertModel, one token type": (transformers.BertModel, ONE_TYPE),
    "BertModel, no pooler": (without_pooler, BERT),
    "TinyBERT's head size": (transformers.BertForPreTraining, TINYBERT),
    "BertForMaskedLM": (transformers.BertForMaskedLM, BERT),
    "BertForMaskedLM, separate decoder": (transformers.BertForMaskedLM, UNTIED),
    "BertForNextSentencePrediction": (transformers.BertForNextSentencePrediction, BERT),
    "BertForTokenClassification": (transformers.BertForTokenClassification, BERT),
    "BertForMultipleChoice": (transformers.BertForMultipleChoice, BERT),
    "BertForPreTraining": (transformers.BertForPreTraining, BERT),
    "BertForSequenceClassification": (transformers.BertForSequenceClassification, BERT),
    "BertForQuestionAnswering": (transformers.BertForQuestionAnswering, BERT),
    "DistilBertModel": (transformers.DistilBertModel, DISTILBERT),
    "DistilBertForMaskedLM": (transformers.DistilBertForMaskedLM, DISTILBERT),
    "DistilBertForQuestionAnswering": (transformers.DistilBertForQuestionAnswering, DISTILBERT),
    "DistilBertForTokenClassification": (transformers.DistilBertForTokenClassification, DISTILBERT),
    "DistilBertForMultipleChoice": (transformers.DistilBertForMultipleChoice, DISTILBERT),
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
    assert found_config.head_size == (26 if config is TINYBERT else 8)


def old_names(name: str) -> str:
    """LayerNorm's tensors as files of 2018 and 2019 call them."""
    return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta"
    )


def hub_file(model: transformers.PreTrainedModel) -> dict[str, torch.Tensor]:
    """A state dict as the hub's oldest files hold it: prefix, old names, leftovers of training."""
    # Copies: the decoder is tied to the embeddings, and yet stored.
    state = {old_names(name): tensor.clone() for name, tensor in model.state_dict().items()}
    width = model.config.hidden_size
    state["bert.embeddings.position_ids"] = torch.arange(17)[None]
    for n in range(model.config.num_hidden_layers + 1):
        state[f"fit_denses.{n}.weight"] = torch.ones(2 * width, width)
        state[f"fit_denses.{n}.bias"] = torch.ones(2 * width)
    return state


def test_the_oldest_names_give_the_numbers_of_the_newest(
    tmp_path: Path, compared: Callable[[str, int], None]
) -> None:
    """Catches gamma and beta swapped, and a leftover of TinyBERT's training that is trusted."""
    torch.manual_seed(4)
    model = transformers.BertForPreTraining(TINYBERT).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(NOISE * torch.randn_like(parameter))
    model.config.save_pretrained(tmp_path)
    safetensors.torch.save_file(hub_file(model), tmp_path / "model.safetensors")
    ids = torch.randint(5, 99, (3, 17))
    with torch.no_grad():
        expected = model.double().bert(ids)
    for backend, dtype, bound in (("numpy", "float64", 1e-10), ("numba", "float32", 2e-5)):
        found = Encoder.from_pretrained(tmp_path, backend, dtype)(ids.numpy())
        assert found.pooler_output is not None
        for ours, theirs in (
            (found.last_hidden_state, expected.last_hidden_state),
            (found.pooler_output, expected.pooler_output),
        ):
            assert np.abs(ours - theirs.numpy()).max() < bound
            compared("values of old files", ours.size)


def test_shards_that_transformers_writes(tmp_path: Path) -> None:
    """Catches an index of Transformers' own that is refused."""
    torch.manual_seed(5)
    model = transformers.BertModel(BERT)
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    found = named_arrays(load_encoder(tmp_path)[1])
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    for name, want in expected_tensors(load_encoder(tmp_path)[0], pooler=True).items():
        assert np.array_equal(found[want.path], state[name]), name
