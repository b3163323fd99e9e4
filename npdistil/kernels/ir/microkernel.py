"""A block of a matrix product that never leaves the registers, with what follows it fused in.

For up to `rows` token rows and one panel of outputs:

    c = epilogue(bias + sum over i of a[row, i] * panel[i, :])

Neither `a` nor the result need lie in rows one after another: strides say where the next row and
the next term are, so that a product may read its left factor transposed.

Each output has one accumulator and adds i in order by fused multiply-adds, whatever the number of
rows: a row comes out the same bit for bit from every block of the family. There is one loop for
each number of rows; unused rows cost nothing.

GELU, which all published models have, runs on the registers. The other activations would multiply
the code of every member of the family: they pass once over the block where it was just stored,
still in the nearest cache.
"""

from dataclasses import dataclass
from functools import partial

from llvmlite import ir

from ..epilogues import (
    ADD,
    GELU,
    GELU_TANH,
    PLAIN,
    QUICK_GELU,
    RELU,
    SCALE,
    SIGMOID,
    SILU,
    TANH,
)
from .activations import gelu_tanh, quick_gelu, relu, sigmoid, silu, tanh
from .functions import gelu
from .loops import Values, emit_turns
from .rows import Function
from .target import Shape, Target
from .vectors import CACHE_LINE, I64, Vectors

STORED: dict[int, Function] = {
    GELU_TANH: gelu_tanh,
    QUICK_GELU: quick_gelu,
    SILU: silu,
    RELU: relu,
    TANH: tanh,
    SIGMOID: sigmoid,
}


@dataclass(frozen=True)
class Block:
    """The operands of one block, as IR values; strides are in bytes."""

    a: ir.Value  # activations: a row every a_stride
    a_stride: ir.Value
    a_step: ir.Value  # from one term to the next
    panel: ir.Value  # weights: a row of `panel` floats every panel_stride
    panel_stride: ir.Value
    length: ir.Value  # terms of each sum, at least 1
    bias: ir.Value  # `panel` floats
    c: ir.Value  # result: a row every c_stride
    c_stride: ir.Value
    c_jump: ir.Value  # from one part of a row, as wide as a block of attention, to the next
    operand: ir.Value  # ADD adds it, laid out as c; SCALE multiplies by it, one float a row
    epilogue: ir.Value  # one of the codes above
    ahead: ir.Value  # memory to ask for meanwhile, from here on
    lines: ir.Value  # so many cache lines a turn, one of shape.lines


def emit_block(v: Vectors, target: Target, shape: Shape, num_rows: ir.Value, block: Block) -> None:
    """Emit the whole family, and a jump to the member that has `num_rows` rows (1 to shape.rows).

    Leaves the builder behind the block.
    """
    b, part = v.builder, target.attention.vectors
    function = b.function
    end, stored = function.append_basic_block("end"), function.append_basic_block("stored")
    family = _family(shape)
    switch = b.switch(_member(b, shape, num_rows, block.lines), end)
    for n, (rows, lines) in family.items():
        start = function.append_basic_block(f"rows{rows}")
        switch.add_case(n, start)
        b.position_at_end(start)
        sums = _emit_sums(v, rows, lines, shape, block)
        _emit_epilogues(v, part, sums, block, end, stored)
    b.position_at_end(stored)
    _emit_stored(v, part, num_rows, shape.vectors, block, end)
    b.position_at_end(end)


def _family(shape: Shape) -> dict[int, tuple[int, int]]:
    """(rows, lines) of each member: all numbers of rows with the most lines, high ones with fewer.

    Fewer lines are for more blocks, and of three or more none has less than shape.rows - 2 rows.
    """
    most = shape.lines[0] if shape.lines else 0
    family = {rows: (rows, most) for rows in range(1, shape.rows + 1)}
    for n, lines in enumerate(shape.lines[1:], 1):
        for rows in range(shape.rows - 2, shape.rows + 1):
            family[n * shape.rows + rows] = rows, lines
    return family


def _member(b: ir.IRBuilder, shape: Shape, num_rows: ir.Value, lines: ir.Value) -> ir.Value:
    """The number of the member for so many rows and, where there is one, so many lines."""
    member = num_rows
    high = b.icmp_signed(">=", num_rows, ir.Constant(I64, shape.rows - 2))
    for n, wanted in enumerate(shape.lines[1:], 1):
        fits = b.and_(high, b.icmp_signed("==", lines, ir.Constant(I64, wanted)))
        other = b.add(num_rows, ir.Constant(I64, n * shape.rows))
        member = b.select(fits, other, member)
    return member


def _emit_sums(
    v: Vectors, rows: int, lines: int, shape: Shape, block: Block
) -> list[list[ir.Value]]:
    """The sums over i, sums[row][vector]; leaves the builder behind the last."""
    b = v.builder
    starts = [v.load(block.bias, j * v.lanes) for j in range(shape.vectors)]
    three_rows = b.mul(block.a_stride, ir.Constant(I64, 3))
    threes = [block.a]  # every third row: the two behind it are in reach of one instruction
    for _ in range(3, rows, 3):
        threes.append(v.offset(threes[-1], three_rows))

    def add_terms(carried: Values, terms: int) -> Values:
        ahead, panel, *rest = carried
        places = [v.unrelated(place) for place in rest[: len(threes)]]
        sums = rest[len(threes) :]
        if terms > 1:
            v.prefetch(ahead, lines)
            ahead = v.offset(ahead, ir.Constant(I64, lines * CACHE_LINE))
        for _ in range(terms):
            weights = [v.load(panel, j * v.lanes) for j in range(shape.vectors)]
            updated = []
            for n in range(rows):
                stride = b.mul(block.a_stride, ir.Constant(I64, n % 3))
                x = v.load_splat(v.offset(places[n // 3], stride))
                row = sums[n * shape.vectors :]
                updated += [v.fma(x, w, total) for w, total in zip(weights, row, strict=False)]
            panel, sums = v.offset(panel, block.panel_stride), updated
            places = [v.offset(place, block.a_step) for place in places]
        return [ahead, panel, *places, *sums]

    carried = [block.ahead, block.panel, *threes, *starts * rows]
    for terms, turns in _turns(b, block.length, shape.terms):
        carried = emit_turns(b, turns, carried, partial(add_terms, terms=terms))
    sums = carried[2 + len(threes) :]
    return [sums[n : n + shape.vectors] for n in range(0, len(sums), shape.vectors)]


def _turns(b: ir.IRBuilder, length: ir.Value, terms: int) -> list[tuple[int, ir.Value]]:
    """How a sum is cut: (terms of a turn, turns). What is left goes one by one."""
    if terms == 1:
        return [(1, length)]
    several = ir.Constant(I64, terms)
    return [(terms, b.sdiv(length, several)), (1, b.srem(length, several))]


def _emit_epilogues(
    v: Vectors,
    part: int,
    sums: list[list[ir.Value]],
    block: Block,
    end: ir.Block,
    stored: ir.Block,
) -> None:
    """Four ways to finish and store, chosen at run time.

    Most jump to `end`; plain sums to `stored`, where an activation may follow.
    """
    b = v.builder
    names = {PLAIN: "plain", GELU: "gelu", ADD: "add", SCALE: "scale"}
    starts = {code: b.function.append_basic_block(name) for code, name in names.items()}
    switch = b.switch(block.epilogue, starts[PLAIN])
    for code, start in starts.items():
        if code != PLAIN:
            switch.add_case(code, start)
        b.position_at_end(start)
        c, operand = block.c, block.operand
        for row in sums:
            factor = v.load_splat(operand) if code == SCALE else None
            for j, total in enumerate(row):
                value, jump = total, b.mul(block.c_jump, ir.Constant(I64, j // part))
                if code == GELU:
                    value = gelu(v, value)
                if code == ADD:
                    added = v.load(v.offset(operand, jump), j % part * v.lanes)
                    value = b.fadd(value, added)
                if code == SCALE:
                    value = b.fmul(value, factor)
                v.store(value, v.offset(c, jump), j % part * v.lanes)
            c = v.offset(c, block.c_stride)
            operand = v.shift(operand, 1) if code == SCALE else v.offset(operand, block.c_stride)
        b.branch(stored if code == PLAIN else end)


def _emit_stored(
    v: Vectors, part: int, num_rows: ir.Value, vectors: int, block: Block, end: ir.Block
) -> None:
    """One loop over the stored rows for each activation; all jump to `end`."""
    b = v.builder
    switch = b.switch(block.epilogue, end)
    for code, function in STORED.items():
        start = b.function.append_basic_block(function.__name__)
        switch.add_case(code, start)
        b.position_at_end(start)
        bend = partial(_bend_row, v, part, vectors, block, function)
        emit_turns(b, num_rows, [block.c], bend)
        b.branch(end)


def _bend_row(
    v: Vectors, part: int, vectors: int, block: Block, function: Function, carried: Values
) -> Values:
    """The activation of one stored row; carries the pointer to it."""
    (c,) = carried
    for j in range(vectors):
        jump = v.builder.mul(block.c_jump, ir.Constant(I64, j // part))
        place = v.offset(c, jump)
        v.store(function(v, v.load(place, j % part * v.lanes)), place, j % part * v.lanes)
    return [v.offset(c, block.c_stride)]
