"""Hand-made safetensors files that must be refused, each for its own reason.

What is accepted has to be a subset of what the safetensors package accepts; the cases marked
"package accepts" are those where two readers could see two models.
"""

import io
import json
import pickle
import zipfile
from typing import Any

import numpy as np

from tests.checkpoint.tiny import raw


def entry(shape: object = (1,), offsets: object = (0, 4), dtype: object = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def one(data: bytes = bytes(4), **parts: Any) -> bytes:
    """A file with one tensor "a"."""
    return raw({"a": entry(**parts)}, data)


def text(name: str, data: bytes = bytes(4)) -> bytes:
    """A one-tensor file whose header is text, with the tensor's name already quoted."""
    return raw(f'{{{name}: {{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}}}', data)


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def two(first: tuple[int, int], second: tuple[int, int], data: bytes) -> bytes:
    """Tensors "a" and "b" at two ranges of U8."""
    parts = {"a": first, "b": second}
    return raw({k: entry([e - s], [s, e], "U8") for k, (s, e) in parts.items()}, data)


def zip_file() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    return stream.getvalue()


GOOD = entry([1], [0, 4])
GOOD_TEXT = json.dumps(GOOD)
DEEP = "[" * 200 + "]" * 200

SAFETENSORS: dict[str, tuple[bytes, str]] = {
    # size of the file and of its header
    "empty_file": (b"", "0 bytes"),
    "seven_bytes": (bytes(7), "7 bytes"),
    "header_length_zero": (bytes(8), "not a safetensors file"),
    "header_length_one": (raw("{", b"}"), "not a safetensors file"),
    "header_length_2_63": ((1 << 63).to_bytes(8, "little") + b"{}", "not a safetensors file"),
    "header_length_2_64_minus_1": (b"\xff" * 8 + b"{}", "not a safetensors file"),
    "header_length_100_000_001": (
        (100_000_001).to_bytes(8, "little") + b"{}",
        "not a safetensors file",
    ),
    "header_of_17_mb": (raw(" " * (17 << 20) + "{}"), "not a safetensors file"),
    "header_longer_than_file": ((3).to_bytes(8, "little") + b"{}", "not a safetensors file"),
    "header_cut": (one()[:20], "not a safetensors file"),
    "one_byte_too_few": (one(bytes(3)), "was the download cut"),
    "one_byte_too_many": (one(bytes(5)), "was the download cut"),
    "no_tensors_but_bytes": (raw({}, bytes(4)), "was the download cut"),
    # other formats
    "zip_or_torch_checkpoint": (zip_file(), "PyTorch checkpoint"),
    "pickle": (pickle.dumps({"a": 1}, 4), "a pickle"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(90), "HDF5"),
    "git_lfs_pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    "html_page": (b"<!doctype html><html>rate limited</html>", "HTML page"),
    # text of the header
    "byte_order_mark": (raw("\ufeff{}"), "not valid JSON"),
    "nul_padding": (raw(b"{}\0\0"), "not valid JSON"),
    "second_value": (raw("{}{}"), "not valid JSON"),
    "top_level_array": (raw("[]"), "expected a JSON object"),
    "top_level_number": (raw("12"), "expected a JSON object"),
    "raw_control_character": (text('"a\n"'), "not valid JSON"),
    "invalid_utf8": (raw(b'{"\xff": ' + GOOD_TEXT.encode() + b"}", bytes(4)), "not UTF-8"),
    "utf16": (raw("{}".encode("utf-16")), "not UTF-8"),
    "nan_in_header": (raw('{"a": NaN}'), "NaN is not JSON"),
    "comment": (raw("{} // x"), "not valid JSON"),
    "trailing_comma": (raw(f'{{"a": {GOOD_TEXT},}}', bytes(4)), "not valid JSON"),
    "leading_zero": (raw('{"a": 00}'), "not valid JSON"),
    "python_literals": (raw("{'a': None}"), "not valid JSON"),
    "infinity_in_header": (raw('{"a": Infinity}'), "Infinity is not JSON"),
    "number_past_floats": (raw('{"a": 1e400}'), "outside the range of a float"),
    "utf8_overlong": (raw(b'{"\xc0\xaf": 1}'), "not UTF-8"),
    "utf8_surrogate": (raw(b'{"\xed\xa0\x80": 1}'), "not UTF-8"),
    "deep_nesting": (raw(f'{{"a": {DEEP}}}'), "nested more than"),
    "very_deep_nesting": (raw('{"a":' * 100_000), "nested more than"),
    # names
    "empty_name": (text('""'), "empty, too long"),  # package accepts
    "nul_in_name": (text('"a\\u0000"'), "empty, too long"),  # package accepts
    "escape_in_name": (text('"\\u001b[31m"'), "empty, too long"),
    "lone_surrogate_name": (text('"\\ud800"'), "empty, too long"),
    "name_of_513_characters": (text(f'"{"n" * 513}"'), "empty, too long"),
    "duplicate_name": (  # package accepts
        raw(f'{{"a": {GOOD_TEXT}, "a": {GOOD_TEXT}}}', bytes(4)),
        "'a' appears twice",
    ),
    "duplicate_name_one_after_the_other": (
        raw(f'{{"a": {GOOD_TEXT}, "a": {GOOD_TEXT.replace("[0, 4]", "[4, 8]")}}}', bytes(8)),
        "'a' appears twice",
    ),
    "duplicate_name_first_is_nonsense": (  # package accepts
        raw(f'{{"a": 7, "a": {GOOD_TEXT}}}', bytes(4)),
        "'a' appears twice",
    ),
    "duplicate_name_spelled_with_an_escape": (
        raw(f'{{"a": {GOOD_TEXT}, "\\u0061": {GOOD_TEXT}}}', bytes(4)),
        "'a' appears twice",
    ),
    "duplicate_metadata": (
        raw('{"__metadata__": {}, "__metadata__": {}}'),
        "'__metadata__' appears twice",
    ),
    "duplicate_key_of_metadata": (  # package accepts
        raw('{"__metadata__": {"a": "1", "a": "2"}}'),
        "'a' appears twice",
    ),
    "duplicate_field": (raw('{"a": {"dtype": "F32", "dtype": "F32"}}'), "appears twice"),
    # fields
    "tensor_null": (raw({"a": None}), "expected exactly dtype"),
    "tensor_as_list": (raw({"a": ["F32", [1], [0, 4]]}, bytes(4)), "exactly"),  # package accepts
    "unknown_field": (raw({"a": {**GOOD, "x": 1}}, bytes(4)), "exactly"),  # package accepts
    "unknown_field_100_deep": (  # package accepts
        raw(f'{{"a": {{"x": {"[" * 100 + "]" * 100}, {GOOD_TEXT[1:]}}}', bytes(4)),
        "nested more than",
    ),
    "missing_dtype": (raw({"a": {"shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "exactly"),
    "missing_offsets": (raw({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)), "exactly"),
    "missing_shape": (raw({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4)), "exactly"),
    "metadata_of_numbers": (raw({"__metadata__": {"a": 1}}), "__metadata__ must map"),
    "metadata_nested": (raw({"__metadata__": {"a": {}}}), "__metadata__ must map"),
    "metadata_text": (raw({"__metadata__": "pt"}), "__metadata__ must map"),
    "metadata_65_kb": (raw({"__metadata__": {"a": "x" * (1 << 16)}}), "bytes of __metadata__"),
    # dtypes
    "dtype_lower_case": (one(dtype="f32"), "unsupported dtype 'f32'"),
    "dtype_unknown": (one(dtype="F31"), "unsupported dtype 'F31'"),
    "dtype_f8": (one(dtype="F8_E4M3", shape=[4]), "unsupported dtype 'F8_E4M3'"),
    "dtype_f4_odd": (one(b"\0\0", dtype="F4", shape=[3], offsets=[0, 2]), "unsupported dtype 'F4'"),
    "dtype_of_a_megabyte": (one(dtype="F" * (1 << 20)), "unsupported dtype"),
    "dtype_complex": (one(bytes(8), dtype="C64", offsets=[0, 8]), "unsupported dtype"),
    "dtype_u64": (one(bytes(8), dtype="U64", offsets=[0, 8]), "unsupported dtype"),
    "dtype_null": (one(dtype=None), "unsupported dtype"),
    "dtype_as_map": (one(dtype={"F32": None}), "unsupported dtype"),  # package accepts
    "dtype_as_list": (one(dtype=["F32"]), "unsupported dtype"),
    # shapes
    "shape_float": (one(shape=[1.0]), "unusable shape"),
    "shape_true": (one(shape=[True]), "unusable shape"),
    "shape_text": (one(shape=["1"]), "unusable shape"),
    "shape_negative": (one(shape=[-1]), "unusable shape"),
    "shape_minus_zero": (
        raw('{"a": {"dtype": "F32", "shape": [-0], "data_offsets": [0, 0]}}'),
        "-0 is no integer",
    ),
    "shape_with_exponent": (
        raw('{"a": {"dtype": "F32", "shape": [1e0], "data_offsets": [0, 4]}}', bytes(4)),
        "unusable shape",
    ),
    "shape_leading_zero": (
        raw('{"a": {"dtype": "F32", "shape": [01], "data_offsets": [0, 4]}}', bytes(4)),
        "not valid JSON",
    ),
    "shape_nested": (one(shape=[[1]]), "unusable shape"),
    "shape_33_axes": (one(shape=[1] * 33), "unusable shape"),  # package accepts
    "shape_number": (one(shape=1), "unusable shape"),
    "shape_null": (one(shape=None), "unusable shape"),
    "shape_nine_axes": (one(shape=[1] * 9), "unusable shape"),  # package accepts
    "shape_65_axes": (one(shape=[1] * 65), "unusable shape"),  # package accepts
    "shape_axis_2_49": (one(b"", shape=[0, 1 << 49], offsets=[0, 0]), "unusable shape"),
    "shape_21_digits": (one(shape=[10**20]), "21 digits"),
    "shape_overflow": (one(shape=[1 << 32, 1 << 32]), "too large"),
    "shape_overflow_hidden_by_zero": (  # package accepts, NumPy then raises
        one(b"", shape=[0, 1 << 32, 1 << 32], offsets=[0, 0]),
        "too large",
    ),
    "shape_overflow_before_zero": (
        one(b"", shape=[1 << 32, 1 << 32, 0], offsets=[0, 0]),
        "too large",
    ),
    "shape_2_61_bytes": (one(shape=[1 << 48, 1 << 11]), "too large"),
    "shape_wraps_to_4_bytes": (one(shape=[(1 << 48) - 1, 1 << 16]), "too large"),
    "shape_of_an_exabyte": (one(shape=[1 << 48, 1 << 9]), "does not fill"),
    "shape_does_not_fit": (one(shape=[2]), "does not fill"),
    # offsets
    "offsets_reversed": (one(offsets=[4, 0]), "does not fill"),
    "offsets_negative": (one(offsets=[-4, 0]), "unusable data_offsets"),
    "offsets_one": (one(offsets=[0]), "unusable data_offsets"),
    "offsets_three": (one(offsets=[0, 4, 4]), "unusable data_offsets"),
    "offsets_float": (one(offsets=[0.0, 4.0]), "unusable data_offsets"),
    "offsets_null": (one(offsets=None), "unusable data_offsets"),
    "offsets_2_64": (one(offsets=[1 << 64, (1 << 64) + 4]), "not a valid safetensors"),
    "offsets_true": (one(shape=[], dtype="U8", offsets=[False, True]), "unusable data_offsets"),
    "offsets_map": (one(offsets={"0": 0, "1": 4}), "unusable data_offsets"),
    "offsets_start_at_4": (one(bytes(4), offsets=[4, 8]), "not a valid safetensors"),
    "offsets_past_the_end": (one(offsets=[1 << 60, (1 << 60) + 4]), "not a valid safetensors"),
    "hole": (two((0, 2), (3, 5), bytes(4)), "not a valid safetensors"),
    "overlap": (two((0, 3), (2, 4), bytes(5)), "not a valid safetensors"),
    "two_names_one_range": (two((0, 4), (0, 4), bytes(8)), "not a valid safetensors"),
    # values
    "nan": (one(floats(np.nan)), "'a': holds NaN or infinity"),
    "infinity": (one(floats(1, -np.inf), shape=[2], offsets=[0, 8]), "holds NaN or infinity"),
    "signalling_nan": (one(b"\x01\x00\x80\x7f"), "holds NaN or infinity"),
    "f16_nan": (one(b"\x01\x7c", dtype="F16", offsets=[0, 2]), "holds NaN or infinity"),
    "bf16_infinity": (one(b"\x80\x7f", dtype="BF16", offsets=[0, 2]), "holds NaN or infinity"),
    "f64_nan": (
        one(np.array([np.nan]).tobytes(), dtype="F64", offsets=[0, 8]),
        "holds NaN or infinity",
    ),
    "bool_two": (one(b"\x02", dtype="BOOL", offsets=[0, 1]), "neither 0 nor 1"),  # package accepts
}
