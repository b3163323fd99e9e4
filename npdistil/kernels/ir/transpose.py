"""A square tile turned round in registers."""

from llvmlite import ir

from .vectors import I64, Vectors


def emit_transpose(
    v: Vectors, source: ir.Value, stride: ir.Value, last: ir.Value, tile: ir.Value, step: ir.Value
) -> None:
    """tile[k, w] = source[min(w, last), k] for `lanes` rows and columns; strides in bytes.

    Rows behind the last are not read: their columns repeat it.
    """
    b, rows = v.builder, []
    for w in range(v.lanes):
        row = ir.Constant(I64, w)
        row = b.select(b.icmp_signed("<", row, last), row, last)
        rows.append(v.load(v.offset(source, b.mul(row, stride))))
    distance = 1
    while distance < v.lanes:
        rows = _swap_blocks(v, rows, distance)
        distance *= 2
    for row in rows:
        v.store(row, tile)
        tile = v.offset(tile, step)


def _swap_blocks(v: Vectors, rows: list[ir.Value], distance: int) -> list[ir.Value]:
    """Turn every square of 2 x 2 blocks, each block `distance` wide and high, round as a whole."""
    lanes = range(v.lanes)
    upper = [lane if not lane & distance else lane - distance + v.lanes for lane in lanes]
    lower = [lane + distance if not lane & distance else lane + v.lanes for lane in lanes]
    swapped = list(rows)
    for n in lanes:
        if not n & distance:
            pair = rows[n], rows[n + distance]
            for place, order in ((n, upper), (n + distance, lower)):
                mask = ir.Constant(v.int_type, order)
                swapped[place] = v.builder.shuffle_vector(*pair, mask)
    return swapped
