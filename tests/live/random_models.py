"""Models of exact shapes with random weights, made by transformers, in which a mistake shows.

A plain initialisation has zero biases, LayerNorm weights of one and near-uniform attention: it
hides a forgotten bias, a swapped LayerNorm and a wrong score scale.
"""

import math
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, PreTrainedModel

NOISE = 0.1  # standard deviation added to every tensor
BRANCH_SCALE = 0.15  # of what attention and feed-forward add to the residual
ENTROPY_SHARE = 0.7  # of log L, the entropy of uniform attention

SHAPES = {
    "xtremedistil-l6-h256": {
        "num_hidden_layers": 6,
        "hidden_size": 256,
        "num_attention_heads": 8,
        "intermediate_size": 1024,
    },
    "xtremedistil-l6-h384": {
        "num_hidden_layers": 6,
        "hidden_size": 384,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
    "xtremedistil-l12-h384": {
        "num_hidden_layers": 12,
        "hidden_size": 384,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
    "tiny-odd": {
        "num_hidden_layers": 2,
        "hidden_size": 24,
        "num_attention_heads": 3,
        "intermediate_size": 37,
        "vocab_size": 99,
    },
}


def save_random_model(name: str, folder: Path, hidden_act: str = "gelu") -> None:
    """Write config.json and model.safetensors of the named shape."""
    torch.manual_seed(384)
    model: PreTrainedModel
    if name == "tiny-distilbert":
        config = DistilBertConfig(
            vocab_size=99, dim=24, n_layers=2, n_heads=3, hidden_dim=37, activation=hidden_act
        )
        model = DistilBertModel(config)
    else:
        model = BertModel(BertConfig(**SHAPES[name], hidden_act=hidden_act))
    roughen(model)
    sharpen(model.eval())
    model.save_pretrained(folder)


def roughen(model: PreTrainedModel, noise: float = NOISE) -> None:
    """Give every tensor values of its own, biases and LayerNorm weights too."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter += noise * torch.randn_like(parameter)
            if name.endswith(("output.dense.weight", "out_lin.weight", "lin2.weight")):
                parameter *= BRANCH_SCALE


def sharpen(model: PreTrainedModel) -> None:
    """Scale queries and keys, layer by layer, until each layer's attention is far from uniform.

    Sharp layers need tokens that differ, hence BRANCH_SCALE: at full strength, random layers make
    all tokens alike within five layers, and queries scaled up to tell them apart again enlarge
    rounding errors until Transformers' own float32 misses its float64 by 2e-4.
    """
    model.set_attn_implementation("eager")
    ids = torch.randint(5, 99, (2, 64))
    for layer in range(model.config.num_hidden_layers):
        scaled = [
            parameter
            for name, parameter in model.named_parameters()
            if f"layer.{layer}." in name
            and any(part in name for part in (".query.", ".key.", ".q_lin.", ".k_lin."))
        ]
        assert len(scaled) == 4
        while entropies(model, ids)[layer] >= ENTROPY_SHARE:
            with torch.no_grad():
                for parameter in scaled:
                    parameter *= 1.05


def entropies(model: PreTrainedModel, ids: torch.Tensor) -> list[float]:
    """Of each layer's attention, the mean over heads and tokens, as a share of log L."""
    with torch.no_grad():
        maps = torch.stack(model(ids, output_attentions=True).attentions).double()
    entropy = -(maps * maps.clamp(min=1e-300).log()).sum(-1)
    return [float(layer.mean()) / math.log(ids.shape[1]) for layer in entropy]
