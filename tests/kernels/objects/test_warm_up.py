"""What has to be compiled is compiled at the same time."""

import threading

from npdistil import SentenceEncoder
from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects import load, warm_up
from npdistil.kernels.objects.key import unit_key
from npdistil.kernels.objects.make import file_name
from npdistil.kernels.text.entries import TEXT
from tests.tasks.folders import write_model


def test_a_first_start_compiles_both_units_at_the_same_time(tmp_path, monkeypatch):
    """Catches a first sentence that waits for two compilations, one after the other."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path / "cache"))
    both_here, seen = threading.Barrier(2), []

    def obtain(unit):
        both_here.wait(20)
        seen.append(unit.name)
        return b""

    monkeypatch.setattr(warm_up, "obtain", obtain)
    SentenceEncoder.from_pretrained(write_model(tmp_path / "model"), pooling="mean")
    assert sorted(seen) == sorted([ENGINE.name, TEXT.name])


def test_what_is_kept_is_left_to_the_loader(tmp_path, monkeypatch):
    """Catches a start that reads all code twice, or one missing unit made in a thread."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warm_up, "obtain", lambda unit: None.missing)
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / file_name(TEXT, unit_key(TEXT))).touch()
    warm_up.make_missing((ENGINE, TEXT))


def test_it_is_said_once(tmp_path, monkeypatch, capsys):
    """Catches a line from each of the threads."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warm_up, "obtain", lambda unit: load.say_once() or b"")
    load.say_once.cache_clear()
    warm_up.make_missing((ENGINE, TEXT))
    assert capsys.readouterr().err.count("compiling kernels") == 1
