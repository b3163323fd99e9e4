"""What a checkpoint's config.json says about the encoder, read closed: every value is checked.

Three kinds of keys, and what happens to each:

* the fields of `EncoderConfig`, under the names of their family (`KEYS`): required and bounded.
  There are no architecture defaults; the few values that the format itself leaves out stand in
  `OMITTED`, with the reason.
* keys that would change the forward pass (`NEUTRAL`): accepted only while they say "as usual".
* all other keys, of which Transformers writes dozens (dropout, labels, task settings, versions,
  `auto_map`, TinyBERT's `cell` and `structure`): never read, so they cannot act. Whatever adds or
  reshapes parameters is caught again at the tensors, whose names and shapes must match exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from .errors import ConfigError
from .families import why_not
from .fields import Fields, active_keys, float_fault, integer_fault, shown

_BERT_KEYS = {
    name: name
    for name in (
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "type_vocab_size",
        "layer_norm_eps",
        "hidden_act",
        "pad_token_id",
    )
}
# Field -> key in config.json. DistilBERT has no token types and fixes the eps in its code.
KEYS: dict[str, dict[str, str]] = {
    "bert": _BERT_KEYS,
    "distilbert": {
        "vocab_size": "vocab_size",
        "hidden_size": "dim",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "intermediate_size": "hidden_dim",
        "max_position_embeddings": "max_position_embeddings",
        "hidden_act": "activation",
        "pad_token_id": "pad_token_id",
    },
}
# Values that a well-formed config.json may leave out, because the format defines them: both are
# the defaults of BertConfig, and old files of Google's own code have neither key.
OMITTED: dict[str, int | float] = {"layer_norm_eps": 1e-12, "pad_token_id": 0}
# What DistilBERT's code fixes and its config.json has no key for.
_DISTILBERT_FIXED: dict[str, int | float] = {"type_vocab_size": 0, "layer_norm_eps": 1e-12}

# Closed ranges. They bound what a hostile file can ask for long before memory is the limit.
RANGES: dict[str, tuple[int, int]] = {
    "vocab_size": (5, 1 << 20),
    "hidden_size": (1, 8192),
    "num_hidden_layers": (1, 96),
    "num_attention_heads": (1, 128),
    "intermediate_size": (1, 65536),
    "max_position_embeddings": (1, 32768),
    "type_vocab_size": (0, 16),
    "pad_token_id": (0, (1 << 20) - 1),
}
EPS_RANGE = (1e-15, 1e-2)
# Names of activations in Transformers (its ACT2FN) -> the function that each means. All tanh forms
# are one function: "gelu_fast" writes sqrt(2 / pi) with ten digits, 4e-12 off.
HIDDEN_ACTS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
}

# Keys that would change the forward pass, and the only values that do not.
NEUTRAL: dict[str, tuple[object, ...]] = {
    "position_embedding_type": ("absolute", None),
    "is_decoder": (False, None),
    "add_cross_attention": (False, None),
    "is_encoder_decoder": (False, None),
    "pruned_heads": ({}, None),
    "quantization_config": (None,),
}
# Why each of them is refused.
_WHY = {
    "position_embedding_type": "only a table of absolute positions is",
    "is_decoder": "a decoder's tokens see only those before them",
    "add_cross_attention": "there is no second sequence",
    "is_encoder_decoder": "there is no decoder",
    "pruned_heads": "its layers would have heads of different number",
    "quantization_config": "weights are floats, save them unquantised",
}
# Factorised embeddings, under ELECTRA's and TinyBERT's names: fine when equal to hidden_size.
_EMBEDDING_WIDTHS = ("embedding_size", "emb_size")


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """Shape and constants of one encoder, under the names of BERT's config.json.

    Raises:
        ConfigError: a value has the wrong type, is out of range or contradicts another one.
    """

    model_type: str  # "bert" or "distilbert"
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int  # 0: the model has no token types
    layer_norm_eps: float
    hidden_act: str
    pad_token_id: int

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        problems = _problems(values, _BERT_KEYS)
        if problems:
            raise ConfigError(f"EncoderConfig: {'; '.join(problems)}.")

    @property
    def head_size(self) -> int:
        """Features of one attention head: K = D / H."""
        return self.hidden_size // self.num_attention_heads

    @property
    def activation(self) -> str:
        """The function that `hidden_act` names: "gelu" is the exact one, with erf."""
        return HIDDEN_ACTS[self.hidden_act]

    def row_limit(self, limit: int | None) -> int:
        """The most tokens of a row: the limit, if there is one, and never more than positions."""
        return min(limit or self.max_position_embeddings, self.max_position_embeddings)

    @classmethod
    def from_folder(cls, folder: Path | str) -> Self:
        """Read `config.json` of a model folder.

        Raises:
            ConfigError: the file is missing or unusable; as `from_dict`.
        """
        file = Fields.from_file(Path(folder) / "config.json", ConfigError)
        return cls.from_dict(file.value, file.where)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str) -> Self:
        """Read the keys of a BERT or DistilBERT config.json.

        Args:
            values: the parsed file.
            source: its name, for messages.

        Raises:
            ConfigError: another architecture, missing keys (all named at once), values out of
                range, or a key that asks for something that is not built.
        """
        model_type = values.get("model_type")
        if not isinstance(model_type, str) or model_type not in KEYS:
            raise ConfigError(f"{source}: {_unknown_model_type(values)}")
        keys = KEYS[model_type]
        fixed = {**OMITTED, **(_DISTILBERT_FIXED if model_type == "distilbert" else {})}
        missing = [key for name, key in keys.items() if key not in values and name not in fixed]
        if missing:
            raise ConfigError(
                f"{source}: missing {', '.join(missing)}; a {model_type} config.json must state "
                f"its architecture, nothing is guessed."
            )
        found = {**fixed, **{name: values[key] for name, key in keys.items() if key in values}}
        problems = _problems({"model_type": model_type, **found}, keys)
        problems += _unbuilt_keys(values, found["hidden_size"])
        problems += _second_spellings(values, keys)
        if problems:
            raise ConfigError(f"{source}: {'; '.join(problems)}.")
        return cls(model_type=model_type, **found)


def _unknown_model_type(values: Mapping[str, Any]) -> str:
    known = " and ".join(KEYS)
    if "model_type" not in values:
        return f"no model_type; {known} can be read, add the one that the weights belong to."
    model_type = values["model_type"]
    return f"model_type {shown(model_type)} is not built, only {known} are: {why_not(model_type)}."


def _problems(values: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """Everything wrong with the fields, each under its key in the file."""
    problems = []
    if values["model_type"] not in KEYS:
        problems.append(f"model_type {shown(values['model_type'])} is not one of {list(KEYS)}")
    for name, (low, high) in RANGES.items():
        if fault := integer_fault(values[name], low, high):
            problems.append(f"{keys.get(name, name)}: {fault}")
    if fault := float_fault(values["layer_norm_eps"], *EPS_RANGE):
        problems.append(f"layer_norm_eps: {fault}")
    hidden_act = values["hidden_act"]
    if type(hidden_act) is not str or hidden_act not in HIDDEN_ACTS:
        problems.append(
            f"{keys['hidden_act']} {shown(hidden_act)} is not built, only {', '.join(HIDDEN_ACTS)}"
        )
    if problems:
        return problems
    if values["hidden_size"] % values["num_attention_heads"]:
        problems.append(
            f"{keys['hidden_size']} {values['hidden_size']} is not a multiple of "
            f"{keys['num_attention_heads']} {values['num_attention_heads']}"
        )
    if values["pad_token_id"] >= values["vocab_size"]:
        problems.append(
            f"pad_token_id {values['pad_token_id']} is outside the vocabulary of "
            f"{values['vocab_size']}"
        )
    return problems


def _unbuilt_keys(values: Mapping[str, Any], hidden_size: object) -> list[str]:
    """Keys that ask for a forward pass which is not built."""
    problems = [
        f"{fault}: {_WHY[key]}"
        for key, accepted in NEUTRAL.items()
        for fault in active_keys(values, {key: accepted})
    ]
    for key in _EMBEDDING_WIDTHS:
        if key in values and values[key] != hidden_size:
            problems.append(
                f"{key} {shown(values[key])} differs from the hidden size "
                f"{shown(hidden_size)}: factorised embeddings are not built"
            )
    return problems


def _second_spellings(values: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """DistilBERT files that also carry BERT's name of a key, with another value."""
    return [
        f"{name} {shown(values[name])} contradicts {key} {shown(values[key])}"
        for name, key in keys.items()
        if name != key and name in values and values[name] != values[key]
    ]
