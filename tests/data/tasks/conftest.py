"""Tasks beside their peers, as tools/task_parity.py compares them, with fewer inputs."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tools.task_cases.figure import Figure, faults
from tools.task_cases.models import Models
from tools.task_cases.models import fitted_folder as folder_of

INPUTS = 50


@pytest.fixture(scope="session")
def task_models(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Models:
    """The models of all tasks; random ones are made once for all tests of this process."""
    return Models(tmp_path_factory.mktemp("models"), data_folder)


@pytest.fixture(scope="session")
def fitted_folder() -> Callable[[str], Path]:
    """The folder of a head of tools/fit_heads.py; an error says what to run where it is missing."""
    return folder_of


@pytest.fixture
def compare_task(
    task_models: Models,
    compared: Callable[[str, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[ModuleType, str], Figure]:
    """Compare one task of tools/task_cases/ on one of its models, and hold it to the bounds."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def compare(module: ModuleType, model: str) -> Figure:
        figure: Figure = module.compare(task_models.case(model, module.HEAD), INPUTS)
        assert figure.inputs == INPUTS and figure.model == model
        assert faults(figure) == []
        compared(f"inputs of {figure.task}", figure.inputs)
        return figure

    return compare
