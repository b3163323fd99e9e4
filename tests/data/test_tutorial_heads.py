"""The tutorial's steps with the heads of tools/fit_heads.py."""

from tests.pages import Shell, run_blocks
from tests.tutorial import PAGE, blocks_with, write_folder
from tools.task_cases.models import FITTED, fitted_folder


def test_the_tutorial_with_fitted_heads(tmp_path, monkeypatch):
    """Catches a task that does not answer as the tutorial says."""
    for name in FITTED:
        fitted_folder(name)  # or an error that says how to make it
    folder = write_folder(tmp_path / "reader")
    monkeypatch.chdir(folder)
    run_blocks(PAGE, blocks_with("heads"), folder, Shell(tmp_path / "bin"))
