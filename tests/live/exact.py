"""What Transformers computes in float64, and how far from it we are."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, PreTrainedModel

from npdistil import EncoderOutput
from tests.tolerances import HIDDEN_FLOAT32, HIDDEN_FLOAT64

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
def expected(folder: Path) -> list[tuple[str, dict[str, np.ndarray], EncoderOutput]]:
    """What Transformers computes in float64, for each batch."""
    return exact_outputs(AutoModel.from_pretrained(folder, attn_implementation="eager"))


def exact_outputs(model: PreTrainedModel) -> list[tuple[str, dict[str, np.ndarray], EncoderOutput]]:
    """As `expected`, of a model that is turned into float64 for it."""
    model = model.double().eval()
    config = model.config
    results = []
    for what, batch in batches(config.vocab_size, getattr(config, "type_vocab_size", 0)):
        with torch.no_grad():
            tensors = {key: torch.from_numpy(value.copy()) for key, value in batch.items()}
            out = model(**tensors, output_hidden_states=True, output_attentions=True)
        pooled = getattr(out, "pooler_output", None)
        exact = EncoderOutput(
            out.last_hidden_state.numpy(),
            lambda pooled=pooled: None if pooled is None else pooled.numpy(),
            tuple(state.numpy() for state in out.hidden_states),
            tuple(maps.numpy() for maps in out.attentions),
        )
        results.append((what, batch, exact))
    return results


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
