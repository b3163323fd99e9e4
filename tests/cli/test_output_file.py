"""An output file appears whole or not at all, whatever stands under its name."""

import io
import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from npdistil.cli.output_file import whole_file
from npdistil.cli.vector_block import Block
from npdistil.cli.write_ids import write_ids
from npdistil.cli.write_vectors import write_vectors
from npdistil.errors import InputError
from tests.cli.example_files import cross_encoder, sentence_model
from tests.cli.running import runner
from tests.tasks.answering.span_models import write_span_model

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
VECTORS = np.array([[1.0, 0.1], [2.0, -3.5]], np.float32)


def write(path: Path) -> None:
    write_vectors(path, [Block(VECTORS, ["a", "b"])], VECTORS.shape, VECTORS.dtype)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError, OSError])
def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path, failure):
    """Catches half an output, a temporary file left behind, and an error that is renamed."""
    path = tmp_path / "x.npy"
    path.write_bytes(b"old")
    expected = InputError if failure is OSError else failure
    with pytest.raises(expected), whole_file(path) as stream:
        stream.write(b"new")
        raise failure("in the middle")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_nothing_has_the_name_before_the_end(tmp_path: Path):
    """Catches writing in place: a reader would see the beginning of a file."""
    path = tmp_path / "x.jsonl"
    with whole_file(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert not path.exists()
    assert path.read_bytes() == b"new"


@posix_only
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_keeps_leading_where_it_leads(tmp_path: Path, exists):
    """Catches a link that is replaced, while the file that it names stays old."""
    target, link = tmp_path / "real" / "x.npy", tmp_path / "x.npy"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"old")
    link.symlink_to(target)
    write(link)
    assert link.is_symlink() and np.load(target).tobytes() == VECTORS.tobytes()
    assert list(target.parent.iterdir()) == [target]


@posix_only
@pytest.mark.parametrize("suffix", [".npy", ".jsonl"])
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path, suffix):
    """Catches a FIFO that becomes a file while its reader waits, and seeking in a pipe."""
    path = tmp_path / f"x{suffix}"
    os.mkfifo(path)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()), daemon=True)
    reader.start()
    write(path)
    reader.join(20)
    assert path.is_fifo() and list(tmp_path.iterdir()) == [path]
    if suffix == ".npy":
        assert np.load(io.BytesIO(received[0])).tobytes() == VECTORS.tobytes()
    else:
        rows = [json.loads(line)["embedding"] for line in received[0].splitlines()]
        assert np.array(rows, np.float32).tobytes() == VECTORS.tobytes()


@posix_only
def test_ids_and_vectors_go_the_same_way(tmp_path: Path):
    """Catches one of the two writers with rules of its own."""
    link = tmp_path / "ids.npy"
    link.symlink_to("/dev/null")
    assert write_ids(link, ["a"], [np.array([2, 3], np.int32)], pad_id=0) == 2
    write(link)
    assert link.is_symlink() and Path("/dev/null").is_char_device()


@posix_only
def test_a_device_that_is_full(tmp_path: Path):
    """Catches an error without the name of the file, or success."""
    link = tmp_path / "x.npy"
    link.symlink_to("/dev/full" if Path("/dev/full").exists() else tmp_path / "no" / "x.npy")
    with pytest.raises(InputError, match=r"x\.npy: cannot be written: (No space|No such)"):
        write(link)


@pytest.mark.parametrize("verb", ["embed", "answer", "rerank", "search"])
def test_an_output_that_is_an_input(monkeypatch, capsys, tmp_path: Path, verb):
    """Catches results in the place of the texts that they were made from."""
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "a b"}\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    models = {"answer": write_span_model, "rerank": cross_encoder}
    models.get(verb, sentence_model)(tmp_path / "m")
    first = {"answer": ["b", "a" * 300, "-c"], "rerank": ["the"], "search": ["the", "-k", 1, "-t"]}
    done = runner(monkeypatch, capsys)(
        verb, *first.get(verb, []), texts, "-m", "m", "-o", "texts.jsonl"
    )
    assert "texts.jsonl: is an input, and would be lost; name another output." in done.error
    assert texts.read_text(encoding="utf-8") == '{"text": "a b"}\n'
    assert not (tmp_path / "texts.jsonl.partial").exists()
