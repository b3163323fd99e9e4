"""The kernel cache: same bytes whatever its history, and trouble never costs an answer."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import npdistil.kernels.cache as cache

ROOT = Path(__file__).parent.parent.parent
# Prints whether it compiled, and a hash of all outputs of a small model.
PROGRAM = """
import hashlib, warnings
import numpy as np
import numba
before = numba.config.CACHE_DIR
compiled = []
from numba.core import event
class Listener(event.Listener):
    def on_start(self, event): compiled.append(event)
    def on_end(self, event): pass
with event.install_listener("numba:compile", Listener()):
    from npdistil.encoder import Encoder
    from tests.models import TINY, random_params
    encoder = Encoder(TINY, random_params(TINY, np.random.default_rng(3)))
assert numba.config.CACHE_DIR == before
ids = np.random.default_rng(4).integers(0, TINY.vocab_size, (3, 40))
out = encoder(ids, output_hidden_states=True, output_attentions=True)
arrays = [*out.hidden_states, *out.attentions, out.pooler_output]
print(len(compiled) > 0, hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest())
"""


def start(directory: Path | str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "always", "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "NPDISTIL_CACHE_DIR": str(directory), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[bool, str, str]:
    """(compiled, hash of the results, what it said on standard error)."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    compiled, digest = output.split()
    return compiled == "True", digest, errors


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> tuple[Path, str]:
    """A cache that two processes filled at the same time, and the hash that both printed."""
    directory = tmp_path_factory.mktemp("warm")
    racing = [start(directory), start(directory)]
    (first, digest, errors), (second, other, _) = map(finish, racing)
    assert first and second
    assert digest == other
    assert errors == ""
    return directory, digest


def test_a_loaded_kernel_gives_the_bytes_of_a_fresh_one(warm):
    """Machine code that depends on what was in the cache when it was made."""
    directory, digest = warm
    assert finish(start(directory)) == (False, digest, "")
    (unit,) = (directory / "kernels").iterdir()
    assert (unit / cache.MANIFEST).is_file()


def test_a_damaged_unit_is_built_again_as_a_whole(warm):
    """A lost or flipped file completed by code with other roundings, or read at all."""
    directory, digest = warm
    (unit,) = (directory / "kernels").iterdir()
    entries = sorted(unit.rglob("*.nbc"))
    assert len(entries) > 5
    entries[0].unlink()
    content = bytearray(entries[1].read_bytes())
    content[len(content) // 2] ^= 1
    entries[1].write_bytes(content)
    assert finish(start(directory)) == (True, digest, "")
    assert finish(start(directory)) == (False, digest, "")
    assert [path.name for path in (directory / "kernels").iterdir()] == [unit.name]


def test_an_unusable_place_costs_one_warning(warm, tmp_path):
    """A traceback, or silence about six seconds at every start."""
    not_a_directory = tmp_path / "file"
    not_a_directory.touch()
    compiled, digest, errors = finish(start(not_a_directory))
    assert (compiled, digest) == (True, warm[1])
    assert errors.count("RuntimeWarning: npdistil: no private directory") == 1


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_a_place_that_others_may_write_to_is_not_trusted(tmp_path, monkeypatch):
    """The files are unpickled: whoever can plant one runs code."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path))
    assert cache._trusted_home() == tmp_path / "kernels"
    (tmp_path / "kernels").chmod(0o770)
    assert cache._trusted_home() is None
    (tmp_path / "kernels").chmod(0o700)
    tmp_path.chmod(0o777)
    assert cache._trusted_home() is None
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cache._trusted_home() is None


def test_a_user_without_a_home_is_no_error(monkeypatch):
    """Containers run as users that the password file does not know."""

    def no_home(self):
        raise RuntimeError("Could not determine home directory.")

    for name in ("NPDISTIL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "expanduser", no_home)
    assert cache._root() is None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with cache.one_unit():
            assert not cache.cache_setting()
    assert len(caught) == 1


def test_the_key_names_everything_that_decides_the_code(monkeypatch, tmp_path):
    """Stale machine code after an edit, an upgrade, a move to another processor."""
    keys = {cache._key()}
    for module, name in [(cache.numba, "__version__"), (cache.llvmlite, "__version__")]:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, "0")
            keys.add(cache._key())
    with monkeypatch.context() as patched:
        patched.setattr(cache.llvm, "get_host_cpu_name", lambda: "another")
        keys.add(cache._key())
    with monkeypatch.context() as patched:
        patched.setattr(cache._NUMBA_CONFIG, "BOUNDSCHECK", 1)
        keys.add(cache._key())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda self: b"edited")
        keys.add(cache._key())
    assert len(keys) == 6
