"""Modules, prompts, precision and similarity against sentence-transformers, on a tiny model."""

import itertools
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer, util
from sentence_transformers.sentence_transformer import modules
from torch import nn
from transformers import BertTokenizer

from npdistil import InputError, SentenceEncoder, quantize_embeddings
from npdistil.tasks.embedding.request import PRECISIONS, SIMILARITY_NAMES
from tests.live.random_models import save_random_model
from tests.tolerances import HIDDEN_FLOAT32, SENTENCE

TEXTS = ["the", "of the, the.", "", "a text that is longer than all others, of course."]
PROMPTS = [
    {},
    {"query": "the "},
    {"passage": "of, "},
    {"document": "the ", "passage": "of, "},
    {"query": "the", "corpus": "of "},
]


@pytest.fixture(scope="module")
def transformer(tmp_path_factory) -> Path:
    """A tiny BERT with a vocabulary of letters."""
    folder = tmp_path_factory.mktemp("tiny")
    save_random_model("tiny-odd", folder)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, ".", ","]
    pieces += [f"##{letter}" for letter in letters] + ["the", "of"]
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), model_max_length=40)
    tokenizer.save_pretrained(folder)
    return folder


def saved(transformer: Path, folder: Path, *behind: nn.Module, **options) -> SentenceTransformer:
    """A folder with more modules; the peer that wrote it."""
    pooling = options.pop("pooling", "mean")
    include = options.pop("include_prompt", True)
    parts = [
        modules.Transformer(str(transformer)),
        modules.Pooling(24, pooling, include_prompt=include),
        *behind,
    ]
    peer = SentenceTransformer(modules=parts, device="cpu", **options)
    peer.save_pretrained(str(folder))
    return peer


@pytest.mark.parametrize(
    "activation", [nn.Tanh, nn.Identity, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid]
)
@pytest.mark.parametrize("residual", [False, True])
def test_dense(transformer, tmp_path, activation, residual):
    """Another function under the same name, and pytorch_model.bin, which old folders have."""
    torch.manual_seed(3)
    dense = modules.Dense(24, 24, True, activation(), use_residual=residual)
    last = modules.Dense(24, 7, False, activation(), use_residual=residual)
    peer = saved(transformer, tmp_path, modules.Normalize(), dense, last)
    (tmp_path / "4_Dense" / "model.safetensors").unlink()
    last.save(str(tmp_path / "4_Dense"), safe_serialization=False)
    assert (tmp_path / "4_Dense" / "pytorch_model.bin").exists()
    for backend in ("numba", "numpy"):
        ours = SentenceEncoder.from_pretrained(tmp_path, backend)
        assert ours.get_embedding_dimension() == peer.get_embedding_dimension() == 7
        exact = peer.encode(TEXTS, show_progress_bar=False)
        assert exact.std() > 0.01
        assert np.abs(ours.encode(TEXTS) - exact).max() <= SENTENCE


@pytest.mark.parametrize("prompts", PROMPTS, ids=str)
@pytest.mark.parametrize("include_prompt", [True, False])
def test_prompts(transformer, tmp_path, prompts, include_prompt):
    """Another prompt than the library's for queries, documents and everything else."""
    default = next(iter(prompts), None)
    peer = saved(
        transformer, tmp_path, pooling=("weightedmean", "cls", "lasttoken"), prompts=prompts,
        default_prompt_name=default, include_prompt=include_prompt,
    )  # fmt: skip
    ours = SentenceEncoder.from_pretrained(tmp_path)
    assert ours.prompts == peer.prompts
    assert ours.default_prompt_name == peer.default_prompt_name == default
    names = [None, *ours.prompts]
    calls = [
        *itertools.product(["encode", "encode_query", "encode_document"], names, [None]),
        ("encode", None, "a prompt"),
        ("encode_query", None, ""),
    ]
    for call, name, prompt in calls:
        found = getattr(ours, call)(TEXTS, prompt_name=name, prompt=prompt)
        exact = getattr(peer, call)(TEXTS, prompt_name=name, prompt=prompt, show_progress_bar=False)
        assert np.abs(found - exact).max() <= SENTENCE, (call, name, prompt)


def test_a_prompt_that_eats_a_short_text(transformer, tmp_path):
    """Rows of a neighbour where the prompt's tokens are all that there is."""
    modes = ("mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", "cls", "max")
    peer = saved(transformer, tmp_path, pooling=modes, include_prompt=False)
    texts = ["e", "e of"]  # "th" + "e" is one token, "th" alone is two
    ours = SentenceEncoder.from_pretrained(tmp_path).encode(texts, prompt="th")
    exact = peer.encode(texts, prompt="th", show_progress_bar=False)
    assert (np.isneginf(exact[0]) == np.isneginf(ours[0])).all() and np.isneginf(exact[0]).any()
    np.testing.assert_allclose(ours, exact, atol=SENTENCE)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_quantised_floats_are_identical(precision, rng, caplog):
    """Another rounding, order of bits or type of number: of the same floats, any difference."""
    caplog.set_level(logging.ERROR)
    for rows, width in ((150, 1), (300, 24), (1000, 384)):
        x = rng.standard_normal((rows, width)).astype(np.float32)
        x[5] = x[3]
        x[:, 0] = 0.25  # a feature that never changes
        steps = np.linspace(x[:, -1].min(), x[:, -1].max(), 256)[:rows]
        x[: len(steps), -1] = steps  # on the edges of buckets
        found, wanted = quantize_embeddings(x, precision), util.quantize_embeddings(x, precision)
        assert found.dtype == wanted.dtype and (found == wanted).all()
        if precision.endswith("int8"):
            half = x[: rows // 2] / 3
            for options in (
                {"calibration_embeddings": x},
                {"ranges": np.stack([x.min(axis=0), x.max(axis=0)])},
            ):
                found = quantize_embeddings(half, precision, **options)
                assert (found == util.quantize_embeddings(half, precision, **options)).all()


def test_one_embedding_has_no_range(rng):
    """A range of zero width, where the library refuses."""
    x = rng.standard_normal((1, 8)).astype(np.float32)
    with pytest.raises(ValueError, match="from a single embedding"):
        util.quantize_embeddings(x, "int8")
    with pytest.raises(InputError, match="which one embedding does not tell"):
        quantize_embeddings(x, "int8")


@pytest.mark.parametrize("name", SIMILARITY_NAMES)
def test_similarities(name, rng, transformer, tmp_path):
    """Another sign, axis or treatment of zeros."""
    peer = saved(transformer, tmp_path, similarity_fn_name=name)
    ours = SentenceEncoder.from_pretrained(tmp_path)
    assert ours.similarity_fn_name == peer.similarity_fn_name == name
    a, b = (rng.standard_normal((n, 24)).astype(np.float32) for n in (5, 9))
    b[3] = 0
    cases = [(a, b), (a[0], b), (a, b[0]), (a.astype(np.float16), b), ([*a], [*b])]
    for x, y in cases:
        found, exact = ours.similarity(x, y), peer.similarity(x, y).numpy()
        assert found.shape == exact.shape and np.abs(found - exact).max() <= HIDDEN_FLOAT32
    found = ours.similarity_pairwise(a, b[:5])
    assert np.abs(found - peer.similarity_pairwise(a, b[:5]).numpy()).max() <= HIDDEN_FLOAT32
