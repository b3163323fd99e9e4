"""Object code that is linked ahead: the same functions without LLVM, or LLVM as before."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from llvmlite import binding as llvm

from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects import cpu, linux_cpu, load, map_image
from npdistil.kernels.objects.key import unit_key
from npdistil.kernels.objects.link import Image, LinkError, link
from npdistil.kernels.text.entries import TEXT
from tests.kernels.objects.tiny import ROOT, TINY, double

UNITS = (ENGINE, TEXT)
EMBED = """
import sys
from npdistil.kernels.objects import load
{change}
from npdistil import SentenceEncoder
texts = ["It was naïve.", "a longer text " * 40]
vectors = SentenceEncoder.from_pretrained(sys.argv[1]).encode(texts)
sys.stdout.buffer.write(vectors.tobytes())
assert ("llvmlite.binding" in sys.modules) is {llvm}
"""


def embedded(folder: Path, change: str, llvm: bool) -> bytes:
    """Vectors of a process of its own, all from compiled code."""
    program = EMBED.format(change=change, llvm=llvm)
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout


def test_an_image_computes_what_llvm_computes(minilm_folder):
    """Catches a word that was linked to another place, in the engine or in the tokenizer."""
    for unit in UNITS:
        load.load_unit(unit)
    by_llvm = embedded(minilm_folder, "load.map_image = lambda *_: None", llvm=True)
    assert len(by_llvm) == 2 * 384 * 4
    assert embedded(minilm_folder, "", llvm=linux_cpu.cpu_words() is None) == by_llvm


@pytest.fixture(scope="module")
def code() -> bytes:
    """The engine's object code."""
    return load.obtain(ENGINE)


@pytest.fixture
def image(code) -> Image:
    """What it is linked to."""
    return link(code)


def test_an_image_has_all_functions_and_no_more_needs(code, image):
    """Catches a function that is left out, and an address outside the image."""
    assert {function.symbol for function in ENGINE.functions} == set(image.entries)
    assert all(0 <= start < image.code_bytes for start in image.entries.values())
    assert set(image.system) == {"memset", "sched_yield"}
    words = np.array([image.content[place : place + 8] for place in image.own]).view("<i8")
    assert len(words) > 500 and 0 <= words.min() < words.max() < len(image.content)
    assert image.code_bytes % map_image.PAGE == len(image.content) % map_image.PAGE == 0


def test_code_is_executed_and_nothing_is_written(image):
    """Catches memory that is both, which is where attacks begin."""
    about = image._asdict()
    addresses = map_image.map_image(about, memoryview(about.pop("content")))
    base = min(addresses.values()) - min(image.entries.values())
    lines = Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    found = [line.split()[1] for line in lines if base in range(*bounds(line))]
    behind = base + image.code_bytes
    found += [line.split()[1] for line in lines if behind in range(*bounds(line))]
    assert found == ["r-xp", "r--p"]


def bounds(line: str) -> list[int]:
    """First address and the one behind the last, of a line of Linux's list of mappings."""
    return [int(number, 16) for number in line.split()[0].split("-")]


def test_where_the_system_refuses_llvm_is_asked(monkeypatch, image):
    """Catches a crash where no memory may become executable, or a function is missing."""
    about = image._asdict()
    content = memoryview(about.pop("content"))
    stranger = {**about, "system": {"system": [0]}}
    assert map_image.map_image(stranger, content) is None
    monkeypatch.setattr(map_image, "LIBRARY", {"no_such_function"})
    assert map_image.map_image({**about, "system": {"no_such_function": [0]}}, content) is None
    monkeypatch.undo()
    monkeypatch.setattr(map_image.mmap, "PROT_EXEC", 1 << 20)  # no such access: EINVAL
    assert map_image.map_image(about, content) is None
    monkeypatch.undo()
    assert map_image.map_image(about, content) is not None


# Places in a section header: see `link._Section`.
KIND, FLAGS, ALIGNMENT = 4, 8, 48


def section(code: bytes, name: bytes) -> int:
    """Where the header of a section stands."""
    start, count = int.from_bytes(code[40:48], "little"), int.from_bytes(code[60:62], "little")
    headers = [start + 64 * number for number in range(count)]
    names = word(code, headers[int.from_bytes(code[62:64], "little")] + 24)
    (found,) = (
        each for each in headers
        if code[names + word(code, each, 4) :].startswith(name + b"\0")
    )  # fmt: skip
    return found


def word(code: bytes, place: int, size: int = 8) -> int:
    """An unsigned number."""
    return int.from_bytes(code[place : place + size], "little")


def changed(code: bytes, place: int, value: int, size: int = 4) -> bytes:
    """The same but for one number."""
    assert word(code, place, size) != value
    return code[:place] + value.to_bytes(size, "little") + code[place + size :]


def test_what_is_not_known_is_refused(code):
    """Catches code that is linked by guessing, and crashes or computes something else."""
    relocations = word(code, section(code, b".rela.ltext") + 24)
    refused = {
        "a relocation of kind 2": changed(code, relocations + 8, 2),
        "relocations without addends": changed(code, section(code, b".rela.ltext") + KIND, 9),
        "a need of menset": code.replace(b"\0memset\0", b"\0menset\0"),
        ".rodata, which is not only read": changed(code, section(code, b".rodata") + FLAGS, 3),
        ".rodata.cst4, which is not": changed(code, section(code, b".rodata.cst4") + KIND, 8),
        ".rodata.cst8, aligned to 8192": changed(
            code, section(code, b".rodata.cst8") + ALIGNMENT, 8192
        ),
        "a need of something that is not loaded": changed(
            code, section(code, b".rodata.cst4") + FLAGS, 0
        ),
        "no object file of ELF": code[:18] + b"\xb7\0" + code[20:],  # for ARM
        "no object file": b"\xcf\xfa\xed\xfe" + code[4:],  # macOS's
    }
    for message, spoilt in refused.items():
        with pytest.raises(LinkError, match=message):
            link(spoilt)


def test_what_cannot_be_linked_is_not_kept(monkeypatch, tmp_path, code):
    """Catches a start that fails where only the image cannot be made."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path))
    load.keep_image(ENGINE, code[:18] + b"\xb7\0" + code[20:])
    assert [*tmp_path.rglob("*.image")] == []
    load.keep_image(ENGINE, code)
    (file,) = tmp_path.rglob("*.image")
    before = file.stat().st_mtime_ns
    load.keep_image(ENGINE, code)  # a system that refuses to map it would write it at every start
    assert file.stat().st_mtime_ns == before
    assert load.find_image(ENGINE, unit_key(ENGINE)) is not None


def test_few_words_and_no_needs():
    """Catches arithmetic on lists of places that fails where they are empty."""
    image = link(load.obtain(TINY))
    about = image._asdict()
    assert map_image.map_image(about, memoryview(about.pop("content")))
    x_N = np.arange(3, dtype=np.float32)
    double(x_N, y_N := np.empty_like(x_N))
    assert y_N.tolist() == [0, 2, 4]


def test_linux_and_llvm_name_the_same_features():
    """Catches a level that is taken for granted because a flag has another name."""
    host = llvm.get_host_cpu_features()
    assert len(linux_cpu.FLAGS) == 4
    for feature in cpu.LEVELS["x86-64-v4"]:
        assert linux_cpu.has_flags([feature]) is bool(host.get(feature)), feature
    assert not linux_cpu.has_flags(["avx2", "of_the_future"])
    assert linux_cpu.has_flags([])


def test_what_llvm_says_of_a_processor_is_kept_for_that_processor(monkeypatch, tmp_path):
    """Catches the instructions of one machine on another that shares the directory."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path))
    asked = []
    truth = cpu._asked()
    monkeypatch.setattr(cpu, "_asked", lambda: asked.append(1) or truth)
    assert cpu.host_cpu() == cpu.host_cpu() == truth and len(asked) == 1
    (file,) = tmp_path.rglob("*.cpu")
    file.write_bytes(file.read_bytes().replace(b"+avx", b"-avx"))
    assert cpu.host_cpu() == truth and len(asked) == 2, "damaged"
    assert cpu.host_cpu() == truth and len(asked) == 2
    monkeypatch.setattr(cpu, "cpu_words", lambda: "another")
    assert cpu.host_cpu() == truth and len(asked) == 3
    monkeypatch.setattr(cpu, "cpu_words", lambda: None)
    assert cpu.host_cpu() == cpu.host_cpu() == truth and len(asked) == 5
    assert len([*tmp_path.rglob("*.cpu")]) == 2


def test_a_system_that_does_not_tell(monkeypatch, tmp_path):
    """Catches a traceback where /proc is not mounted or has other lines."""
    for content in ("", "processor\t: 0\nflags\n\n", "Features\t: neon\n"):
        (tmp_path / "cpuinfo").write_text(content)
        monkeypatch.setattr(linux_cpu, "FILE", str(tmp_path / "cpuinfo"))
        assert (linux_cpu.cpu_words() is None) is ("flags" not in content)
        assert not linux_cpu.has_flags(["avx2"])
    monkeypatch.setattr(linux_cpu, "FILE", str(tmp_path))
    assert linux_cpu.cpu_words() is None
