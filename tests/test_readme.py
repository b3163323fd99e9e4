"""The README's Python runs and prints what it says; its commands exist."""

import contextlib
import io
import re
import subprocess
from pathlib import Path

import pytest

import npdistil
from npdistil.cli.main import VERBS
from npdistil.tasks.pipeline import TASKS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
FITTED = "weights/heads"  # tests/data/tasks/ runs what needs these


@pytest.mark.parametrize("page", ["README.md", "docs/embedding.md", "docs/search.md"])
def test_examples_print_what_the_page_shows(minilm_folder, monkeypatch, page):
    """An example that nobody ran since the interface changed."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / page).read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    namespace: dict[str, object] = {}
    assert len(examples) == text.count("```python") > 0
    for code, printed in examples:
        if FITTED in code:
            continue
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(code, page, "exec"), namespace)
        assert output.getvalue() == printed


def test_tasks_are_those_that_there_are():
    """Catches a task or class that the table lacks, or that was renamed; and such a command."""
    rows = re.findall(r'^\| `"([\w-]+)"` \| `(\w+)` \| `([\w-]+)', README, re.MULTILINE)
    assert {task: kind for task, kind, _ in rows} == {task: TASKS[task][1] for task in TASKS}
    assert all(hasattr(npdistil, kind) and verb in VERBS for _, kind, verb in rows)


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
