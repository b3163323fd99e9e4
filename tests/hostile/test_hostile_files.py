"""Every hostile file is refused by name and reason, at once, with nothing else opened or run."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from npdistil.errors import NpdistilError
from tests.hostile.kinds import CASES, KINDS, WEIGHTS, prepare
from tests.hostile.watched import opened, watched

ROOT = Path(__file__).parents[2]
SECONDS = 2.0
# What a load may do besides opening files: a folder is listed to say what is in it, and h5py asks
# for the id of the object that it reads from.
HARMLESS = {"open", "os.listdir", "builtins.id"}


def foreign(paths: set[str]) -> set[str]:
    """Those that are not asked for in every load: what a vocabulary was made into, under a hash in
    a directory of our own, and how many processors the process may use."""
    return {
        path
        for path in paths
        if not path.endswith(".tables")
        and not path.startswith(("/proc/self/cgroup", "/sys/fs/cgroup/"))
    }


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_as_many_cases_as_promised(kind: str) -> None:
    """Catches a list that shrinks: this is where the numbers stand."""
    assert len(KINDS[kind].cases) >= KINDS[kind].least


@pytest.mark.parametrize("kind", KINDS)
def test_the_good_folder_loads(tmp_path: Path, kind: str) -> None:
    """Catches hostile cases that are refused because the folder around them is, and a good load
    that opens, imports or runs anything but its files."""
    prepare(tmp_path, kind)
    KINDS[kind].load(tmp_path)
    KINDS[kind].read(tmp_path)  # imports
    with watched() as events:
        KINDS[kind].read(tmp_path)
    assert {event for event, _ in events} <= HARMLESS
    names = KINDS[kind].opens | ({WEIGHTS} if kind == "config" else set())
    assert foreign(opened(events)) == {str(tmp_path / name) for name in names}


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_a_hostile_file_is_refused(tmp_path: Path, kind: str, case: str) -> None:
    """Catches any other exception, a check that another one happens to cover, a message that
    echoes the file, a hang, and a name or a value in a file that leads to another one."""
    about, (_, message) = KINDS[kind], KINDS[kind].cases[case]
    prepare(tmp_path / "good", kind)
    about.read(tmp_path / "good")  # imports
    folder = prepare(tmp_path / "case", kind, case)
    start = time.perf_counter()
    with watched() as events, pytest.raises(about.error, match=message) as caught:
        about.read(folder)
    assert time.perf_counter() - start < SECONDS
    text = str(caught.value)
    assert text.startswith((str(folder), repr(str(folder))[:40]))  # quoted: the name is too long
    assert len(text) < 900 and "\n" not in text
    assert {event for event, _ in events} <= HARMLESS
    assert foreign(opened(events)) <= {str(folder / name) for name in about.opens}
    with pytest.raises(NpdistilError):
        about.load(folder)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What each case of each kind ends in with little memory."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.limited", tmp_path_factory.mktemp("limited")],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")
@pytest.mark.parametrize("kind", KINDS)
def test_no_file_costs_more_memory_than_three_times_its_size(
    limited: dict[str, dict[str, str]], kind: str
) -> None:
    """Catches a size in a file that is believed: bombs end in MemoryError here, or in a signal."""
    found = dict(limited[kind])
    assert (found.pop("good"), found.pop("greedy")) == ("loaded", "MemoryError")
    assert found.keys() == KINDS[kind].cases.keys()
    assert set(found.values()) <= {"ConfigError", "ModelFileError", "TokenizerError"}, found


def test_the_watch_hears() -> None:
    """Catches a watch that is deaf: an open, a listing and code are heard, and once only."""
    with watched() as events:
        Path(__file__).read_bytes()
        list(Path(__file__).parent.iterdir())
        exec("1")
    heard = Counter(event for event, _ in events)
    assert opened(events) == {__file__}
    assert heard["os.listdir"] == heard["exec"] == 1
    with watched() as later:
        pass
    assert later == [] and not opened(later)
