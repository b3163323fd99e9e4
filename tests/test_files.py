"""Reading files that nobody vouches for: what would block, lie or exhaust must be an error."""

import os
import sys
from pathlib import Path

import pytest

from npdistil import files
from npdistil.errors import ConfigError, ModelFileError
from npdistil.files import is_there, parse_json, read_file, read_json, read_json_object

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and symlinks of POSIX")


def test_reads_every_byte_and_at_most_the_limit(tmp_path: Path) -> None:
    """Catches a limit that is off by one, and a short read taken for the whole."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 40)
    assert read_file(path, 10240, ModelFileError) == path.read_bytes()
    with pytest.raises(ModelFileError, match="10240 bytes, at most 10239"):
        read_file(path, 10239, ModelFileError)


@pytest.mark.parametrize("name", ["missing", "a/../../missing", "n\0l", "x" * 300])
def test_unusable_names_are_errors_of_the_callers_class(tmp_path: Path, name: str) -> None:
    """Catches ValueError (NUL) and OSError (name too long) leaking out of os.open."""
    with pytest.raises(ConfigError):
        read_file(tmp_path / name, 100, ConfigError)


@posix_only
@pytest.mark.parametrize("kind", ["fifo", "folder", "loop", "device", "dangling"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    """Catches an open() that waits for a writer, or a read of /dev/zero that never ends."""
    path = tmp_path / "model.safetensors"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        goals = {"loop": path, "device": Path("/dev/zero"), "dangling": tmp_path / "gone"}
        path.symlink_to(goals[kind])
    with pytest.raises(ModelFileError, match=r"model\.safetensors"):
        read_file(path, 1 << 20, ModelFileError)


@posix_only
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches half-old, half-new content: the size is compared again after the last byte."""
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    honest = os.fstat
    calls = []

    def growing(descriptor: int) -> os.stat_result:
        calls.append(descriptor)
        if len(calls) == 2:
            with path.open("ab") as stream:
                stream.write(b"5")
        return honest(descriptor)

    monkeypatch.setattr(files.os, "fstat", growing)
    with pytest.raises(ModelFileError, match="changed while it was read"):
        read_file(path, 100, ModelFileError)


HOSTILE_JSON = {
    "empty": (b"", "not valid JSON"),
    "nan": (b'{"a": NaN}', "NaN is not JSON"),
    "infinity": (b'{"a": Infinity}', "Infinity is not JSON"),
    "minus_infinity": (b'{"a": -Infinity}', "-Infinity is not JSON"),
    "minus_zero": (b'{"a": -0}', "-0 is no integer"),
    "overflowing_float": (b'{"a": 1e400}', "outside the range of a float"),
    "long_integer": (b'{"a": ' + b"9" * 5000 + b"}", "an integer of 5000 digits"),
    "duplicate_key": (b'{"a": 1, "a": 2}', "'a' appears twice"),
    "duplicate_key_inside": (b'{"b": [{"a": 1, "a": 1}]}', "'a' appears twice"),
    "deep_arrays": (b"[" * 100_000 + b"]" * 100_000, "nested more than 64"),
    "deep_objects": (b'{"a":' * 65 + b"1" + b"}" * 65, "nested more than 64"),
    "byte_order_mark": (b"\xef\xbb\xbf{}", "not valid JSON"),
    "utf16": ("{}".encode("utf-16"), "not UTF-8"),
    "latin1": (b'{"a": "\xe9"}', "not UTF-8"),
    "comment": (b"{} // x", "not valid JSON"),
    "trailing_comma": (b'{"a": 1,}', "not valid JSON"),
    "two_values": (b"{}{}", "not valid JSON"),
    "control_character": (b'{"a": "\n"}', "not valid JSON"),
    "scalar": (b"3", "expected a JSON object or array"),
}


@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_is_refused(tmp_path: Path, name: str) -> None:
    """Catches Python's own reader, which accepts about half of these."""
    content, message = HOSTILE_JSON[name]
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_json(path, ConfigError)


def test_what_is_legal_stays_legal(tmp_path: Path) -> None:
    """Catches a limit so strict that honest files fail: depth 64, 20 digits, any script."""
    text = '{"a": [1, 2.5, -3e-12, null, true], "ключ": 12345678901234567890}'
    assert parse_json(text.encode(), "x", ConfigError) == {
        "a": [1, 2.5, -3e-12, None, True],
        "ключ": 12345678901234567890,
    }
    deep = b"[" * 64 + b"]" * 64
    assert parse_json(deep, "x", ConfigError)


def test_an_array_is_no_object(tmp_path: Path) -> None:
    """Catches a config.json that is a list reaching code that calls .get()."""
    path = tmp_path / "config.json"
    path.write_text("[]")
    assert read_json(path, ConfigError) == []
    with pytest.raises(ConfigError, match="expected a JSON object"):
        read_json_object(path, ConfigError)


def test_one_longer_integer_is_read(tmp_path: Path) -> None:
    """Catches refusing every tokenizer_config.json without a limit, and accepting its like."""
    assert parse_json(b"[%d]" % int(1e30), "x", ConfigError) == [int(1e30)]
    for other in (int(1e30) + 1, 10**30, -int(1e30)):
        with pytest.raises(ConfigError, match="digits"):
            parse_json(b"[%d]" % other, "x", ConfigError)


def test_whether_something_is_there(tmp_path: Path) -> None:
    """Catches a dangling link or an unreadable place taken for nothing."""
    file = tmp_path / "file"
    assert not is_there(file, ConfigError)
    assert not is_there(file / "below", ConfigError)
    file.symlink_to(tmp_path / "nowhere")
    assert is_there(file, ConfigError) and is_there(tmp_path, ConfigError)
    file.unlink()
    file.write_text("")
    assert not is_there(file / "below", ConfigError)
    for odd in ("x" * 5000, "a\0b"):
        with pytest.raises(ConfigError, match="cannot be looked up"):
            is_there(tmp_path / odd, ConfigError)
