"""What the README shows of fitted heads."""

import contextlib
import io

from tests.test_readme import EXAMPLE, FITTED, README, ROOT


def test_examples_print_what_the_readme_shows(fitted_folder, monkeypatch) -> None:
    """An example that nobody ran since the interface, or the fitting, changed."""
    fitted_folder("sst2")  # says what to run where it is missing
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    exec("import npdistil", namespace)  # of the examples before
    shown = [example for example in EXAMPLE.findall(README) if FITTED in example[0]]
    assert shown
    for code, printed in shown:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(code, "README.md", "exec"), namespace)
        assert output.getvalue() == printed
