"""Keys, seals, locks and arguments of object code, one by one."""

import multiprocessing
import sys
import threading
import time
from types import SimpleNamespace

import llvmlite
import numpy as np
import pytest
from llvmlite import binding as llvm

from npdistil.errors import InputError
from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects import cpu, key, load, store
from npdistil.kernels.objects.make import file_name
from npdistil.kernels.objects.sealed import seal, unseal
from npdistil.kernels.objects.unit import Unit
from npdistil.kernels.signature import INT, OUT1, OUT2, Packed, RecordKind
from npdistil.kernels.text.entries import TEXT
from tests.kernels.objects.tiny import double, run

# What LLVM may call by itself, and the one function by which a thread that waits gives way.
OF_THE_SYSTEM = {"memcpy", "memmove", "memset", "fmaf", "sched_yield"}


def test_the_key_names_everything_that_decides_the_code(monkeypatch):
    """Stale machine code after an edit, an upgrade, a move to another processor."""
    keys = {key.unit_key(ENGINE), key.unit_key(TEXT)}
    changes = [
        (llvmlite, "__version__", "0"),
        (np, "__version__", "0"),
        (key, "numba_version", lambda: "0"),
        (sys, "hexversion", 0),
        (key, "chosen_cpu", lambda: cpu.Cpu("another", "")),
        (key, "chosen_cpu", lambda: cpu.Cpu(cpu.chosen_cpu().name, "-avx")),
        (key, "files_hash", lambda *_: "edited"),
    ]
    for place, name, value in changes:
        with monkeypatch.context() as patched:
            patched.setattr(place, name, value)
            patched.setattr(key, "_sources", key.sources_hash)  # not what was read before
            keys.add(key.unit_key(ENGINE))
    assert len(keys) == 2 + len(changes)
    assert key.unit_key(ENGINE) in keys, "the same again is the same"


def test_numbas_version_is_that_of_its_file():
    """A key that stays the same when Numba changes."""
    assert len(key.numba_version()) == 16
    assert key.numba_version() != "none"


def test_an_edited_file_changes_the_key(monkeypatch, tmp_path):
    """An edit to a kernel that others call leaves their old code in use."""
    for name in ("kernels/a.py", "kernels/ir/b.py", "version.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1")
    monkeypatch.setattr(key, "KERNELS", tmp_path / "kernels")
    hashes = {key.sources_hash()}
    for name in ("kernels/a.py", "kernels/ir/b.py", "version.py"):
        (tmp_path / name).write_text("x = 2")
        hashes.add(key.sources_hash())
    (tmp_path / "kernels/a.py").rename(tmp_path / "kernels/c.py")
    hashes.add(key.sources_hash())
    assert len(hashes) == 5


def test_a_seal_breaks_with_any_byte():
    """A flipped bit that is executed."""
    content = seal({"key": "k", "unit": "u"}, b"\n\0code\n")
    assert unseal(content, "k") == ({"key": "k", "unit": "u"}, b"\n\0code\n")
    assert unseal(content, "other") is None
    for place in range(len(content)):
        spoilt = bytearray(content)
        spoilt[place] ^= 1
        assert unseal(bytes(spoilt), "k") is None
        assert unseal(content[:place], "k") is None
    assert unseal(content + b"\0", "k") is None
    assert (len(content) - len(b"\n\0code\n")) % store.ALIGNMENT == 0


def test_nobody_waits_for_what_a_full_disk_cannot_keep(tmp_path, monkeypatch):
    """Catches eight processes on a full disk that compile one after another."""
    room = SimpleNamespace(f_bavail=3, f_frsize=4096)
    monkeypatch.setattr(store.os, "fstatvfs", lambda _: room)
    with store.lock(tmp_path, "name"):
        start = time.monotonic()
        with store.lock(tmp_path, "name"):
            assert time.monotonic() - start < store.LOCK_SECONDS / 3


def test_who_waits_for_a_lock_does_not_wait_for_ever(tmp_path, monkeypatch):
    """A process that is stopped while it compiles stops all others."""
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.2)
    with store.lock(tmp_path, "name"):
        start = time.monotonic()
        with store.lock(tmp_path, "name"):
            assert 0.2 <= time.monotonic() - start < 5
        with store.lock(tmp_path, "another"):
            pass
    monkeypatch.setattr(store, "LOCK_SECONDS", 60)
    with store.lock(tmp_path, "name"):
        pass


@pytest.mark.parametrize("unit", [ENGINE, TEXT], ids=lambda unit: unit.name)
def test_object_code_needs_the_system_alone(unit: Unit):
    """A call into Numba's runtime or into Python, which is not there when the code is loaded."""
    load.load_unit(unit)
    found = load.find(unit, key.unit_key(unit))
    assert found is not None
    manifest, code = found
    names = undefined_symbols(bytes(code))
    assert names <= OF_THE_SYSTEM
    assert set(manifest["functions"]) == {function.symbol for function in unit.functions}
    assert file_name(unit, manifest["key"]).startswith(unit.name)


def undefined_symbols(code: bytes) -> set[str]:
    """Of an ELF file of 64 bits. Source: System V ABI, chapter 4, "Symbol Table"."""
    assert code[:6] == b"\x7fELF\2\1"
    sections = {
        section.name(): bytes(section.data())
        for section in llvm.object_file.ObjectFileRef.from_data(code).sections()
    }
    table = np.frombuffer(sections[b".symtab"], "<u4, u1, u1, <u2, <u8, <u8")
    strings = sections[b".strtab"]
    undefined = table["f0"][(table["f3"] == 0) & (table["f0"] > 0)]
    return {strings[start : strings.index(b"\0", start)].decode() for start in undefined}


@pytest.mark.parametrize("level", cpu.LEVELS)
def test_a_level_is_loaded_where_the_processor_has_it(tmp_path, level):
    """A cache made in an image for many machines, and code that a machine cannot run."""
    host = llvm.get_host_cpu_features()
    if all(host.get(feature) for feature in cpu.LEVELS[level]):
        assert run(tmp_path, NPDISTIL_CPU=level).compiled
        assert not run(tmp_path, NPDISTIL_CPU=level).compiled
        assert run(tmp_path).compiled, "for the processor at hand, which is another"
    else:
        with pytest.raises(InputError, match=level):
            cpu.require_host(cpu.Cpu(level, ""))


def test_a_level_must_be_one_and_the_processor_must_have_it(monkeypatch):
    """An illegal instruction in the middle of a sentence."""
    monkeypatch.setenv(cpu.VARIABLE, "x86-64-v9")
    with pytest.raises(InputError, match=r"NPDISTIL_CPU: expected one of x86-64-v2, .*v9'"):
        cpu.chosen_cpu.__wrapped__()
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: {"avx": True})
    monkeypatch.setattr(cpu, "has_flags", lambda features: not features)
    cpu.require_host(cpu.Cpu("znver3", "+avx"))
    with pytest.raises(InputError, match=r"no x86-64-v3, it lacks cx16, .*fma"):
        cpu.require_host(cpu.Cpu("x86-64-v3", ""))


def test_arguments_are_checked():
    """Machine code that reads an array of another type, or writes to one that is read-only."""
    x_N = np.arange(4, dtype=np.float32)
    y_N = np.empty_like(x_N)
    double(x_N, y_N)
    np.testing.assert_array_equal(y_N, 2 * x_N)
    read_only = y_N.copy()
    read_only.flags.writeable = False
    unaligned = np.zeros(17, np.uint8)[1:].view(np.float32)
    refused = [
        (x_N, read_only), (x_N.astype(np.float64), y_N), (x_N[::2], y_N[:2]), (x_N[None], y_N),
        (unaligned, y_N), ([0.0] * 4, y_N), (None, y_N), (x_N,), (x_N, y_N, y_N),
        (x_N.astype(">f4"), y_N),
    ]  # fmt: skip
    for arguments in refused:
        with pytest.raises(TypeError, match=r"^double: .*expected .*, received "):
            double(*arguments)
    np.testing.assert_array_equal(y_N, 2 * x_N)


def test_refusals_name_the_field():
    """A record of twelve arrays, and no word about which."""
    pair = RecordKind(tuple, (OUT1, RecordKind(tuple, (INT, OUT2))))
    good = np.zeros(3, np.float32)
    with pytest.raises(TypeError, match=r"^argument 2: argument 1: expected an integer of 64 bits"):
        pair.pack((good, (2.5, good)))
    with pytest.raises(TypeError, match="an integer of 64 bits, received 9223372036854775808"):
        INT.pack(1 << 63)
    with pytest.raises(TypeError, match="expected tuple, received list"):
        pair.pack([good, (1, good)])


def test_what_is_packed_keeps_its_arrays():
    """An address of memory that was given back."""
    packed = Packed(OUT1, np.full(1 << 20, 7, np.float32))
    junk = [np.zeros(1 << 20, np.float32) for _ in range(3)]
    y_N = np.empty(1 << 20, np.float32)
    x_N = packed.value
    assert packed.words == OUT1.pack(x_N)
    double(x_N, y_N)
    assert (y_N == 14).all() and len(junk) == 3


def test_the_gil_is_released():
    """Kernels that wait for each other would wait for ever; nothing else could run."""
    x_N = np.zeros(30_000_000, np.float32)
    y_N, ticks = np.empty_like(x_N), []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    double(x_N, y_N)
    end = time.perf_counter()
    done.set()
    thread.join()
    assert sum(start + 0.005 < moment < end - 0.005 for moment in ticks) > 10


def in_child(pipe) -> None:
    x_N = np.arange(4, dtype=np.float32)
    y_N = np.empty_like(x_N)
    double(x_N, y_N)
    pipe.send(y_N.tolist())


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_children_of_every_kind(method):
    """Code that a forked child cannot run, or that a new process cannot find."""
    double(np.zeros(4, np.float32), np.zeros(4, np.float32))
    context = multiprocessing.get_context(method)
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=in_child, args=(send,))
    process.start()
    assert receive.poll(60)
    assert receive.recv() == [0, 2, 4, 6]
    process.join()
    assert process.exitcode == 0
