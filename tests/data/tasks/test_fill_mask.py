"""Masked words beside Transformers' pipeline."""

import pytest

from tools.task_cases import fill_mask


@pytest.mark.parametrize("model", fill_mask.MODELS)
def test_fill_mask(model: str, compare_task) -> None:
    """Catches a wrong decoder, word, order or text, with one mask and with several."""
    compare_task(fill_mask, model)
