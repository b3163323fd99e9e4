"""Text classification beside Transformers' pipeline."""

import pytest

from tools.task_cases import text_classification


@pytest.mark.parametrize("model", text_classification.MODELS)
def test_text_classification(model: str, compare_task) -> None:
    """Catches a wrong head, label, order or function of the scores."""
    compare_task(text_classification, model)
