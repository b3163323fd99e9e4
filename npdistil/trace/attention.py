"""What attention maps say by themselves: how they add up over layers, and how spread they are."""

from collections.abc import Sequence

import numpy as np

from ..dims import Floats
from ..errors import InputError


def attention_rollout(probs: Sequence[Floats] | Floats) -> Floats:
    """How much of each input token arrives at each token, if attention only mixed tokens.

    Rollout of layer n is A_n ... A_1 A_0, with A the mean over heads, averaged with the identity
    for the residual. It knows nothing of values, feed-forward layers or norms.

    Args:
        probs: each layer's maps [B, H, L, L], first layer first; zeros where a token is masked.

    Returns:
        [N, B, L, L]: row l of layer n sums to 1 over the tokens of the text; masked rows are zero.

    Raises:
        InputError: no layer, or something that is not a layer's maps.

    Source: Abnar and Zuidema 2020, arXiv:2005.00928, section 3.
    """
    rolled: list[Floats] = []
    for prob_BHLM in _checked(probs):
        mean_BLM = prob_BHLM.mean(axis=1)
        keep_BL1 = mean_BLM.any(axis=-1, keepdims=True)
        step_BLM = (mean_BLM + np.eye(mean_BLM.shape[-1], dtype=mean_BLM.dtype) * keep_BL1) / 2
        rolled.append(step_BLM @ rolled[-1] if rolled else step_BLM)
    rolled_NBLM: Floats = np.stack(rolled)
    return rolled_NBLM


def head_entropy(probs: Sequence[Floats] | Floats) -> Floats:
    """How many tokens each head looks at: the entropy of its rows in nats, mean over tokens.

    0 for a head whose tokens each look at one; log L for one that looks at all alike.

    Args:
        probs: each layer's maps [B, H, L, L]; zeros where a token is masked.

    Returns:
        [N, B, H]; 0 for a text without tokens.

    Raises:
        InputError: as `attention_rollout`.

    Source: Clark et al. 2019, arXiv:1906.04341, section 3.3.
    """
    entropies = []
    for prob_BHLM in _checked(probs):
        log_BHLM = np.log(np.where(prob_BHLM > 0, prob_BHLM, 1))
        entropy_BH = -(prob_BHLM * log_BHLM).sum(axis=(-2, -1))
        tokens_B1 = prob_BHLM.any(axis=(1, 3)).sum(axis=-1)[:, None].astype(prob_BHLM.dtype)
        entropies.append(entropy_BH / np.maximum(tokens_B1, 1))
    entropy_NBH: Floats = np.stack(entropies)
    return entropy_NBH


def _checked(probs: Sequence[Floats] | Floats) -> list[Floats]:
    """Each layer's maps, which are one at least."""
    maps = [np.asarray(prob) for prob in probs]
    if not maps:
        raise InputError("probs: expected each layer's maps [B, H, L, L], received no layer.")
    for prob in maps:
        # Both take any axes that can be reduced, and would make numbers of them.
        if prob.ndim != 4 or prob.shape != maps[0].shape or prob.shape[2] != prob.shape[3]:
            raise InputError(
                f"probs: expected each layer's maps [B, H, L, L], received {[*prob.shape]}."
            )
    return maps
