"""Every named activation beside what Transformers' own modules take and give, in float64."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM

from npdistil import Encoder, TracedModel
from npdistil.trace.cache import ActivationCache
from tests.live.exact import batches
from tests.live.random_models import roughen, save_random_model
from tests.text.tiny import VOCAB
from tests.tolerances import HIDDEN_FLOAT32, HIDDEN_FLOAT64

# Our names -> the module, and whether its input or its output is meant.
BERT = {
    "query": ("attention.self.query", "output"),
    "key": ("attention.self.key", "output"),
    "value": ("attention.self.value", "output"),
    "context": ("attention.output.dense", "input"),
    "output": ("attention.output.dense", "output"),
    "norm": ("attention.output.LayerNorm", "output"),
    "intermediate": ("intermediate.dense", "output"),
    "activation": ("output.dense", "input"),
    "feed_forward": ("output.dense", "output"),
    "layer": ("output.LayerNorm", "output"),
}
DISTILBERT = {
    "query": ("attention.q_lin", "output"),
    "key": ("attention.k_lin", "output"),
    "value": ("attention.v_lin", "output"),
    "context": ("attention.out_lin", "input"),
    "output": ("attention.out_lin", "output"),
    "norm": ("sa_layer_norm", "output"),
    "intermediate": ("ffn.lin1", "output"),
    "activation": ("ffn.lin2", "input"),
    "feed_forward": ("ffn.lin2", "output"),
    "layer": ("output_layer_norm", "output"),
}
MODELS = {"tiny-odd": ("encoder.layer", BERT), "tiny-distilbert": ("transformer.layer", DISTILBERT)}


class Seen:
    """What modules took and gave in one pass."""

    def __init__(self, model: Any, batch: dict[str, np.ndarray]) -> None:
        self.of: dict[tuple[str, str], np.ndarray] = {}
        for name, module in model.named_modules():
            module.register_forward_hook(
                lambda _, inputs, output, name=name: self._take(name, inputs, output)
            )
        with torch.no_grad():
            tensors = {key: torch.from_numpy(value.copy()) for key, value in batch.items()}
            self.output = model(**tensors, output_attentions=True)

    def _take(self, name: str, inputs: Any, output: Any) -> None:
        for side, value in ("input", inputs[0] if inputs else None), ("output", output):
            if isinstance(value, torch.Tensor):
                self.of[name, side] = value.numpy()

    def norm(self, module: str, eps: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and rstd of what a LayerNorm took."""
        x = self.of[module, "input"]
        return x.mean(-1, keepdims=True), 1 / np.sqrt(x.var(-1, keepdims=True) + eps)


def wanted(name: str, seen: Seen, config: Any) -> dict[str, np.ndarray]:
    """Theirs under our names."""
    path, table = MODELS[name]
    eps = getattr(config, "layer_norm_eps", 1e-12)
    mean, rstd = seen.norm("embeddings.LayerNorm", eps)
    found = {
        "embeddings.norm.mean": mean,
        "embeddings.norm.rstd": rstd,
        "embeddings": seen.of["embeddings.LayerNorm", "output"],
    }
    for n in range(config.num_hidden_layers):
        theirs = {
            key: seen.of[f"{path}.{n}.{module}", side] for key, (module, side) in table.items()
        }
        heads = config.num_attention_heads

        def split(x: np.ndarray, heads: int = heads) -> np.ndarray:
            return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)

        query, key = split(theirs["query"]), split(theirs["key"])
        here = {f"attention.{part}": theirs[part] for part in ("query", "key", "value")}
        here["attention.scores"] = query @ key.swapaxes(-1, -2) / math.sqrt(query.shape[-1])
        here["attention.probs"] = seen.output.attentions[n].numpy()
        here["attention.context"] = theirs["context"]
        here["attention.output"] = theirs["output"]
        mean, rstd = seen.norm(f"{path}.{n}.{table['norm'][0]}", eps)
        here["attention.norm.mean"], here["attention.norm.rstd"] = mean, rstd
        here["attention.norm.output"] = theirs["norm"]
        here["feed_forward.intermediate"] = theirs["intermediate"]
        here["feed_forward.activation"] = theirs["activation"]
        here["feed_forward.output"] = theirs["feed_forward"]
        mean, rstd = seen.norm(f"{path}.{n}.{table['layer'][0]}", eps)
        here["feed_forward.norm.mean"], here["feed_forward.norm.rstd"] = mean, rstd
        here["output"] = theirs["layer"]
        found |= {f"layers.{n}.{part}": value for part, value in here.items()}
    if getattr(seen.output, "pooler_output", None) is not None:
        found["pooler"] = seen.output.pooler_output.numpy()
    return found


def differences(ours: Any, theirs: dict[str, np.ndarray]) -> dict[str, float]:
    """Of each activation the largest, relative to values above 1; masked places must be zero."""
    keep_BL = ours.attention_mask
    both_BHLM = keep_BL[:, None, :, None] & keep_BL[:, None, None, :]
    places = {2: keep_BL[:, :1], 3: keep_BL[..., None], 4: both_BHLM}
    worst = {}
    for name, value in ours.items():
        assert value.shape == theirs[name].shape, name
        keep = np.broadcast_to(places[value.ndim], value.shape)
        assert not value[~keep].any(), f"{name}: masked places are zeros"
        assert theirs[name][keep].std() > 1e-3 or "mean" in name, f"{name}: a vacuous comparison"
        size = np.maximum(np.abs(theirs[name]), 1)
        worst[name] = float((np.abs(value - theirs[name]) / size)[keep].max())
    return worst


@pytest.fixture(params=MODELS)
def peer(request, tmp_path):
    """A saved model, ours under each backend and what Transformers' modules saw."""
    save_random_model(request.param, tmp_path)
    model = AutoModel.from_pretrained(tmp_path, attn_implementation="eager").double().eval()
    _, batch = next(batches(model.config.vocab_size, getattr(model.config, "type_vocab_size", 0)))
    return tmp_path, batch, wanted(request.param, Seen(model, batch), model.config)


def test_every_activation_is_what_the_modules_of_transformers_have(peer, compared):
    """A name that holds another value: before or behind the bias, the scale, the residual, a bend.

    The set of names is held too: none of ours is without a counterpart, and none is left out.
    """
    folder, batch, theirs = peer
    encoder = Encoder.from_pretrained(folder, "numpy", "float64")
    _, cache = encoder.run_with_cache(**batch)
    assert [*cache] == [*theirs]
    worst = differences(cache, theirs)
    wrong = {name: size for name, size in worst.items() if not size <= HIDDEN_FLOAT64}
    assert not wrong, f"first at {next(iter(wrong.items()))}"
    compared("named activations with Transformers' modules (numpy float64)", len(worst))


def test_what_the_compiled_backend_shows_means_the_same(peer, compared):
    """A compiled activation under the name of another, or with folded biases."""
    folder, batch, theirs = peer
    _, cache = Encoder.from_pretrained(folder).run_with_cache(**batch)
    layers = sum(name.endswith(".probs") for name in theirs)
    assert len(cache) == 1 + 2 * layers + ("pooler" in theirs)
    worst = differences(cache, theirs)
    wrong = {name: size for name, size in worst.items() if not size <= HIDDEN_FLOAT32}
    assert not wrong, f"first at {next(iter(wrong.items()))}"
    compared("named activations with Transformers' modules (numba float32)", len(worst))


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_activations_of_a_head_for_masked_words(family, backend, tmp_path, compared):
    """The transform before or behind its bend or LayerNorm, and a lens that leaves one out."""
    sizes = {
        "bert": {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3},
        "distilbert": {"dim": 24, "n_layers": 2, "n_heads": 3, "hidden_dim": 37},
    }
    config = AutoConfig.for_model(family, vocab_size=len(VOCAB), **sizes[family])
    torch.manual_seed(3)
    peer = AutoModelForMaskedLM.from_config(config).eval()
    roughen(peer)
    peer.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCAB), encoding="utf-8")

    model = TracedModel.from_pretrained(tmp_path, "fill-mask", backend)
    texts = ["the unable [MASK]", "c [MASK] the c a b"]
    batch = dict(model.tokenizer(texts))
    if family == "distilbert":
        batch.pop("token_type_ids", None)
    seen = Seen(peer.double(), batch)
    norm = "cls.predictions.transform.LayerNorm" if family == "bert" else "vocab_layer_norm"
    theirs = {"head.transform": seen.of[norm, "input"]}
    if backend == "numpy":
        theirs["head.norm.mean"], theirs["head.norm.rstd"] = seen.norm(norm, 1e-12)
    theirs["head.logits"] = seen.output.logits.numpy()
    traced = model.run_with_cache(texts, names_filter=None)
    assert [name for name in traced.cache if name.startswith("head.")] == [*theirs]
    cache = ActivationCache(
        {name: traced.cache[name] for name in theirs}, traced.cache.attention_mask
    )
    worst = differences(cache, theirs)
    assert max(worst.values()) <= HIDDEN_FLOAT32, worst
    lens = model.logit_lens(texts)
    keep_BL = traced.cache.attention_mask
    assert np.abs(lens[-1] - theirs["head.logits"])[keep_BL].max() <= HIDDEN_FLOAT32
    compared(f"named activations with Transformers' modules ({backend} float32)", len(worst))
