"""Dot products of rows as they lie in memory, where weights are not packed.

A table of embeddings is read row by row when tokens are looked up, so it cannot lie in panels, and
it is too large to be there twice. Here a lane adds every `lanes`th product, in order, and the lanes
are added at the end, halves together each time. So a product depends on its two rows and their
length alone: not on the others of its block, and not on how many they are.
"""

from collections.abc import Callable
from functools import partial

from llvmlite import ir

from .loops import Values, emit_turns
from .target import WORDS
from .vectors import F32, FLOAT_BYTES, I32, I64, Vectors


def emit_dots(
    v: Vectors, words: list[ir.Value], rows: list[ir.Value], size: ir.Value
) -> list[list[ir.Value]]:
    """sums[row][word] of `size` floats each, still one sum in each lane.

    Rows are filled up with zeros to whole vectors. What lies behind a word is another word or
    nothing at all, so its last floats are read by themselves.
    """
    b = v.builder
    num_bytes = b.mul(size, ir.Constant(I64, FLOAT_BYTES))

    def last_floats(place: ir.Value, offset: ir.Value) -> ir.Value:
        return v.load_first(place, v.first_lanes(b.sub(num_bytes, offset)))

    def add_products(load: Callable[[ir.Value, ir.Value], ir.Value], carried: Values) -> Values:
        offset, *sums = carried
        weights = [load(v.offset(word, offset), offset) for word in words]
        updated = []
        for n, row in enumerate(rows):
            x, totals = v.load(v.offset(row, offset)), sums[n * len(words) :]
            updated += [v.fma(x, w, total) for w, total in zip(weights, totals, strict=False)]
        return [b.add(offset, ir.Constant(I64, v.lanes * FLOAT_BYTES)), *updated]

    lanes = ir.Constant(I64, v.lanes)
    carried = [ir.Constant(I64, 0), *[v.constant(0.0)] * (len(words) * len(rows))]
    whole = partial(add_products, lambda place, _: v.load(place))
    carried = emit_turns(b, b.sdiv(size, lanes), carried, whole)
    is_more = b.zext(b.icmp_signed(">", b.srem(size, lanes), ir.Constant(I64, 0)), I64)
    sums = emit_turns(b, is_more, carried, partial(add_products, last_floats))[1:]
    return [sums[n : n + len(words)] for n in range(0, len(sums), len(words))]


def emit_scores(
    v: Vectors, sums: list[list[ir.Value]], bias: ir.Value, y: ir.Value, y_stride: ir.Value
) -> None:
    """y[row, word] = bias[word] + the sum of all lanes; words lie one after another."""
    b = v.builder
    for of_row in sums:
        if len(of_row) == 1:
            total, kind = v.reduce(b.fadd, of_row[0]), F32
            total = b.extract_element(total, ir.Constant(I32, 0))
        else:
            total, kind = _sums_of_four(v, of_row), ir.VectorType(F32, WORDS)
        total = b.fadd(total, b.load(bias, typ=kind, align=FLOAT_BYTES))
        b.store(total, y, align=FLOAT_BYTES)
        y = v.offset(y, y_stride)


def _sums_of_four(v: Vectors, vectors: list[ir.Value]) -> ir.Value:
    """The lanes of each of four vectors added up, in the order of `Vectors.reduce`."""
    b, half, quarter = v.builder, v.lanes // 2, v.lanes // 4
    first, second, third, fourth = vectors
    pairs = _merged(v, first, third, half), _merged(v, second, fourth, half)
    total = _merged(v, *pairs, quarter)  # of each vector a quarter of the lanes
    distance = quarter
    while distance > 1:
        distance //= 2
        moved = b.shuffle_vector(total, total, _lanes([lane ^ distance for lane in range(v.lanes)]))
        total = b.fadd(total, moved)
    return b.shuffle_vector(total, total, _lanes([word * quarter for word in range(WORDS)]))


def _merged(v: Vectors, x: ir.Value, y: ir.Value, distance: int) -> ir.Value:
    """Lanes so far apart added: those of x where the distance's bit is clear, else those of y."""
    stay = [lane + (v.lanes if lane & distance else 0) for lane in range(v.lanes)]
    move = [(lane ^ distance) + (v.lanes if lane & distance else 0) for lane in range(v.lanes)]
    b = v.builder
    return b.fadd(b.shuffle_vector(x, y, _lanes(stay)), b.shuffle_vector(x, y, _lanes(move)))


def _lanes(numbers: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(I32, len(numbers)), numbers)
