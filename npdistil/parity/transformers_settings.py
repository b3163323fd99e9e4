"""What a model and a tokenizer of Transformers say of themselves, by our names.

It is read from their parts and not from files: the eps of LayerNorms, the tokenizer's normalizer.
"""

import json
from typing import Any

from ..config import HIDDEN_ACTS, KEYS
from .side import SIZES


def of_model(model: Any) -> dict[str, Any]:
    """Sizes, activation function, eps and float type of a model without its head."""
    config, found = model.config, {}
    for name in (*SIZES, "hidden_act"):
        of_distilbert = KEYS["distilbert"].get(name, name)
        value = getattr(config, name, getattr(config, of_distilbert, None))
        if name == "type_vocab_size" and value is None:
            value = 0
        if value is not None:
            found[name] = value
    named = found.get("hidden_act", "")
    found["hidden_act"] = HIDDEN_ACTS.get(named, named)
    norms = (module for module in model.modules() if hasattr(module, "eps"))
    eps = sorted({float(module.eps) for module in norms})
    if eps:
        found["layer_norm_eps"] = eps[0] if len(eps) == 1 else str(eps)
    return {**found, "dtype": dtype_of(model)}


def dtype_of(model: Any) -> str:
    """The float type of the weights, such as "float64"."""
    return str(next(model.parameters()).dtype).removeprefix("torch.")


def of_tokenizer(tokenizer: Any) -> dict[str, Any]:
    """What decides how text is cut, as the tokenizer does it and not as its files say."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    normalizer = getattr(backend, "normalizer", None)
    told = json.loads(normalizer.__getstate__()) if normalizer is not None else {}
    if told.get("type") != "BertNormalizer":
        return {}
    lower, strip = told["lowercase"], told["strip_accents"]
    return {
        "do_lower_case": lower,
        "strip_accents": lower if strip is None else strip,
        "tokenize_chinese_chars": told["handle_chinese_chars"],
    }
