"""Loops over one row of floats, a vector at a time."""

from collections.abc import Callable

from llvmlite import ir

from .functions import exp
from .vectors import FLOAT_BYTES, I64, Vectors

Function = Callable[[Vectors, ir.Value], ir.Value]


def emit_loop(
    v: Vectors,
    count: ir.Value,
    start: list[ir.Value],
    body: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
) -> list[ir.Value]:
    """Call `body(byte offset, carried values)` for each vector of `count` floats, at least one.

    Returns the carried values after the last.
    """
    b = v.builder
    before, loop = b.block, b.function.append_basic_block("row_loop")
    after = b.function.append_basic_block("row_after")
    b.branch(loop)
    b.position_at_end(loop)
    offset = b.phi(I64)
    offset.add_incoming(ir.Constant(I64, 0), before)
    carried = [b.phi(v.type) for _ in start]
    updated = body(offset, list(carried))
    for value, first, later in zip(carried, start, updated, strict=True):
        value.add_incoming(first, before)
        value.add_incoming(later, b.block)
    next_offset = b.add(offset, ir.Constant(I64, v.lanes * FLOAT_BYTES))
    offset.add_incoming(next_offset, b.block)
    end = b.mul(count, ir.Constant(I64, FLOAT_BYTES))
    b.cbranch(b.icmp_signed("<", next_offset, end), loop, after)
    b.position_at_end(after)
    return updated


def emit_map(v: Vectors, function: Function, x: ir.Value, y: ir.Value, count: ir.Value) -> None:
    """y = function(x), element by element; y may be x."""

    def body(offset: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        v.store(function(v, v.load(v.offset(x, offset))), v.offset(y, offset))
        return []

    emit_loop(v, count, [], body)


def emit_softmax(v: Vectors, scores: ir.Value, count: ir.Value) -> None:
    """exp(s - max) / sum(exp(s - max)) in place.

    Each lane sums its own elements in order and the lanes are added in a fixed order, so the result
    depends on the row alone.
    """
    b = v.builder

    def largest(x: ir.Value, y: ir.Value) -> ir.Value:
        return b.select(b.fcmp_ordered(">", x, y), x, y)

    def find_largest(offset: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
        return [largest(carried[0], v.load(v.offset(scores, offset)))]

    (lane_max,) = emit_loop(v, count, [v.constant(float("-inf"))], find_largest)
    row_max = v.reduce(largest, lane_max)

    def exponentiate(offset: ir.Value, carried: list[ir.Value]) -> list[ir.Value]:
        place = v.offset(scores, offset)
        value = exp(v, b.fsub(v.load(place), row_max))
        v.store(value, place)
        return [b.fadd(carried[0], value)]

    (lane_sum,) = emit_loop(v, count, [v.constant(0.0)], exponentiate)
    inverse = b.fdiv(v.constant(1.0), v.reduce(b.fadd, lane_sum))

    def divide(offset: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        place = v.offset(scores, offset)
        v.store(b.fmul(v.load(place), inverse), place)
        return []

    emit_loop(v, count, [], divide)
