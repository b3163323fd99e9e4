"""The tool that races and kills processes sees what goes wrong."""

import random

import pytest

from tools import cache_faults
from tools.cache_faults import PROCESSES, one_round

SAME = "print('a')"
WRONG_LATER = """
import os, pathlib
first = pathlib.Path(os.environ["NPDISTIL_CACHE_DIR"], "first")
print("b" if first.exists() else "a")
first.touch()
"""
FAILING = "import sys; sys.exit('no memory')"
SLOW = "import time; time.sleep(60)"


@pytest.mark.parametrize("name", ["together", "removed"])
def test_all_answers_are_seen(name: str) -> None:
    """Catches a process that nobody asks, and a round without the one that comes after it."""
    assert one_round(name, SAME, random.Random(1), 0.1) == ["a"] * (PROCESSES + 1)


def test_half_are_killed() -> None:
    """Catches a kill that hits nobody, or all."""
    found = one_round("killed", "import time; time.sleep(1); print('a')", random.Random(1), 0.1)
    assert found == ["a"] * (PROCESSES // 2 + 1)


def test_little_space_is_little() -> None:
    """Catches a full disk that is not full."""
    write = """
import os
try:
    with open(os.environ["NPDISTIL_CACHE_DIR"] + "/x", "wb") as file:
        file.write(bytes(100_000))
except OSError:
    print("full")
"""
    found = one_round("full", "import signal\n" + write, random.Random(1), 0.1)
    assert found == ["full"] * (PROCESSES + 1)


def test_a_wrong_answer_fails(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Catches a tool that prints what is wrong and is content."""
    for name in ("ROUNDS", "KILLED", "REMOVED", "FULL"):
        monkeypatch.setattr(cache_faults, name, int(name == "ROUNDS"))
    for program, code, seen in (
        (SAME, 0, "right"), (WRONG_LATER, 1, ", b"), (FAILING, 2, "failed with 1: no memory"),
    ):  # fmt: skip
        monkeypatch.setattr(cache_faults, "DOUBLE", program)
        assert cache_faults.main(["--quick"]) == code
        assert seen in "".join(capsys.readouterr())


def test_a_process_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a tool that hangs with it."""
    monkeypatch.setattr(cache_faults, "SECONDS", 0.2)
    (found,) = cache_faults.answers([cache_faults.start(SLOW, cache_faults.ROOT)])
    assert found == "-9: hung for 0.2 s"
