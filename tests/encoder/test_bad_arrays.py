"""Ids, types and masks at and beyond every bound, in every dtype: an error, or exactly right."""

from typing import Any

import numpy as np
import pytest

from npdistil.encoder.packing import pack
from npdistil.errors import InputError
from tests.models import TINY

ROWS = {
    "input_ids": TINY.vocab_size,
    "token_type_ids": TINY.type_vocab_size,
    "attention_mask": 2,
}
SIGNED = [np.int8, np.int16, np.int32, np.int64]
UNSIGNED = [np.uint8, np.uint16, np.uint32, np.uint64]
GOOD = [[1, 1, 1], [1, 1, 1]]


def edges(rows: int) -> list[int]:
    """The values around every bound that a wrapped or narrowed index could reach."""
    return [
        -(2**63), -(2**32), -(2**31), -rows - 1, -rows, -1, 0, rows - 1, rows, rows + 1,
        127, 128, 255, 256,
        2**31 - 1, 2**31, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**64 - 1,
    ]  # fmt: skip


def call(name: str, values: Any) -> Any:
    arguments: dict[str, Any] = {"input_ids": GOOD, "attention_mask": None, "token_type_ids": None}
    return pack(**{**arguments, name: values}, config=TINY)


def grid() -> list[Any]:
    return [
        pytest.param(name, dtype, value, id=f"{name}-{dtype.__name__}-{value}")
        for name, rows in ROWS.items()
        for dtype in SIGNED + UNSIGNED
        for value in edges(rows)
        if np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
    ]


@pytest.mark.parametrize("name, dtype, value", grid())
def test_every_bound_in_every_integer_type(name, dtype, value):
    """Catches a check after narrowing (2**32 + 1 would be 1), and a bound off by one."""
    array = np.array(GOOD, dtype)
    array[1, 2] = value
    if 0 <= value < ROWS[name]:
        batch, keep_BL = call(name, array)
        found = {
            "input_ids": batch.input_ids_T,
            "token_type_ids": batch.token_type_ids_T,
            "attention_mask": keep_BL.ravel(),
        }
        assert found[name][-1] == value and found[name].sum() == value + 5
    else:
        pattern = rf"^{name}: {value} at \[1, 2\] is outside 0\.\.\.{ROWS[name] - 1} \("
        with pytest.raises(InputError, match=pattern):
            call(name, array)


def test_the_grid_is_wide():
    """Catches a grid that shrinks without notice."""
    assert len(grid()) >= 200


NOT_INTEGERS = {
    "float16": np.ones((2, 3), np.float16),
    "float32": np.ones((2, 3), np.float32),
    "float64": [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]],
    "nan": [[1, 1, 1], [1, 1, float("nan")]],
    "complex": np.ones((2, 3), complex),
    "object": np.array(GOOD, object),
    "too_large_for_64_bits": [[1, 1, 1], [1, 1, 2**64]],
    "strings": [["1", "1", "1"], ["1", "1", "1"]],
    "bytes": np.ones((2, 3), "S1"),
    "none_inside": [[1, 1, 1], [1, 1, None]],
    "dates": np.ones((2, 3), "M8[s]"),
    "durations": np.ones((2, 3), "m8[s]"),
    "record": np.zeros((2, 3), [("a", "i4")]),
    "text": "hello",
    "mapping": {"input_ids": GOOD},
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("kind", NOT_INTEGERS)
def test_only_integers_are_ids(name, kind):
    """Catches a silent cast: 1.7 would be token 1, NaN the lowest integer there is."""
    with pytest.raises(InputError, match=f"^{name}: expected integers, received dtype "):
        call(name, NOT_INTEGERS[kind])


def test_bool_is_a_mask_and_no_id():
    """Catches `input_ids=mask`, swapped arguments: as ids, True would be token 1."""
    for name in ("input_ids", "token_type_ids"):
        with pytest.raises(InputError, match=f"^{name}: expected integers, received dtype bool"):
            call(name, np.ones((2, 3), bool))
    keep_BL = call("attention_mask", [[True, False, True], [False, False, False]])[1]
    assert keep_BL.tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize("name", ROWS)
def test_ragged_rows_are_named(name):
    """Catches NumPy's "inhomogeneous shape", which says nothing of padding."""
    with pytest.raises(InputError, match=f"^{name}: rows of different lengths; pad them"):
        call(name, [[1, 1, 1], [1, 1]])


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 1)])
def test_wrong_rank(shape):
    """Catches a single sequence or a stack of batches taken for a batch."""
    with pytest.raises(InputError, match=r"^input_ids: expected shape \[B, L\], received"):
        call("input_ids", np.ones(shape, int))
    for name in ("attention_mask", "token_type_ids"):
        with pytest.raises(InputError, match=rf"^{name}: expected shape \[B=2, L=3\], received"):
            call(name, np.ones(shape, int))


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (2, 4), (3, 3), (3, 2), (0, 3)])
@pytest.mark.parametrize("name", ["attention_mask", "token_type_ids"])
def test_shapes_must_agree(name, shape):
    """Catches broadcasting, which would spread one row's mask over all."""
    with pytest.raises(InputError, match=rf"^{name}: expected shape \[B=2, L=3\], received"):
        call(name, np.ones(shape, int))


def test_more_columns_than_positions():
    """Catches a read past the position table, also where only padding is beyond its end."""
    L = TINY.max_position_embeddings
    batch, _ = pack(np.ones((2, L), int), None, None, TINY)
    assert batch.position_ids_T.max() == L - 1
    mask_BL = np.ones((1, L + 1), int)
    mask_BL[0, -1] = 0
    for mask in (None, mask_BL):
        with pytest.raises(InputError, match=r"^input_ids: 42 columns, .* 41 positions; truncate"):
            pack(np.ones((1, L + 1), int), mask, None, TINY)


def test_masked_ids_are_checked_as_well():
    """Catches a door that lets -100 pass under the mask: such a batch was made by mistake."""
    with pytest.raises(InputError, match=r"input_ids: -100 at \[0, 1\]"):
        pack([[1, -100]], [[1, 0]], None, TINY)


def test_the_first_bad_place_is_named():
    """Catches a message that names the last one, or a flat index."""
    with pytest.raises(InputError, match=r"input_ids: 37 at \[1, 0\] is outside 0\.\.\.36"):
        pack([[1, 2], [37, 38]], None, None, TINY)
