"""Files around a good pickle that torch would not write: zip archives, old files, other things.

name -> content of the file, and a piece of the refusal.
"""

import io
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from tests.checkpoint.torch_made import (
    FLOATS,
    MAGIC,
    SIX,
    SYSTEM,
    Entry,
    archive,
    entries,
    legacy_file,
    pickled,
    state,
    storage,
    tensor,
    value,
    zip_file,
)

PICKLE = pickled(state(a=tensor()))
STORAGE_AT = 4  # which entry of `good()` holds the values
CRC = zlib.crc32(SIX)


def good() -> list[Entry]:
    return entries(PICKLE, {"0": SIX})


def changed(change: Callable[[list[Entry]], object], **ends: Any) -> bytes:
    """A good archive after one change."""
    parts = good()
    change(parts)
    return archive(parts, **ends)


def on_storage(**fields: Any) -> bytes:
    """A good archive whose storage's entry says something else."""

    def change(parts: list[Entry]) -> None:
        for name, content in fields.items():
            setattr(parts[STORAGE_AT], name, content)

    return changed(change)


def with_a_gap(at: int) -> bytes:
    """A good archive with bytes behind one entry that no entry owns."""

    def change(parts: list[Entry]) -> None:
        part = parts[at]
        said = zlib.crc32(part.data), len(part.data), len(part.data)
        part.descriptor = struct.pack("<4s3L", b"PK\7\10", *said) + b"hidden"

    return changed(change)


def renamed(name: bytes) -> bytes:
    """A good archive and one more entry."""
    return changed(lambda parts: parts.append(Entry(name, b"x")))


def with_deflate() -> bytes:
    """50 MB of zeros in 51 KB, as Python's zipfile packs them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in entries(PICKLE, {"0": bytes(50 << 20)}):
            packed.writestr(part.name.decode(), part.data)
    return stream.getvalue()


def one_data_for_two() -> bytes:
    """Two entries of the directory over the same bytes."""
    content = archive(good(), zip64=False)
    twin = Entry(b"archive/data/0", b"", flags=0x0800)
    twin.central = {"offset": content.index(b"archive/data/0") - 30}
    return changed(lambda parts: parts.append(twin))


def nested() -> bytes:
    """An entry inside the bytes of another."""
    inner = archive([Entry(b"archive/data/1", SIX)], zip64=False)
    parts = good()
    parts.insert(0, Entry(b"archive/data/2", inner))
    first = 30 + len(b"archive/data/2")
    start = first + 4 + (-(first + 4) % 64)
    parts.append(Entry(b"archive/data/1", SIX, central={"offset": start}))
    return archive(parts)


def zip64_fields(*values: int, code: int = 1) -> bytes:
    return struct.pack(f"<2H{len(values)}Q", code, 8 * len(values), *values)


def damage(part: Entry) -> None:
    """Other bytes under the check sum of the right ones."""
    crc, size = zlib.crc32(part.data), len(part.data)
    part.data = bytes([part.data[0] ^ 1]) + part.data[1:]
    part.central = {"crc": crc}
    part.descriptor = struct.pack("<4s3L", b"PK\7\10", crc, size, size)


FULL = 0xFFFFFFFF
WRONG_HEADER = "its own header contradicts the directory"
BAD_NAME = "a name torch does not write"
NO_END = "its last bytes are no end of a zip archive"

ZIPS: dict[str, tuple[bytes, str]] = {
    # before, behind, between
    "bytes_before": (archive(good(), before=b"#!/bin/sh\n"), "not a torch checkpoint"),
    "an_archive_before": (zip_file() + zip_file(), "zip64 end is not where it should be"),
    "bytes_before_that_look_right": (
        archive(good(), before=b"PK\3\4" + bytes(60)),
        "bytes before the first entry",
    ),
    "bytes_between_two_entries": (with_a_gap(0), "or between two"),
    "bytes_behind_the_last_entry": (with_a_gap(-1), "between the last entry and the directory"),
    "a_byte_behind": (zip_file() + b"\0", NO_END),
    "a_comment": (archive(good(), comment=b"x"), NO_END),
    "a_comment_with_an_end": (archive(good(), comment=zip_file()[-22:]), "does not end where"),
    "cut_in_half": (zip_file()[: len(zip_file()) // 2], NO_END),
    "last_byte_cut": (zip_file()[:-1], NO_END),
    "the_end_alone": (b"PK\3\4" + zip_file()[-22:], "does not end where the end record is"),
    "four_bytes": (b"PK\3\4", NO_END),
    "no_entries": (b"PK\3\4" + archive([], before=b"PK\3\4", zip64=False)[4:], "the last entry"),
    # two entries for one thing
    "record_twice": (changed(lambda p: p.append(p[STORAGE_AT])), "'data/0' is there twice"),
    "pickle_twice": (changed(lambda p: p.append(p[0])), "'data.pkl' is there twice"),
    "one_data_for_two": (one_data_for_two(), "entries that overlap"),
    "nested_entry": (nested(), "entries that overlap"),
    # packed or encrypted
    "deflated_50_mb": (with_deflate(), "is compressed; torch stores plainly"),
    "method_in_the_directory": (on_storage(central={"method": 8}), "is compressed"),
    "method_in_the_header": (on_storage(local={"method": 8}), WRONG_HEADER),
    "encrypted": (on_storage(flags=0x0809), "encrypted or worse"),
    "strongly_encrypted": (on_storage(flags=0x0840), "encrypted or worse"),
    "masked_directory": (on_storage(flags=0x2808), "encrypted or worse"),
    "encrypted_in_the_header": (on_storage(local={"flags": 0x0809}), WRONG_HEADER),
    # the header against the directory
    "another_name": (on_storage(local={"name": b"archive/data/1"}), WRONG_HEADER),
    "a_longer_name": (on_storage(local={"name": b"archive/data/00"}), WRONG_HEADER),
    "another_size": (on_storage(local={"size": 8, "packed": 8}), WRONG_HEADER),
    "another_crc": (on_storage(local={"crc": 1}), WRONG_HEADER),
    "nothing_said_without_descriptor": (
        on_storage(flags=0x0800, local={"crc": 0, "packed": 0, "size": 0}),
        WRONG_HEADER,
    ),
    "no_descriptor": (on_storage(descriptor=b""), "do not end where the directory says"),
    "descriptor_without_signature": (
        on_storage(descriptor=struct.pack("<3L", CRC, 24, 24)),
        "do not end where",
    ),
    "descriptor_of_another_size": (
        on_storage(descriptor=struct.pack("<4s3L", b"PK\7\10", CRC, 24, 25)),
        "do not end where",
    ),
    "descriptor_of_another_crc": (
        on_storage(descriptor=struct.pack("<4s3L", b"PK\7\10", CRC ^ 1, 24, 24)),
        "do not end where",
    ),
    "offset_in_the_end": (
        changed(lambda p: setattr(p[-1], "central", {"offset": 1 << 30})),
        "lies outside",
    ),
    "offset_elsewhere": (on_storage(central={"offset": 0}), "entries that overlap"),
    "size_past_the_end": (
        on_storage(central={"size": 1 << 30, "packed": 1 << 30}),
        "do not end where",
    ),
    "two_sizes": (on_storage(central={"size": 25}), "two sizes, 24 and 25"),
    "size_of_zip64_left_out": (on_storage(central={"size": FULL}), "an extra field"),
    "size_of_zip64_huge": (
        on_storage(central={"size": FULL, "packed": FULL, "extra": zip64_fields(1 << 62, 1 << 62)}),
        "do not end where",
    ),
    "zip64_of_another_kind": (
        on_storage(central={"size": FULL, "extra": zip64_fields(24, code=2)}),
        "an extra field",
    ),
    "zip64_where_none_is_needed": (on_storage(central={"extra": zip64_fields(24)}), "extra field"),
    "entry_comment": (on_storage(central={"comment": b"x"}), "not as torch writes it"),
    "entry_on_disk_2": (on_storage(central={"disk": 1}), "not as torch writes it"),
    "entry_signature": (on_storage(central={"sign": b"PK\1\1"}), "not as torch writes it"),
    # check sums
    "pickle_crc": (changed(lambda p: damage(p[0])), r"data\.pkl: its bytes are damaged"),
    "version_crc": (changed(lambda p: damage(p[-2])), "version: its bytes are damaged"),
    "storage_crc": (changed(lambda p: damage(p[STORAGE_AT])), "'a': its bytes are damaged"),
    # the end
    "count_too_small": (
        archive(good(), end={"here": 6, "count": 6}, end64={"here": 6, "count": 6}),
        "longer than its entries",
    ),
    "count_too_large": (
        archive(good(), end={"here": 8, "count": 8}, end64={"here": 8, "count": 8}),
        "directory is too short",
    ),
    "counts_differ": (archive(good(), zip64=False, end={"here": 6}), "does not end where"),
    "two_disks": (archive(good(), zip64=False, end={"disk": 1}), "does not end where"),
    "directory_elsewhere": (archive(good(), zip64=False, end={"start": 0}), "does not end where"),
    "zip64_contradicts": (archive(good(), end={"count": 6}), "contradicts the plain one"),
    "zip64_start_contradicts": (archive(good(), end={"start": 1}), "contradicts the plain one"),
    "zip64_longer": (archive(good(), end64={"length": 45}), "contradicts the plain one"),
    "zip64_elsewhere": (archive(good(), end64={"place": 0}), "not where it should be"),
    "zip64_start_2_63": (
        archive(good(), end={"start": FULL}, end64={"start": 1 << 63}),
        "does not end where",
    ),
    "entries_10003": (
        changed(
            lambda p: p.extend(Entry(b"archive/data/%d" % n, b"") for n in range(1, 9_997)),
        ),
        "10003 entries in a directory",
    ),
    "directory_of_4_mb": (
        changed(lambda p: p.extend(Entry(b"archive/%0500d" % n, b"") for n in range(7_800))),
        "7807 entries in a directory of 43",
    ),
    # names
    "name_climbs": (renamed(b"archive/../../x"), "no record of a checkpoint"),
    "name_absolute": (renamed(b"/etc/passwd"), BAD_NAME),
    "name_with_backslash": (renamed(b"archive\\data/0"), BAD_NAME),
    "name_with_drive": (renamed(b"C:/data/0"), BAD_NAME),
    "name_with_nul": (renamed(b"archive/data/1\0.txt"), BAD_NAME),
    "name_not_ascii": (renamed("archive/dätä/1".encode()), BAD_NAME),
    "name_empty": (renamed(b""), BAD_NAME),
    "name_without_folder": (renamed(b"data.pkl"), BAD_NAME),
    "name_of_a_folder": (renamed(b"archive/"), BAD_NAME),
    "root_is_dots": (changed(lambda p: p.append(Entry(b"../data/1", b"x"))), BAD_NAME),
    "name_of_513": (renamed(b"archive/" + b"x" * 505), "not as torch writes it"),
    "two_folders": (renamed(b"other/data/1"), "lie in 2 folders"),
    "unknown_record": (renamed(b"archive/run_me.py"), "no record of a checkpoint"),
    "storage_named_by_words": (renamed(b"archive/data/first"), "no record of a checkpoint"),
    "torchscript_constants": (renamed(b"archive/constants.pkl"), "a TorchScript program"),
    "torchscript_code": (renamed(b"archive/code/__torch__.py"), "a TorchScript program"),
    # records of one word
    "no_pickle": (changed(lambda p: p.pop(0)), r"no record 'data.pkl'"),
    "no_version": (changed(lambda p: p.pop(-2)), "no record 'version'"),
    "version_11": (zip_file(version=b"11\n"), r"'version' is b'11\\n'"),
    "version_0": (zip_file(version=b"0\n"), "'version' is"),
    "version_empty": (zip_file(version=b""), "'version' is"),
    "version_of_a_kilobyte": (zip_file(version=b"3" * 1024), "has 1024 bytes"),
    "byteorder_big": (zip_file(byteorder=b"big"), "'byteorder' is b'big'"),
    "format_version_2": (zip_file(**{".format_version": b"2"}), "'.format_version' is"),
    "alignment_word": (zip_file(**{".storage_alignment": b"x"}), "'.storage_alignment' is"),
    # sizes
    "pickle_of_9_mb": (zip_file(state(a=tensor()) + b"N" * (9 << 20)), "at most 8388608"),
    "storage_one_byte_short": (zip_file(None, {"0": SIX[:-1]}), "and has 23 bytes"),
    "storage_one_byte_long": (zip_file(None, {"0": SIX + b"\0"}), "and has 25 bytes"),
    "storage_more": (zip_file(None, {"0": SIX, "1": SIX}), "names other storages"),
    "number_for_a_map": (zip_file(value(1 << 40), {}), "holds one int, not a map"),
    "name_for_a_map": (zip_file(FLOATS, {}), "holds one Global, not a map"),
    "nothing_for_a_map": (zip_file(value(None), {}), "holds one NoneType, not a map"),
    "storage_under_another_key": (zip_file(None, {"00": SIX}), "names other storages"),
}


def old(**values: Any) -> bytes:
    return legacy_file(None, **values)


TWO = state(
    a=tensor(storage("0", 6, FLOATS, "cpu", None)), b=tensor(storage("1", 6, FLOATS, "cpu", None))
)
PAIR = {"0": (6, SIX), "1": (6, SIX)}
LIST = "its list of storages is not that of its tensors"

OLD: dict[str, tuple[bytes, str]] = {
    "magic_alone": (MAGIC, "ends in the middle"),
    "another_protocol": (old(magic=MAGIC[:-3] + b"\xea\x03."), "another version"),
    "protocol_in_the_system": (old(system={**SYSTEM, "protocol_version": 1002}), "another version"),
    "protocol_missing": (old(system={}), "another version"),
    "system_is_a_list": (old(system=[1001]), "another version"),
    "big_endian": (old(system={**SYSTEM, "little_endian": False}), "big-endian"),
    "little_endian_number": (old(system={**SYSTEM, "little_endian": 1}), "big-endian"),
    "five_fields": (legacy_file(state(a=tensor())), "no whole storage"),
    "a_view": (legacy_file(state(a=tensor(storage("0", 6, FLOATS, "cpu", ("1", 0, 6))))), "whole"),
    "keys_none": (old(keys=b"N"), LIST),
    "keys_tuple": (old(keys=("0",)), LIST),
    "keys_numbers": (old(keys=[0]), LIST),
    "keys_lists": (old(keys=[[], []]), LIST),
    "keys_missing": (legacy_file(TWO, PAIR, keys=["0"]), LIST),
    "keys_more": (old(keys=["0", "1"]), LIST),
    "keys_twice": (old(keys=["0", "0"]), LIST),
    "count_one_more": (old(storages={"0": (7, SIX)}), "storage 0 has another size"),
    "count_negative": (old(storages={"0": (-6, SIX)}), "storage 0 has another size"),
    "values_cut": (old(storages={"0": (6, SIX[:-1])}), "ends in the middle"),
    "values_missing": (old(storages={}, keys=["0"]), "ends in the middle"),
    "bytes_behind": (old(behind=b"x"), "1 bytes behind its last storage"),
    "a_file_behind": (old(behind=zip_file()), "bytes behind its last storage"),
    "cut_in_a_pickle": (old()[:60], "ends in the middle"),
    "huge_storage": (
        legacy_file(state(a=tensor(storage("0", 1 << 61, FLOATS, "cpu", None)))),
        "ends in the middle",
    ),
}


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as packed:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            packed.addfile(tarfile.TarInfo(name))
    return stream.getvalue()


OTHER: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty; was the download cut?"),
    "three_bytes": (b"PK\3", "not a torch checkpoint; expected"),
    "tar": (tar(), "but a tar archive, the format of torch before 0.2"),
    "pickle_of_a_dict": (pickle.dumps({"a": 1}), "but a pickle of something else"),
    "pickle_of_protocol_2": (PICKLE, "but a pickle of something else"),
    "pickle_of_protocol_0": (b"cos\nsystem\n(S'true'\ntR.", "not a torch checkpoint; expected"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(600), "but an HDF5 file"),
    "lfs_pointer": (b"version https://git-lfs.github.com/spec/v1\n", "but a Git LFS pointer"),
    "html": (b"<!doctype html>" * 50, "but an HTML page"),
    "safetensors": ((2).to_bytes(8, "little") + b"{}", "not a torch checkpoint; expected"),
    "zeros": (bytes(4096), "not a torch checkpoint; expected"),
    "python": (b"import os\nos.system('true')\n", "not a torch checkpoint; expected"),
}

VALUES: dict[str, tuple[bytes, str]] = {
    "nan": (zip_file(None, {"0": struct.pack("<6f", *[1.0] * 5, float("nan"))}), "holds NaN"),
    "infinity": (zip_file(None, {"0": struct.pack("<6f", *[1.0] * 5, -float("inf"))}), "infinity"),
    "old_nan": (legacy_file(None, {"0": (6, b"\x01\x00\x80\x7f" * 6)}), "holds NaN"),
    "nan_in_a_column": (
        zip_file(state(a=tensor(None, 0, (3, 2), (1, 3))), {"0": SIX[:-4] + b"\x00\x00\x80\x7f"}),
        "holds NaN or infinity",
    ),
    "half_nan": (
        zip_file(state(a=tensor(storage("0", 6, b"ctorch\nHalfStorage\n"))), {"0": b"\1\x7c" * 6}),
        "holds NaN",
    ),
    "bool_two": (
        zip_file(state(a=tensor(storage("0", 6, b"ctorch\nBoolStorage\n"))), {"0": b"\2" * 6}),
        "neither 0 nor 1",
    ),
}
