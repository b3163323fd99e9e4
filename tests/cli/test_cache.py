"""`npdistil warmup` and `npdistil cache`."""

import shutil
from pathlib import Path

import pytest

from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects import store, warm_up
from npdistil.kernels.objects.key import unit_key
from npdistil.kernels.text.entries import TEXT
from tests.cli.running import runner

UNITS = (ENGINE, TEXT)


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> Path:
    """The units that this run of the tests has, copied from where it keeps them."""
    directory = tmp_path_factory.mktemp("warm")
    (directory / "kernels").mkdir(0o755)
    for file in warm_up.warm_up(UNITS):
        shutil.copy2(file, directory / "kernels")
    return directory


def test_what_is_kept_is_shown_and_removed(run, warm, tmp_path, monkeypatch):
    """A directory, key or size that is not the one in use; files that stay."""
    directory = Path(shutil.copytree(warm, tmp_path / "copy"))
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(directory))
    (directory / "kernels" / "engine-0123.o").write_bytes(b"of another version")
    shown = run("cache")
    assert (shown.code, shown.err) == (0, "")
    sizes = {file.name: file.stat().st_size for file in (directory / "kernels").iterdir()}
    assert f"{directory / 'kernels'}, {sum(sizes.values()):,} bytes\n" in shown.out
    for unit in UNITS:
        key = unit_key(unit)
        assert f"{key}, {sizes[f'{unit.name}-{key}.o']:,} bytes\n" in shown.out
    assert "1 files, 18 bytes\n" in shown.out

    (directory / "kernels" / f"engine-{unit_key(ENGINE)}.o").write_bytes(b"damaged")
    assert "damaged, will be compiled again" in run("cache", "show").out
    (directory / "kernels" / "a.o.lock").touch()
    (directory / "kernels" / "kept.txt").touch()
    cleared = run("cache", "clear")
    assert (cleared.code, cleared.out, cleared.err) == (0, "", "3 files removed\n")
    assert [file.name for file in (directory / "kernels").iterdir()] == ["kept.txt"]
    assert run("cache").out.count("not compiled yet") == 2


def test_a_directory_that_is_not_used_is_shown_as_such(run, tmp_path, monkeypatch):
    """Kernels compiled at every start, and nothing that says why."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path))
    assert f"{tmp_path / 'kernels'}, not there yet\n" in run("cache").out
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels").chmod(0o777)
    (tmp_path / "kernels" / "a.o").touch()
    assert f"{tmp_path / 'kernels'}, not used: others may write to it\n" in run("cache").out
    assert run("cache", "clear").err == "0 files removed\n"
    assert (tmp_path / "kernels" / "a.o").exists()


def test_warmup_leaves_nothing_to_compile(run, warm, monkeypatch):
    """Warming up something else than what a start looks for."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(warm))
    done = run("warmup")
    files = sorted((warm / "kernels").glob("*.o"))
    assert done.code == 0 and sorted(done.out.split()) == [str(file) for file in files]
    assert done.err == f"2 files, {sum(file.stat().st_size for file in files):,} bytes\n"


def test_warmup_compiles_what_is_missing(run, warm, tmp_path, monkeypatch):
    """A unit forgotten."""
    directory = Path(shutil.copytree(warm, tmp_path / "copy"))
    (text,) = (directory / "kernels").glob("text-*.o")
    content = text.read_bytes()
    text.unlink()
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(directory))
    assert run("warmup").code == 0
    assert text.read_bytes() == content, "compiling twice gives the same bytes"


def test_warmup_that_can_keep_nothing_says_so(run, monkeypatch):
    """An image without the kernels that it was built for."""
    monkeypatch.setattr(warm_up, "obtain", lambda unit: b"")
    monkeypatch.setattr(store, "directories", lambda: iter([]))
    assert "no private directory can keep it" in run("warmup").error


def test_an_unknown_level_is_refused(run, monkeypatch):
    """A misspelt level taken for the processor at hand."""
    from npdistil.kernels.objects.cpu import chosen_cpu

    monkeypatch.setenv("NPDISTIL_CPU", "x86-64-v5")
    chosen_cpu.cache_clear()
    try:
        assert "NPDISTIL_CPU: expected one of" in run("warmup").error
    finally:
        chosen_cpu.cache_clear()
