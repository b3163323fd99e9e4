"""Shared fixtures, strict numerics, and what is collected where.

* `tests/live/` compares with transformers, tokenizers and sentence-transformers.
* `tests/data/` does so on the real texts of the folder that NPDISTIL_DATA names.
* `tests/adapters/` holds the adapters to their frameworks' own checks.
* Everything else needs the runtime packages, pytest and hypothesis alone.
"""

import importlib.util
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects.warm_up import warm_up
from npdistil.kernels.text.entries import TEXT

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "weights" / "all-MiniLM-L6-v2"
DATA = Path(os.environ["NPDISTIL_DATA"]) if os.environ.get("NPDISTIL_DATA") else None
HAS_TORCH = importlib.util.find_spec("torch") is not None

FRAMEWORKS = ("sklearn", "langchain_tests", "llama_index", "chromadb")
MISSING = [name for name in FRAMEWORKS if importlib.util.find_spec(name) is None]

collect_ignore: list[str] = []
if MISSING:
    collect_ignore += ["adapters"]
if not HAS_TORCH:
    collect_ignore += ["live", "data"]
if DATA is None:
    collect_ignore += ["data"]

_COMPARED: dict[str, int] = {}
_TABLES: dict[str, list[tuple[str, ...]]] = {}  # title -> head and rows


def pytest_configure() -> None:
    """A run in the background ignores Ctrl-C, and so would the processes that tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Say aloud what this run leaves out."""
    return [
        f"NPDISTIL_DATA: {DATA or 'not set, tests/data is not collected'}",
        f"torch: {'present' if HAS_TORCH else 'absent, tests/live and tests/data not collected'}",
        f"frameworks absent: {MISSING or 'none'}; tests/adapters is collected with all of them",
    ]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand this worker's counts to the process that prints, where tests run side by side."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["compared"] = _COMPARED
        session.config.workeroutput["tables"] = _TABLES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over a worker's counts and rows."""
    output = getattr(node, "workeroutput", {})
    for what, count in output.get("compared", {}).items():
        _COMPARED[what] = _COMPARED.get(what, 0) + count
    for title, (head, *rows) in output.get("tables", {}).items():
        _TABLES.setdefault(title, [tuple(head)]).extend(map(tuple, rows))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much was compared with the peers."""
    if _COMPARED:
        terminalreporter.section("compared with the peers")
        for what, count in sorted(_COMPARED.items()):
            terminalreporter.write_line(f"{count:>9,}  {what}")
    for title, rows in _TABLES.items():
        terminalreporter.section(title)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            terminalreporter.write_line("  ".join(cells).rstrip())


@pytest.fixture(scope="session")
def compared() -> Callable[[str, int], None]:
    """Record `count` comparisons under a name; the run prints the sums at its end."""

    def record(what: str, count: int) -> None:
        _COMPARED[what] = _COMPARED.get(what, 0) + count

    return record


@pytest.fixture(scope="session")
def tabled() -> Callable[[str, Sequence[str], Sequence[str]], None]:
    """Add a row to the table of a title; the run prints the tables at its end."""

    def add(title: str, head: Sequence[str], row: Sequence[str]) -> None:
        _TABLES.setdefault(title, [tuple(head)]).append(tuple(row))

    return add


@pytest.fixture(scope="session", autouse=True)
def kept_kernels() -> None:
    """Compile before the first test: a program that has to says so, where tests want silence."""
    warm_up((ENGINE, TEXT))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real texts; a name that leads nowhere is an error, not a skip."""
    assert DATA is not None
    assert DATA.is_dir(), f"NPDISTIL_DATA={DATA} is not a folder"
    return DATA


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """all-MiniLM-L6-v2 with its real weights."""
    assert (WEIGHTS / "model.safetensors").exists(), (
        "weights/all-MiniLM-L6-v2 is missing: run `python tools/fetch_weights.py all-MiniLM-L6-v2`"
    )
    return WEIGHTS


@pytest.fixture(autouse=True)
def strict_numerics() -> Iterator[None]:
    """NumPy raises where it would warn; a test that expects an overflow says so itself."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20200)
