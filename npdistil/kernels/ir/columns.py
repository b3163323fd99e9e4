"""Softmax of a panel, down its columns: one lane is one query, one row is one key.

Scores that lie this way need no sums across lanes at all, and the panel is read again, as it is,
by the product with the values.
"""

from llvmlite import ir

from .functions import exp
from .vectors import I64, Vectors, forbid_unrolling


def emit_softmax_columns(
    v: Vectors, vectors: int, scores: ir.Value, num_rows: ir.Value, inverse: ir.Value
) -> None:
    """exp(s - max) in place over [num_rows, vectors * lanes], and 1 / sums to `inverse`.

    At least one row. A lane adds its rows from first to last, so its result depends on its own
    column alone.
    """
    b = v.builder

    def load(row: ir.Value, j: int) -> ir.Value:
        return v.load(row, j * v.lanes)

    def find_largest(row: ir.Value, largest: list[ir.Value]) -> list[ir.Value]:
        return [v.larger(load(row, j), old) for j, old in enumerate(largest)]

    lowest = [v.constant(float("-inf"))] * vectors
    largest = _emit_rows(v, vectors, scores, num_rows, lowest, find_largest)

    def exponentiate(row: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
        values = [exp(v, b.fsub(load(row, j), largest[j])) for j in range(vectors)]
        for j, value in enumerate(values):
            v.store(value, row, j * v.lanes)
        return [b.fadd(total, value) for total, value in zip(sums, values, strict=True)]

    zeros = [v.constant(0.0)] * vectors
    for j, total in enumerate(_emit_rows(v, vectors, scores, num_rows, zeros, exponentiate)):
        v.store(b.fdiv(v.constant(1.0), total), inverse, j * v.lanes)


def _emit_rows(v, vectors, scores, num_rows, start, body):
    """Call `body(row, carried values)` for each row of the panel; returns the last values."""
    b = v.builder
    before, loop = b.block, b.function.append_basic_block("rows_loop")
    after = b.function.append_basic_block("rows_after")
    b.branch(loop)
    b.position_at_end(loop)
    n, row = b.phi(I64), b.phi(ir.PointerType())
    n.add_incoming(ir.Constant(I64, 0), before)
    row.add_incoming(scores, before)
    carried = [b.phi(v.type) for _ in start]
    updated = body(row, list(carried))
    for value, first, later in zip(carried, start, updated, strict=True):
        value.add_incoming(first, before)
        value.add_incoming(later, loop)
    next_n = b.add(n, ir.Constant(I64, 1))
    n.add_incoming(next_n, loop)
    row.add_incoming(v.shift(row, vectors * v.lanes), loop)
    forbid_unrolling(b.cbranch(b.icmp_signed("<", next_n, num_rows), loop, after))
    b.position_at_end(after)
    return updated
