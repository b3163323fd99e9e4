"""Models of exact shapes with random weights, made by transformers, in which a mistake shows.

A plain initialisation has zero biases, LayerNorm weights of one and near-uniform attention: it
hides a forgotten bias, a swapped LayerNorm and a wrong score scale.
"""

import math
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, PreTrainedModel

from npdistil.checkpoint.registry import entries
from npdistil.config import KEYS

NOISE = 0.1  # standard deviation added to every tensor
WIDEST = 256  # of wider models more products are summed, so each gets less noise
BRANCH_SCALE = 0.15  # of what attention and feed-forward add to the residual
ENTROPY_SHARE = 0.7  # of log L, the entropy of uniform attention

TINY: dict[str, Any] = {
    "vocab_size": 99,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 37,
}
# The ten systems of the model card's table; all-MiniLM-L6-v2 has its real weights.
CARD = {entry.name: entry for entry in entries() if entry.name != "all-MiniLM-L6-v2"}
SEEDS = {name: seed for seed, name in enumerate(CARD)}  # the same shape, other weights
CONFIGS = {
    **{name: entry.config for name, entry in CARD.items()},
    "tiny-odd": replace(CARD["bert-base"].config, **TINY),
    "tiny-distilbert": replace(CARD["distilbert"].config, **TINY),
}


def save_random_model(name: str, folder: Path, hidden_act: str = "gelu") -> None:
    """Write config.json and model.safetensors of the named shape."""
    random_model(name, hidden_act).save_pretrained(folder)


def random_model(name: str, hidden_act: str = "gelu") -> PreTrainedModel:
    """The bare encoder of the named shape, the same one every time."""
    torch.manual_seed(SEEDS.get(name, 384))
    config = CONFIGS[name]
    keys = KEYS[config.model_type]
    values = {key: getattr(config, field) for field, key in keys.items()}
    values[keys["hidden_act"]] = hidden_act
    model: PreTrainedModel
    if config.model_type == "distilbert":
        model = DistilBertModel(DistilBertConfig(**values))
    else:
        model = BertModel(BertConfig(**values))
    roughen(model, NOISE * min(1.0, WIDEST / config.hidden_size))
    sharpen(model.eval())
    torch.manual_seed(1)  # other texts than those that it was sharpened on
    shares = entropies(model, torch.randint(5, 99, (4, 64)))
    assert fmean(shares) < 0.72 and max(shares) < 0.8, f"{name}: attention is near uniform"
    return model


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
        # Scaling both by s multiplies the scores by s squared, which the maps alone can tell.
        score = attention_maps(model, ids)[layer].clamp(min=1e-300).log()
        while entropy_share(score.softmax(-1)) >= ENTROPY_SHARE:
            score *= 1.05**2
            with torch.no_grad():
                for parameter in scaled:
                    parameter *= 1.05


def entropies(model: PreTrainedModel, ids: torch.Tensor) -> list[float]:
    """Of each layer's attention, the mean over heads and tokens, as a share of log L."""
    return [entropy_share(layer) for layer in attention_maps(model, ids)]


def attention_maps(model: PreTrainedModel, ids: torch.Tensor) -> list[torch.Tensor]:
    """Of each layer, in float64."""
    with torch.no_grad():
        return [layer.double() for layer in model(ids, output_attentions=True).attentions]


def entropy_share(maps: torch.Tensor) -> float:
    """Mean entropy of the rows, as a share of that of uniform rows."""
    entropy = -(maps * maps.clamp(min=1e-300).log()).sum(-1)
    return float(entropy.mean()) / math.log(maps.shape[-1])
