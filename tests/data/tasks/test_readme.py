"""What the README shows of fitted heads."""

from tests.pages import ROOT, run_python, sections
from tests.test_readme import FITTED


def test_examples_print_what_the_readme_shows(fitted_folder, monkeypatch) -> None:
    """An example that nobody ran since the interface, or the fitting, changed."""
    fitted_folder("sst2")  # says what to run where it is missing
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    exec("import npdistil", namespace)  # of the examples before
    blocks = [block for section in sections("README.md").values() for block in section]
    shown = [block for block in blocks if block.language == "python" and FITTED in block.code]
    assert shown
    for _, code, printed in shown:
        assert run_python("README.md", code, namespace) == printed
