"""The exercises can be done, and whoever errs is told what to think of."""

import ast
import importlib
import os
import subprocess
import sys

import pytest

from tests.book.pages import BOOK, CHECK, PAGES, ROOT

CHAPTERS = [int(path.stem[8:]) for path in sorted((BOOK / "exercises").glob("chapter_*.py"))]
ANSWERS = {n: importlib.import_module(f"tests.book.answers.chapter_{n}") for n in CHAPTERS}
MISTAKES = [
    (n, name, mistake, hint)
    for n, answers in ANSWERS.items()
    for name, mistakes in answers.WRONG.items()
    for mistake, hint in mistakes.items()
]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_our_answers_are_right(minilm_folder, chapter):
    """Catches a check that asks for something else than the exercise does."""
    found = [*CHECK.verdicts(chapter, ANSWERS[chapter])]
    assert len(found) == 3
    assert [verdict for verdict in found if not verdict.right] == []


@pytest.mark.parametrize(
    "chapter, name, mistake, hint",
    MISTAKES,
    ids=[f"{n}-{mistake.__name__}" for n, _, mistake, _ in MISTAKES],
)
def test_typical_mistakes_are_found_and_explained(minilm_folder, chapter, name, mistake, hint):
    """Catches a check that lets a mistake pass, or whose message leads nowhere."""
    with CHECK.np.errstate(all="ignore"), pytest.raises(AssertionError) as caught:
        CHECK.checks_of(chapter)[name](mistake)
    assert hint in str(caught.value)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_three_mistakes(chapter):
    """Catches an exercise whose check nobody tried, and one that is solved already."""
    page = ast.parse((BOOK / "exercises" / f"chapter_{chapter}.py").read_text(encoding="utf-8"))
    asked = [node for node in page.body if isinstance(node, ast.FunctionDef)]
    wrong = ANSWERS[chapter].WRONG
    assert [node.name for node in asked] == [*CHECK.checks_of(chapter)] == [*wrong]
    assert all(len(mistakes) >= 3 for mistakes in wrong.values())
    assert all(
        ast.get_docstring(node) and ast.unparse(node.body[-1]) == "raise NotImplementedError"
        for node in asked
    )


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_end_with_their_exercises(chapter):
    """Catches a chapter that shows another one's exercises or command."""
    page = PAGES[chapter].read_text(encoding="utf-8").partition("\n## Exercises\n")[2]
    assert f"exercises/chapter_{chapter}.py\n" in page
    assert f"\npython docs/book/check.py {chapter}\n" in page


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The reader's command."""
    return subprocess.run(
        [sys.executable, "docs/book/check.py", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_the_command(minilm_folder, tmp_path):
    """Catches a command that stops at the first mistake, or that says well when it is not."""
    mine = tmp_path / "mine.py"
    mine.write_text(
        "def longest_match(*given):\n    raise NotImplementedError\n"
        "def strip_accents(text):\n    return 1 / 0\n"
    )
    done = run(1, mine)
    assert done.returncode == 1 and done.stderr == ""
    assert done.stdout == (
        "longest_match: still to be written\n"
        "strip_accents: raised ZeroDivisionError: division by zero (mine.py, line 4)\n"
        "find_offsets: there is no function find_offsets in your file\n"
        "0 of 3 right\n"
    )
    done = run(1, ROOT / "tests" / "book" / "answers" / "chapter_1.py")
    assert done.returncode == 0 and done.stdout.endswith("find_offsets: right\n3 of 3 right\n")
    mine.write_text("def longest_match(:\n")
    done = run(1, mine)
    assert done.returncode == 2 and "mine.py cannot be run: SyntaxError" in done.stderr
    assert run(99).returncode == 2
