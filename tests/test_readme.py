"""The README's Python runs and prints what it says; its commands exist."""

import contextlib
import io
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


def test_examples_print_what_the_readme_shows(minilm_folder, monkeypatch):
    """An example that nobody ran since the interface changed."""
    monkeypatch.chdir(ROOT)
    namespace: dict[str, object] = {}
    assert len(EXAMPLES) == README.count("```python")
    for code, printed in EXAMPLES:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(code, "README.md", "exec"), namespace)
        assert output.getvalue() == printed


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, re.MULTILINE))
def test_make_targets_exist(target):
    """A command that the Makefile does not know."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", target], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_places_exist():
    """A table of places that were moved since."""
    places = re.findall(r"`((?:npdistil|tests|tools|docs|weights)/[\w./-]*)`", README)
    assert len(places) > 10
    assert [place for place in places if not (ROOT / place).exists()] == []
