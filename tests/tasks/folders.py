"""Sentence-transformers folders, tiny and made by hand, in the spellings of both generations."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from npdistil import Encoder, EncoderConfig, SentenceEncoder, Tokenizer
from npdistil.checkpoint.names import expected_tensors
from npdistil.heads.sentence_embedding import SentenceEmbedding
from npdistil.params import named_arrays
from tests.models import TINY, random_params
from tests.text.tiny import VOCAB

WORDS = ["a", "b", "c", "the", "unable", "é", "!", ",", "中", "zzz", "[SEP]"]

OLD, NEW = "sentence_transformers.models", "sentence_transformers.base.modules"
NEW_KINDS = {
    "Transformer": f"{NEW}.transformer.Transformer",
    "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "Normalize": f"{NEW}.normalize.Normalize",
    "Dense": f"{NEW}.dense.Dense",
    "Dropout": "sentence_transformers.sentence_transformer.modules.dropout.Dropout",
}
OLD_MEAN = {
    "word_embedding_dimension": 12,
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
}
NEW_MEAN = {"embedding_dimension": 12, "pooling_mode": "mean", "include_prompt": True}
NEW_SETTINGS = {
    "transformer_task": "feature-extraction",
    "modality_config": {
        "text": {"method": "forward", "method_output_name": "last_hidden_state"}
    },
    "module_output_name": "token_embeddings",
}  # fmt: skip


def modules(*kinds: str, new: bool = False, first_folder: str = "") -> list[dict[str, Any]]:
    """modules.json as sentence-transformers writes it."""
    return [
        {
            "idx": n,
            "name": str(n),
            "path": f"{n}_{kind}" if n else first_folder,
            "type": NEW_KINDS[kind] if new else f"{OLD}.{kind}",
        }
        for n, kind in enumerate(kinds)
    ]


def write_json(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_settings(
    folder: Path,
    *,
    kinds: tuple[str, ...] = ("Transformer", "Pooling"),
    pooling: object = OLD_MEAN,
    settings: object = None,
    new: bool = False,
    first_folder: str = "",
) -> Path:
    """The files that say how a folder pools; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "modules.json", modules(*kinds, new=new, first_folder=first_folder))
    write_json(folder / "1_Pooling" / "config.json", pooling)
    if settings is not None:
        write_json(folder / first_folder / "sentence_bert_config.json", settings)
    return folder


def write_model(folder: Path, config: EncoderConfig = TINY, vocab: list[str] = VOCAB) -> Path:
    """A bare model folder, as XtremeDistil comes: config, weights, vocab.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in vars(config) if config.model_type == "bert"]
    write_json(folder / "config.json", {name: getattr(config, name) for name in names})
    arrays = named_arrays(random_params(config, np.random.default_rng(7)))
    expected = expected_tensors(config, pooler=True)
    save_file(
        {name: arrays[want.path] for name, want in expected.items()}, folder / "model.safetensors"
    )
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in vocab), encoding="utf-8")
    return folder


def write_dense(
    folder: Path, rng: np.random.Generator, inputs: int, outputs: int, **config: Any
) -> dict[str, np.ndarray]:
    """A Dense module as sentence-transformers saves it; its tensors."""
    shapes = {"linear.weight": (outputs, inputs)}
    if config.get("bias", True):
        shapes["linear.bias"] = (outputs,)
    if config.get("use_residual") and inputs != outputs:
        shapes["residual.weight"] = (outputs, inputs)
    tensors = {
        name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }
    written = {"in_features": inputs, "out_features": outputs, "bias": True, **config}
    write_json(folder / "config.json", written)
    save_file(tensors, folder / "model.safetensors")
    return tensors


def old_pooling(**modes: object) -> dict[str, object]:
    """1_Pooling/config.json of the old generation: `cls_token=True` and so on."""
    return {"word_embedding_dimension": 12, **{f"pooling_mode_{k}": v for k, v in modes.items()}}


def make(backend: str = "numba", normalize: bool = False, **options) -> SentenceEncoder:
    """The parts of `write_model`'s folder, joined by hand."""
    params = random_params(TINY, np.random.default_rng(7))
    model = Encoder(TINY, params, backend, num_threads=options.pop("num_threads", 2))
    head = SentenceEmbedding(options.pop("pooling", ("mean",)), normalize)
    return SentenceEncoder(Tokenizer.from_vocab(VOCAB), model, head, **options)


def random_texts() -> list[str]:
    """Texts of 0 to 60 words, some of them longer than the model has positions."""
    rng = np.random.default_rng(5)
    return [" ".join(rng.choice(WORDS, count)) for count in rng.integers(0, 60, 45)] + [""]
