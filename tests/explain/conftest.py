"""The model with real weights."""

import pytest

from npdistil import TracedModel


@pytest.fixture(scope="session")
def minilm(minilm_folder) -> TracedModel:
    return TracedModel.from_pretrained(minilm_folder)
