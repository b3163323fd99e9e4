"""Tags beside Transformers' pipeline."""

import pytest

from tools.task_cases import token_classification


@pytest.mark.parametrize("model", token_classification.MODELS)
def test_token_classification(model: str, compare_task) -> None:
    """Catches a wrong label, word, offset, order or score of any strategy."""
    compare_task(token_classification, model)
