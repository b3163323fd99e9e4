"""Labels, numbers and ranks of texts and pairs beside Transformers and sentence-transformers."""

from types import ModuleType

import pytest

from tools.task_cases import (
    cross_encoder,
    pair_classification,
    pair_regression,
    text_classification,
    zero_shot,
)

# In this order each random head is made once.
MODULES = (text_classification, pair_classification, zero_shot, pair_regression, cross_encoder)
CASES = [(module, model) for module in MODULES for model in module.MODELS]


@pytest.mark.parametrize(
    "module, model", CASES, ids=[f"{module.__name__.split('.')[-1]}-{m}" for module, m in CASES]
)
def test_like_the_peer(module: ModuleType, model: str, compare_task) -> None:
    """Catches a wrong head, label, order, template or function of the scores."""
    compare_task(module, model)
