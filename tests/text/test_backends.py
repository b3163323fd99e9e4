"""Which tokenizer a user gets, and what it loads."""

import copy
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from npdistil.errors import InputError
from npdistil.text.compiled.encoder import CompiledTextEncoder
from npdistil.text.encode import TextEncoder
from npdistil.text.tokenizer import Tokenizer
from tests.test_light_import import modules_after
from tests.text.tiny import VOCAB, write_folder


def test_the_compiled_one_unless_asked_otherwise(tmp_path: Path) -> None:
    """Catches a default that is the slow one, and a name that means the other one."""
    folder = write_folder(tmp_path, vocab_txt=VOCAB)
    for make in (partial(Tokenizer.from_vocab, VOCAB), partial(Tokenizer.from_pretrained, folder)):
        assert isinstance(make()._encode, CompiledTextEncoder)
        assert isinstance(make(backend="numba")._encode, CompiledTextEncoder)
        assert isinstance(make(backend="python")._encode, TextEncoder)
        assert make(num_threads=3)._encode._num_threads == 3
        for wrong in ("numpy", "", None, True):
            with pytest.raises(InputError, match="backend: expected one of"):
                make(backend=wrong)
        for wrong in (0, 1025, "2", 1.5):
            for backend in ("numba", "python"):
                with pytest.raises(InputError, match="num_threads"):
                    make(num_threads=wrong, backend=backend)


def test_copies_work_when_the_original_is_gone() -> None:
    """Catches addresses of arrays that go into a copy, or into another process."""
    text = "un a b c " * 3
    original = Tokenizer.from_vocab(VOCAB)
    wanted = original.pack(text).input_ids_T
    copies = [copy.deepcopy(original), pickle.loads(pickle.dumps(original))]
    for tokenizer in copies:
        assert not tokenizer._encode._packed and not tokenizer._encode._spaces
    del original
    for tokenizer in copies:
        assert np.array_equal(tokenizer.pack(text).input_ids_T, wanted)


def test_the_readable_one_loads_no_compiler(tmp_path: Path) -> None:
    """Catches a second that a user pays who asked for no compiled code."""
    folder = write_folder(tmp_path, vocab_txt=VOCAB)
    statement = f"""
import npdistil
tokenizer = npdistil.Tokenizer.from_pretrained({str(folder)!r}, backend="python")
tokenizer.pack(["a b"]); tokenizer(["a"], ["b"])"""
    assert modules_after(statement).isdisjoint({"numba", "llvmlite"})
    compiled = modules_after(statement.replace('"python"', '"numba"'))
    assert "llvmlite" in compiled and "numba" not in compiled, "object code is loaded alone"


def test_the_numpy_sentence_encoder_loads_no_compiler(minilm_folder: Path) -> None:
    """Catches a tokenizer that compiles although its model does not."""
    statement = f"""
import npdistil
npdistil.SentenceEncoder.from_pretrained({str(minilm_folder)!r}, backend="numpy").encode("a")"""
    assert modules_after(statement).isdisjoint({"numba", "llvmlite"})


@pytest.mark.parametrize("lines, compiled", [(3, False), (250_001, True)])
def test_the_command_line_compiles_for_much_text_only(
    tmp_path: Path, lines: int, compiled: bool
) -> None:
    """Catches `npdistil tokenize` that compiles for ten words, or never does."""
    folder = write_folder(tmp_path / "model", vocab_txt=VOCAB)
    text = tmp_path / "in.txt"
    text.write_text("un a\n" * lines)
    calls = [["tokenize", "-f", str(text), "-m", str(folder), "-o", str(tmp_path / "out.npy")]]
    if not compiled:
        calls.append(["tokenize", "un a", "-m", str(folder)])
    statement = f"""
import contextlib, io
from npdistil.cli import main
for call in {calls!r}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(call) == 0"""
    assert modules_after(statement).isdisjoint({"numba", "llvmlite"}) is not compiled
    assert np.load(tmp_path / "out.npy").tolist()[-1] == [2, 9, 5, 3]


def test_threads_change_nothing() -> None:
    """Catches rows that depend on who was first."""
    texts = [f"{'un' * (n % 7)}able the \xe9 " * (n % 50) for n in range(3000)]
    one, three = (Tokenizer.from_vocab(VOCAB, num_threads=n).pack(texts) for n in (1, 3))
    assert len(one.input_ids_T) > 100_000
    np.testing.assert_array_equal(one.input_ids_T, three.input_ids_T)
    np.testing.assert_array_equal(one.cu_seqlens, three.cu_seqlens)
