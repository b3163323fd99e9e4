"""The README's Python runs and prints what it says; its commands exist."""

import re
import subprocess

import pytest

import npdistil
from npdistil.cli.main import VERBS
from npdistil.tasks.pipeline import TASKS
from tests.pages import ROOT, run_python, sections

README = (ROOT / "README.md").read_text(encoding="utf-8")
FITTED = "weights/heads"  # tests/data/tasks/ runs what needs these


@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/embedding.md", "docs/explain.md", "docs/search.md", "docs/tracing.md"],
)
def test_examples_print_what_the_page_shows(minilm_folder, monkeypatch, page):
    """An example that nobody ran since the interface changed."""
    monkeypatch.chdir(ROOT)
    blocks = [block for section in sections(page).values() for block in section]
    examples = [block for block in blocks if block.language == "python"]
    namespace: dict[str, object] = {}
    assert len(examples) == (ROOT / page).read_text(encoding="utf-8").count("```python") > 0
    for _, code, printed in examples:
        if FITTED not in code:
            assert run_python(page, code, namespace) == printed


def test_tasks_are_those_that_there_are():
    """Catches a task or class that the table lacks, or that was renamed; and such a command."""
    rows = re.findall(r'^\| (?:`"([\w-]+)"`|[^`|]+) \| `(\w+)` \| `([\w-]+)', README, re.M)
    assert {task: kind for task, kind, _ in rows if task} == {
        task: TASKS[task][1] for task in TASKS
    }
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
