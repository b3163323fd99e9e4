"""Softmax of a panel, down its columns: one lane is one query, one row is one key.

Scores that lie this way need no sums across lanes at all, and the panel is read again, as it is,
by the product with the values.
"""

from collections.abc import Callable

from llvmlite import ir

from .functions import exp_down
from .loops import Values, emit_turns
from .vectors import Vectors


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
        values = [exp_down(v, b.fsub(load(row, j), largest[j])) for j in range(vectors)]
        for j, value in enumerate(values):
            v.store(value, row, j * v.lanes)
        return [b.fadd(total, value) for total, value in zip(sums, values, strict=True)]

    zeros = [v.constant(0.0)] * vectors
    for j, total in enumerate(_emit_rows(v, vectors, scores, num_rows, zeros, exponentiate)):
        v.store(b.fdiv(v.constant(1.0), total), inverse, j * v.lanes)


def _emit_rows(
    v: Vectors,
    vectors: int,
    scores: ir.Value,
    num_rows: ir.Value,
    start: Values,
    body: Callable[[ir.Value, Values], Values],
) -> Values:
    """Call `body(row, carried values)` for each row of the panel; returns the last values."""

    def turn(carried: Values) -> Values:
        row, *values = carried
        return [v.shift(row, vectors * v.lanes), *body(row, values)]

    return emit_turns(v.builder, num_rows, [scores, *start], turn)[1:]
