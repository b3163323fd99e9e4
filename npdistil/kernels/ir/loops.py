"""A counted loop, with values that it carries from turn to turn."""

from collections.abc import Callable, Sequence

from llvmlite import ir

from .vectors import I64, forbid_unrolling

Values = list[ir.Value]


def emit_turns(
    builder: ir.IRBuilder,
    turns: ir.Value,
    start: Sequence[ir.Value],
    body: Callable[[Values], Values],
) -> Values:
    """Call `body(carried values)`, which returns the next ones, for so many turns, perhaps none.

    Returns the values after the last turn, and leaves the builder behind the loop.
    """
    before, function = builder.block, builder.function
    loop, after = function.append_basic_block("loop"), function.append_basic_block("after")
    zero, one = ir.Constant(I64, 0), ir.Constant(I64, 1)
    builder.cbranch(builder.icmp_signed(">", turns, zero), loop, after)

    builder.position_at_end(loop)
    turn = builder.phi(I64)
    carried = [builder.phi(value.type) for value in start]
    updated = body(list(carried))
    next_turn = builder.add(turn, one)
    for phi, first, later in zip(
        [turn, *carried], [zero, *start], [next_turn, *updated], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(later, builder.block)
    last = builder.block
    forbid_unrolling(builder.cbranch(builder.icmp_signed("<", next_turn, turns), loop, after))

    builder.position_at_end(after)
    ends = [builder.phi(value.type) for value in start]
    for phi, first, later in zip(ends, start, updated, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(later, last)
    return ends
