"""Torch checkpoints that must be refused, each for its own reason, quickly and in little memory."""

import json
import pickle
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from npdistil.checkpoint.torch_file import open_torch
from npdistil.errors import ModelFileError
from tests.checkpoint.torch_attacks import ALLOWED, NAMES, OPCODES, STRUCTURE
from tests.checkpoint.torch_containers import OLD, OTHER, VALUES, ZIPS
from tests.checkpoint.torch_made import (
    ODICT,
    PARAMETER,
    SIX,
    Entry,
    archive,
    entries,
    legacy_file,
    named,
    pickled,
    state,
    storage,
    tensor,
    value,
    zip_file,
)

MAX_SECONDS = 2.0
SPARE_BYTES = 64 << 20

STREAMS = {
    f"{kind}: {name}": (zip_file(stream), message)
    for kind, cases in (("opcode", OPCODES), ("name", NAMES), ("structure", STRUCTURE))
    for name, (stream, message) in cases.items()
}
FILES = {
    f"{kind}: {name}": case
    for kind, cases in (("zip", ZIPS), ("old", OLD), ("other", OTHER), ("values", VALUES))
    for name, case in cases.items()
}
HOSTILE = STREAMS | FILES


def read(path: Path) -> dict[str, np.ndarray]:
    with open_torch(path) as file:
        return {name: file.read(name) for name in file.entries}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "pytorch_model.bin"
    path.write_bytes(content)
    return path


def test_there_are_as_many_cases_as_promised() -> None:
    """Catches cases that vanish: two of one name, an opcode that became allowed."""
    assert len(ALLOWED) == 31 and len(OPCODES) == 37
    assert len(NAMES) >= 40 and len(STRUCTURE) >= 25 and len(ZIPS) >= 20
    assert len(HOSTILE) == sum(map(len, (OPCODES, NAMES, STRUCTURE, ZIPS, OLD, OTHER, VALUES)))
    assert len(HOSTILE) >= 300
    contents = [content for content, _ in HOSTILE.values()]
    assert len(set(contents)) == len(contents), "two cases are one"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    """Catches any other exception, a check that another one happens to cover, and a hang."""
    content, message = HOSTILE[name]
    path = written(tmp_path, content)
    start = time.process_time()
    with pytest.raises(ModelFileError, match=message) as caught:
        read(path)
    assert time.process_time() - start < MAX_SECONDS
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 600, "the message echoes the file"
    assert "\n" not in str(caught.value)


def test_no_case_takes_much_memory(tmp_path: Path) -> None:
    """Catches bounds that are met only after the objects were made."""
    tracemalloc.start()
    for name, (content, _) in HOSTILE.items():
        path = written(tmp_path, content)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        with pytest.raises(ModelFileError):
            read(path)
        _, peak = tracemalloc.get_traced_memory()
        assert peak - before < 3 * len(content) + SPARE_BYTES, name
    tracemalloc.stop()


@pytest.mark.parametrize("name", [name for name in STREAMS if "goes_on_behind" not in name])
def test_hostile_stream_is_refused_in_the_old_format(tmp_path: Path, name: str) -> None:
    """Catches a check that one of the two formats goes around."""
    stream = (OPCODES | NAMES | STRUCTURE)[name.split(": ")[1]][0]
    with pytest.raises(ModelFileError):
        read(written(tmp_path, legacy_file(stream)))


GOOD = {
    "zip": zip_file(),
    "zip_without_zip64": archive(entries(pickled(state(a=tensor())), {"0": SIX}), zip64=False),
    "old": legacy_file(),
    "plain_map": zip_file(value({"a": tensor()})),
    "parameter": zip_file(state(a=PARAMETER + value((tensor(), True, ODICT)) + b"R")),
    "seven_arguments": zip_file(state(a=tensor(None, 0, (2, 3), (3, 1), True, {}, None))),
    "long_memo": zip_file(state(a=tensor() + b"r\xff\xff\x0f\x00")),
    "wrapped": zip_file(state(model={"a": tensor()}, epoch=3, loss=0.5, note="x", done=True)),
    "wide_fields": archive(
        [
            Entry(
                part.name,
                part.data,
                central={
                    "size": 0xFFFFFFFF,
                    "packed": 0xFFFFFFFF,
                    "extra": b"\1\0\x10\0" + 2 * len(part.data).to_bytes(8, "little"),
                },
            )
            for part in entries(pickled(state(a=tensor())), {"0": SIX})
        ]
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_good_files_beside_them_load(tmp_path: Path, name: str) -> None:
    """Catches hostile cases that are refused because what they are made with is broken."""
    found = read(written(tmp_path, GOOD[name]))
    assert found.keys() == {"a"} and found["a"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_a_damaged_storage_is_found_by_whoever_reads_a_part_of_it(tmp_path: Path) -> None:
    """Catches a check sum that only the whole storage is held to."""
    parts = entries(pickled(state(a=tensor(None, 0, (2,), (1,)))), {"0": SIX})
    path = written(tmp_path, archive(parts))
    assert read(path)["a"].tolist() == [0.0, 1.0]
    content = bytearray(archive(parts))
    at = content.index(SIX)
    content[at + len(SIX) - 1] ^= 1
    with pytest.raises(ModelFileError, match="are damaged"):
        read(written(tmp_path, bytes(content)))


def test_the_attacks_do_work_on_pickle(tmp_path: Path) -> None:
    """Catches a corpus of duds: with the pickle module, the same stream writes a file."""
    marker = tmp_path / "ran"
    stream = pickled(
        state(a=named("builtins", "exec") + value((f"open({str(marker)!r}, 'w').close()",)) + b"R")
    )
    with pytest.raises(ModelFileError, match=r"asks for builtins\.exec"):
        read(written(tmp_path, archive(entries(stream, {}))))
    assert not marker.exists()
    pickle.loads(stream)
    assert marker.exists()


AUDITED = """
import json, sys
from pathlib import Path
from npdistil.checkpoint.torch_file import open_torch
from npdistil.errors import ModelFileError

folder, events, watching = Path(sys.argv[1]), [], False

def hook(event, arguments):
    if watching:
        events.append([event, str(arguments[0]) if event == "open" else repr(arguments)])

def read(path):
    try:
        with open_torch(path) as file:
            for name in file.entries:
                file.read(name)
    except ModelFileError:
        return False
    return True

sys.addaudithook(hook)
paths = sorted(folder.iterdir())
assert read(folder / "good")  # what is imported at the first read is not the file's doing
seen = {}
for path in paths:
    events.clear()
    watching = True
    loaded = read(path)
    watching = False
    seen[path.name] = [loaded, [list(event) for event in events]]
if len(sys.argv) > 2:
    watching = True
    import pickle
    pickle.loads(b"cos\\ngetcwd\\n)R.")
    seen["live"] = [True, events]
print(json.dumps(seen))
"""


def test_a_load_opens_the_file_and_does_nothing_else(tmp_path: Path) -> None:
    """Catches an import, a call, a second file: Python's audit hook tells of each of them."""
    files = tmp_path / "files"
    files.mkdir()
    for number, (content, _) in enumerate(HOSTILE.values()):
        (files / f"{number}").write_bytes(content)
    (files / "good").write_bytes(zip_file(state(a=tensor(storage()))))
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, str(files), "live"],
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    names = [event for event, _ in seen.pop("live")[1]]
    assert "pickle.find_class" in names, "the hook sees nothing"
    assert len(seen) == len(HOSTILE) + 1
    assert [name for name, (loaded, _) in seen.items() if loaded] == ["good"]
    for name, (_, events) in seen.items():
        # Opened by its path, then once more by the descriptor's number, to be read.
        assert events[0] == ["open", str(files / name)]
        assert len(events) == 2 and events[1][0] == "open" and events[1][1].isdigit(), name
