"""Ports of a model with one mistake each, made of Transformers' own modules.

Nothing here is shared with the hypotheses that are to find the mistakes: these change modules,
weights and tokenizers of torch, those change our parameters and hooks.
"""

from collections.abc import Callable
from pathlib import Path
from types import MethodType
from typing import Any, NamedTuple

import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
)

from npdistil.parity.transformers_side import TransformersSide
from tests.live.random_models import roughen, sharpen
from tests.tasks.folders import write_settings

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MARKED = "éèüöäñçåã"
PIECES = [*LETTERS, *LETTERS.upper(), *MARKED, *MARKED.upper(), *"0123456789.,!?'-"]
VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PIECES, *(f"##{piece}" for piece in PIECES)]
SIZES = {
    "bert": {
        "hidden_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "intermediate_size": 40,
    },
    "distilbert": {"dim": 24, "n_layers": 3, "n_heads": 3, "hidden_dim": 40},
}


def write_small(folder: Path, family: str) -> Path:
    """A sentence-transformers folder of a small model; texts of up to 48 tokens."""
    torch.manual_seed(11)
    made: dict[str, Any] = {"bert": (BertConfig, BertModel)}
    made["distilbert"] = DistilBertConfig, DistilBertModel
    config, model = made[family]
    model = model(config(vocab_size=len(VOCAB), max_position_embeddings=96, **SIZES[family]))
    roughen(model)
    sharpen(model.eval())
    write_settings(
        folder,
        kinds=("Transformer", "Pooling", "Normalize"),
        pooling={"word_embedding_dimension": 24, "pooling_mode_mean_tokens": True},
        settings={"max_seq_length": 48},
    )
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCAB), encoding="utf-8")
    return folder


class Port:
    """A model in somebody's hands, and what went wrong there."""

    def __init__(
        self, folder: Path, dtype: str, max_length: int, *faults: Callable[["Port"], None]
    ) -> None:
        self.model = AutoModel.from_pretrained(
            folder, attn_implementation="eager", dtype=getattr(torch, dtype)
        ).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.options = {"max_length": max_length, "pooling": "mean", "normalize": True}
        for fault in faults:
            fault(self)

    def side(self) -> TransformersSide:
        return TransformersSide(self.model, self.tokenizer, name="port", **self.options)

    @property
    def layers(self) -> Any:
        bert = self.model.config.model_type == "bert"
        return self.model.encoder.layer if bert else self.model.transformer.layer

    def attention(self, layer: int) -> torch.nn.Module:
        attention = self.layers[layer].attention
        return getattr(attention, "self", attention)

    def linear(self, layer: int, which: str) -> torch.nn.Linear:
        attention = self.attention(layer)
        name = which if hasattr(attention, which) else f"{which[0]}_lin"
        return getattr(attention, name)

    def norms(self) -> list[torch.nn.LayerNorm]:
        return [module for module in self.model.modules() if isinstance(module, torch.nn.LayerNorm)]


def tanh_gelu(port: Port) -> None:
    for layer in port.layers:
        if hasattr(layer, "ffn"):
            layer.ffn.activation = torch.nn.GELU(approximate="tanh")
        else:
            layer.intermediate.intermediate_act_fn = torch.nn.GELU(approximate="tanh")


def another_eps(port: Port, eps: float = 1e-7) -> None:
    for norm in port.norms():
        norm.eps = eps


def padding_mask(port: Port) -> None:
    def unmasked(_: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        return args, {**kwargs, "attention_mask": None}

    port.model.register_forward_pre_hook(unmasked, with_kwargs=True)


def positions(port: Port, shift: int = 1) -> None:
    ids = port.model.embeddings.position_ids
    last = ids.shape[1] - 1
    port.model.embeddings.position_ids = (ids + shift).clamp(0, last)


def token_types(port: Port) -> None:
    table = port.model.embeddings.token_type_embeddings
    table.forward = lambda ids: torch.zeros((), dtype=table.weight.dtype)


def transposed(port: Port) -> None:
    weight = port.linear(1, "value").weight
    weight.data = weight.data.clone().T.contiguous()


def query_key_swapped(port: Port) -> None:
    for n in range(len(port.layers)):
        query, key = port.linear(n, "query"), port.linear(n, "key")
        states = [{name: x.clone() for name, x in one.state_dict().items()} for one in (query, key)]
        key.load_state_dict(states[0])
        query.load_state_dict(states[1])


def missing_scale(port: Port) -> None:
    for n in range(len(port.layers)):
        port.attention(n).scaling = 1.0


def norm_before_residual(port: Port) -> None:
    def add(self: Any, hidden: Any, residual: Any) -> Any:
        return self.LayerNorm(self.dense(hidden)) + residual

    def block(self: Any, hidden: Any, attention_mask: Any = None, **options: Any) -> Any:
        seen, _ = self.attention(hidden, attention_mask=attention_mask, **options)
        hidden = self.sa_layer_norm(seen) + hidden
        return self.output_layer_norm(self.ffn(hidden)) + hidden

    for layer in port.layers:
        if hasattr(layer, "ffn"):
            layer.forward = MethodType(block, layer)
        else:
            for part in (layer.attention.output, layer.output):
                part.forward = MethodType(add, part)


def first_token_pooling(port: Port) -> None:
    port.options["pooling"] = "cls"


def max_length(port: Port) -> None:
    port.options["max_length"] //= 2


def no_normalize(port: Port) -> None:
    port.options["normalize"] = False


def lower_case(port: Port) -> None:
    port.tokenizer.backend_tokenizer.normalizer.lowercase = False


def strip_accents(port: Port) -> None:
    port.tokenizer.backend_tokenizer.normalizer.strip_accents = False


def float16_weights(port: Port) -> None:
    dtype = port.model.dtype
    port.model.half().to(dtype)


# ------------------------------------------------------------------------ mistakes of no known kind


def zeroed_bias(port: Port) -> None:
    port.linear(0, "value").bias.data.zero_()


def heads_mixed_up(port: Port) -> None:
    value = port.linear(1, "value")
    value.weight.data = value.weight.data.roll(8, 0)


def no_residual(port: Port) -> None:
    def forget(self: Any, hidden: Any, residual: Any) -> Any:
        return self.LayerNorm(self.dense(hidden))

    first = port.layers[0].attention.output
    first.forward = MethodType(forget, first)


def words_off_by_one(port: Port) -> None:
    table = port.model.embeddings.word_embeddings.weight
    table.data = table.data.roll(1, 0)


def norm_unweighted(port: Port) -> None:
    port.norms()[-1].weight.data.fill_(1)


UNKNOWN = (zeroed_bias, heads_mixed_up, no_residual, words_off_by_one, norm_unweighted)


class Known(NamedTuple):
    """One of the fifteen, and what a report must say of it."""

    inject: Callable[[Port], None]
    first: str  # what differs first
    tensor: str = ""  # where a single one is to blame


SUM, RSTD, VECTORS = "embeddings.norm.mean", "embeddings.norm.rstd", "sentence_embedding"
POSITION = "embeddings.position_PD"
# In the order in which they act.
FAULTS = {
    "lower_case": Known(lower_case, "input_ids"),
    "strip_accents": Known(strip_accents, "input_ids"),
    "max_length": Known(max_length, "input_ids"),
    "positions": Known(positions, SUM, POSITION),
    "token_types": Known(token_types, SUM, "embeddings.token_type_GD"),
    "float16_weights": Known(float16_weights, SUM),
    "layer_norm_eps": Known(another_eps, RSTD),
    "query_key_swapped": Known(query_key_swapped, "layers.0.attention.query"),
    "missing_scale": Known(missing_scale, "layers.0.attention.scores"),
    "padding_mask": Known(padding_mask, "layers.0.attention.probs"),
    "norm_before_residual": Known(norm_before_residual, "layers.0.attention.norm.mean"),
    "tanh_gelu": Known(tanh_gelu, "layers.0.feed_forward.activation"),
    "transposed_weight": Known(
        transposed, "layers.1.attention.value", "layers.1.attention.value.weight_EI"
    ),
    "first_token_pooling": Known(first_token_pooling, VECTORS),
    "normalize": Known(no_normalize, VECTORS),
}
