"""Check your answers to a chapter's exercises: python docs/book/check.py CHAPTER [FILE].

Your answers stand in docs/book/exercises/chapter_CHAPTER.py, or in FILE. Exit code 0: all are
right; 1: some are not; 2: there is nothing to check.
"""

import argparse
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

EXERCISES = Path(__file__).parent / "exercises"


class Verdict(NamedTuple):
    """What was found about one exercise; the message is for the reader."""

    name: str
    right: bool
    message: str


def load(path: Path) -> ModuleType:
    """Run a Python file by itself.

    Raises:
        whatever the file raises, SyntaxError too.
    """
    spec = importlib.util.spec_from_file_location(f"book_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checks_of(chapter: int) -> dict[str, Callable[[Any], None]]:
    """The check of each exercise by the exercise's name, in the chapter's order."""
    module = load(EXERCISES / "checks" / f"chapter_{chapter}.py")
    named = {name: value for name, value in vars(module).items() if name.startswith("check_")}
    return {name.removeprefix("check_"): check for name, check in named.items()}


def verdicts(chapter: int, answers: ModuleType) -> Iterator[Verdict]:
    """Try the answers, one exercise after another; a mistake in one does not stop the others."""
    for name, check in checks_of(chapter).items():
        answer = getattr(answers, name, None)
        if answer is None:
            yield Verdict(name, False, f"there is no function {name} in your file")
        else:
            yield _verdict(name, check, answer)


def _verdict(name: str, check: Callable[[Any], None], answer: Any) -> Verdict:
    try:
        with np.errstate(all="ignore"):  # the check says what is wrong with a NaN
            check(answer)
    except NotImplementedError:  # what a function raises that is not written yet, and not wrong
        return Verdict(name, False, "still to be written")
    except AssertionError as error:
        return Verdict(name, False, str(error))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        return Verdict(name, False, f"raised {type(error).__name__}: {error} ({where})")
    return Verdict(name, True, "right")


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each exercise.

    Args:
        arguments: of the command line; None: this program's.
    """
    chapters = sorted(int(path.stem[8:]) for path in EXERCISES.glob("chapter_*.py"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("chapter", type=int, choices=chapters)
    parser.add_argument("file", type=Path, nargs="?", help="where your answers are")
    options = parser.parse_args(arguments)
    if not __debug__:
        parser.error("python -O leaves out the checks: run it without -O")
    path = options.file or EXERCISES / f"chapter_{options.chapter}.py"
    try:
        answers = load(path)
    except Exception as error:
        parser.error(f"{path} cannot be run: {type(error).__name__}: {error}")
    found = list(verdicts(options.chapter, answers))
    for name, _, message in found:
        print(f"{name}: {message}")
    count = sum(verdict.right for verdict in found)
    print(f"{count} of {len(found)} right")
    return 0 if count == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
