"""Every hidden state and attention map against Transformers in float64."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from npdistil.encoder import Encoder, EncoderOutput
from tests.live.random_models import ENTROPY_SHARE, SHAPES, entropies, save_random_model
from tests.tolerances import COSINE, HIDDEN_FLOAT32, HIDDEN_FLOAT64

MODELS = ["all-MiniLM-L6-v2", *SHAPES, "tiny-distilbert"]
BACKENDS = {
    ("numpy", "float64"): HIDDEN_FLOAT64,
    ("numpy", "float32"): HIDDEN_FLOAT32,
    ("numba", "float32"): HIDDEN_FLOAT32,
}


def batches(vocab_size: int, type_vocab_size: int) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Padding on the right, on the left and in between; pairs; one token; 512 tokens."""
    rng = np.random.default_rng(7)

    def batch(mask_BL: np.ndarray, first_text: int) -> dict[str, np.ndarray]:
        arrays = {
            "input_ids": rng.integers(0, vocab_size, mask_BL.shape),
            "attention_mask": mask_BL,
        }
        if type_vocab_size:
            columns = np.arange(mask_BL.shape[1])
            arrays["token_type_ids"] = np.broadcast_to(columns >= first_text, mask_BL.shape) * 1
        return arrays

    padded = np.ones((4, 45), np.int64)
    padded[0, 21:] = 0
    padded[1, :17] = 0
    padded[2, [3, 4, 20, 44]] = 0
    yield "pairs, padded", batch(padded, first_text=19)
    yield "one token", batch(np.ones((1, 1), np.int64), first_text=1)
    yield "512 tokens", batch(np.ones((1, 512), np.int64), first_text=512)


@cache
def folder_of(name: str, root: Path, minilm: Path) -> Path:
    """The model's folder, made on first use."""
    if name == "all-MiniLM-L6-v2":
        return minilm
    folder = root / name
    save_random_model(name, folder)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@cache
def expected(folder: Path) -> list[tuple[str, dict[str, np.ndarray], EncoderOutput]]:
    """What Transformers computes in float64, for each batch."""
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").double().eval()
    config = model.config
    results = []
    for what, batch in batches(config.vocab_size, getattr(config, "type_vocab_size", 0)):
        with torch.no_grad():
            tensors = {key: torch.from_numpy(value.copy()) for key, value in batch.items()}
            out = model(**tensors, output_hidden_states=True, output_attentions=True)
        pooled = getattr(out, "pooler_output", None)
        exact = EncoderOutput(
            out.last_hidden_state.numpy(),
            None if pooled is None else pooled.numpy(),
            tuple(state.numpy() for state in out.hidden_states),
            tuple(maps.numpy() for maps in out.attentions),
        )
        results.append((what, batch, exact))
    return results


@pytest.mark.parametrize("backend, dtype", BACKENDS)
@pytest.mark.parametrize("name", MODELS)
def test_every_layer_equals_transformers(name, backend, dtype, root, minilm_folder, compared):
    """A wrong weight, bias, scale, mask, position or type, named with the layer it first hurts."""
    folder = folder_of(name, root, minilm_folder)
    encoder = Encoder.from_pretrained(folder, backend, dtype)
    for what, batch, exact in expected(folder):
        ours = encoder(**batch, output_hidden_states=True, output_attentions=True)
        worst = worst_differences(ours, exact, batch["attention_mask"] == 1)
        wrong = {where: size for where, size in worst.items() if size > BACKENDS[backend, dtype]}
        assert not wrong, f"{name}, {what}: first at {next(iter(wrong.items()))}"
        assert min_cosine(ours, exact, batch["attention_mask"]) >= 1 - COSINE
        compared(f"activations with Transformers ({backend} {dtype})", len(worst))


def worst_differences(
    ours: EncoderOutput, exact: EncoderOutput, keep_BL: np.ndarray
) -> dict[str, float]:
    """Largest difference of each activation, in the order in which they are computed."""
    both_BLM = keep_BL[:, :, None] & keep_BL[:, None, :]
    worst = {}
    for layer, state in enumerate(exact.hidden_states):
        if layer:
            difference_BHLM = ours.attentions[layer - 1] - exact.attentions[layer - 1]
            by_place_BLM = np.abs(difference_BHLM, out=difference_BHLM).max(axis=1)
            worst[f"attention {layer - 1}"] = float(by_place_BLM[both_BLM].max())
        ours_BLD = ours.hidden_states[layer]
        assert not ours_BLD[~keep_BL].any(), "masked positions are zeros"
        assert state[keep_BL].std() > 0.1, "a vacuous comparison"
        worst[f"hidden {layer}"] = float(np.abs(ours_BLD - state)[keep_BL].max())
    np.testing.assert_array_equal(ours.last_hidden_state, ours.hidden_states[-1])
    if exact.pooler_output is not None:
        first = keep_BL[:, 0]
        assert not ours.pooler_output[~first].any()
        difference = np.abs(ours.pooler_output - exact.pooler_output)[first]
        worst["pooler"] = float(difference.max())
    return worst


def min_cosine(ours: EncoderOutput, exact: EncoderOutput, mask_BL: np.ndarray) -> float:
    """Of the mean-pooled rows, the worst of the batch."""

    def pooled(hidden_BLD: np.ndarray) -> np.ndarray:
        mean_BD = (hidden_BLD.astype(np.float64) * mask_BL[:, :, None]).sum(axis=1)
        return mean_BD / np.linalg.norm(mean_BD, axis=1, keepdims=True)

    return float((pooled(ours.last_hidden_state) * pooled(exact.last_hidden_state)).sum(1).min())


def test_random_models_would_show_a_mistake(root, minilm_folder):
    """Leaving out any one tensor changes the result by far more than the tolerance.

    But for key biases, which add the same to all scores of a row and so change nothing.
    """
    folder = folder_of("tiny-odd", root, minilm_folder)
    model = AutoModel.from_pretrained(folder).double().eval()
    _, batch, exact = expected(folder)[0]
    tensors = {key: torch.from_numpy(value.copy()) for key, value in batch.items()}
    keep_BL = batch["attention_mask"] == 1
    for name, parameter in model.named_parameters():
        original = parameter.detach().clone()
        with torch.no_grad():
            parameter.zero_()
            out = model(**tensors)
            parameter.copy_(original)
        hidden = np.abs(out.last_hidden_state.numpy() - exact.last_hidden_state)[keep_BL].max()
        pooled = np.abs(out.pooler_output.numpy() - exact.pooler_output).max()
        if name.endswith("key.bias"):
            assert hidden < HIDDEN_FLOAT64
        else:
            assert max(hidden, pooled) > 100 * HIDDEN_FLOAT32, name


@pytest.mark.parametrize("name", SHAPES)
def test_attention_of_random_models_is_far_from_uniform(name, root, minilm_folder):
    """Uniform attention hides a wrong score scale in every layer where it occurs."""
    model = AutoModel.from_pretrained(folder_of(name, root, minilm_folder)).eval()
    model.set_attn_implementation("eager")
    torch.manual_seed(1)
    shares = entropies(model, torch.randint(5, 99, (4, 64)))
    assert np.mean(shares) < ENTROPY_SHARE
    assert max(shares) < 0.8
