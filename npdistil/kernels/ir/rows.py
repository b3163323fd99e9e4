"""Loops over one row of floats, a vector at a time."""

from collections.abc import Callable

from llvmlite import ir

from .vectors import F32, FLOAT_BYTES, I64, Vectors

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


def emit_layer_norm(
    v: Vectors,
    rows: list[ir.Value],
    size: ir.Value,
    weight: ir.Value,
    bias: ir.Value,
    eps: ir.Value,
) -> None:
    """(x - mean) / sqrt(var + eps) * weight + bias, of `size` floats of each row in place.

    Rows are padded to whole vectors: x, weight and bias with zeros, and zeros come out. Two passes:
    the variance of differences from the mean loses nothing where the mean is large. Each lane sums
    its own elements in order and the lanes are added in a fixed order; other rows are beside it
    alone so that the processor has something to do while the lanes of one are added.
    """
    b = v.builder
    count = v.splat(b.sitofp(size, F32))
    num_bytes = b.mul(size, ir.Constant(I64, FLOAT_BYTES))
    zeros = [v.constant(0.0)] * len(rows)

    def add(offset: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
        return [
            b.fadd(total, v.load(v.offset(x, offset))) for x, total in zip(rows, sums, strict=True)
        ]

    sums = emit_loop(v, size, zeros, add)
    means = [b.fdiv(v.reduce(b.fadd, total), count) for total in sums]

    def add_square(offset: ir.Value, sums: list[ir.Value]) -> list[ir.Value]:
        inside = v.first_lanes(b.sub(num_bytes, offset))
        totals = []
        for x, mean, total in zip(rows, means, sums, strict=True):
            centered = b.fsub(v.load(v.offset(x, offset)), mean)
            centered = b.select(inside, centered, v.constant(0.0))
            totals.append(v.fma(centered, centered, total))
        return totals

    squares = emit_loop(v, size, zeros, add_square)
    rstds = []
    for total in squares:
        var = b.fdiv(v.reduce(b.fadd, total), count)
        rstds.append(b.fdiv(v.constant(1.0), v.sqrt(b.fadd(var, v.splat(eps)))))

    def finish(offset: ir.Value, _: list[ir.Value]) -> list[ir.Value]:
        scale, shift = v.load(v.offset(weight, offset)), v.load(v.offset(bias, offset))
        for x, mean, rstd in zip(rows, means, rstds, strict=True):
            place = v.offset(x, offset)
            normal = b.fmul(b.fsub(v.load(place), mean), rstd)
            v.store(v.fma(normal, scale, shift), place)
        return []

    emit_loop(v, size, [], finish)
