"""Every register block on this machine, and its machine code for others."""

import re
from functools import cache
from itertools import product

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types

from npdistil.kernels.epilogues import ACTIVATION_CODES, ADD, PLAIN, SCALE
from npdistil.kernels.ir.intrinsics import address, make_multiply_block
from npdistil.kernels.ir.microkernel import Block, emit_block
from npdistil.kernels.ir.target import (
    AVX2,
    AVX512,
    HOST,
    NEON,
    TARGETS,
    Shape,
    Target,
    choose_target,
)
from npdistil.kernels.ir.vectors import I64, Vectors
from npdistil.reference.activation import ACTIVATIONS
from tests.models import Draw
from tests.tolerances import KERNELS
from tools import check_functions

IN2 = types.Array(types.float32, 2, "C", readonly=True)
OUT3 = types.Array(types.float32, 3, "C")
SHAPES = {  # those of a target that are alike are tested once
    f"{target.name}-{shape.rows}x{shape.vectors}": (target, shape)
    for target in TARGETS
    for shape in (target.linear, target.attention)
}
BLOCKS = {name: make_multiply_block(target, shape) for name, (target, shape) in SHAPES.items()}
LENGTH = 37


@cache
def compiled(name: str):
    """A block as a function of arrays; LLVM splits vectors that this host lacks."""
    block = BLOCKS[name]

    @njit(
        types.void(IN2, *[types.intp] * 3, IN2, IN2, types.intp, IN2, OUT3, types.intp), nogil=True
    )
    def run(a_RI, rows, a_stride, a_step, panel_IW, bias_1W, epilogue, operand_RW, c_PRN, lines):
        _, R, N = c_PRN.shape
        block(
            rows, address(a_RI), a_stride, a_step, address(panel_IW),
            4 * panel_IW.shape[1], panel_IW.shape[0], address(bias_1W), address(c_PRN),
            4 * N, 4 * R * N, address(operand_RW), epilogue, address(panel_IW), lines,
        )  # fmt: skip

    return run


def result(name: str, rows: int) -> np.ndarray:
    """Where a block puts its parts: each has rows of its own, and one row more than it needs."""
    target, shape = SHAPES[name]
    parts = shape.vectors // target.attention.vectors
    return np.full((parts, rows + 1, target.narrow), np.nan, np.float32)


def joined(c_PRN: np.ndarray) -> np.ndarray:
    """The parts side by side, after a look at the row behind them."""
    assert np.isnan(c_PRN[:, -1]).all(), "a row too many"
    return np.concatenate(list(c_PRN[:, :-1]), axis=1)


def in_parts(rows_RW: np.ndarray, name: str) -> np.ndarray:
    """An operand, laid out as the result is."""
    c_PRN = result(name, len(rows_RW))
    for part, columns_RN in zip(c_PRN, np.split(rows_RW, len(c_PRN), axis=1), strict=True):
        part[:-1] = columns_RN
    return c_PRN.reshape(-1, c_PRN.shape[2])


@pytest.mark.parametrize("name", SHAPES)
def test_block_of_every_target_and_row_count(name, rng):
    """An accumulator mixed up, a row forgotten, an epilogue on the wrong register or part."""
    run, draw = compiled(name), Draw(rng)
    target, shape = SHAPES[name]
    W = target.lanes * shape.vectors
    panel_IW = draw.array(LENGTH, W, scale=LENGTH**-0.5)
    bias_1W = draw.array(1, W)
    bits = []
    for rows, lines in product(range(1, shape.rows + 1), shape.lines or (0,)):
        a_RI = Draw(np.random.default_rng(5)).array(rows, LENGTH)
        residual_RW, factor_1R = draw.array(rows, W), draw.array(1, rows)
        exact_RW = a_RI.astype(np.float64) @ panel_IW + bias_1W
        finished = {PLAIN: exact_RW, ADD: exact_RW + residual_RW, SCALE: exact_RW * factor_1R.T}
        for activation, code in ACTIVATION_CODES.items():
            finished[code] = ACTIVATIONS[activation](exact_RW)
        for epilogue, expected_RW in finished.items():
            c_PRN = result(name, rows)
            operand = factor_1R if epilogue == SCALE else in_parts(residual_RW, name)
            run(a_RI, rows, 4 * LENGTH, 4, panel_IW, bias_1W, epilogue, operand, c_PRN, lines)
            c_RW = joined(c_PRN)
            assert np.abs(c_RW - expected_RW).max() <= KERNELS["linear"]
            if epilogue == PLAIN:
                bits.append(c_RW[0].tobytes())
    assert len(set(bits)) == 1, "the first row depends on the number of rows"


@pytest.mark.parametrize("name", SHAPES)
def test_every_length_by_rows_and_by_columns(name, rng):
    """A term too many or too few, or a step where a stride belongs."""
    run, draw = compiled(name), Draw(rng)
    target, shape = SHAPES[name]
    R, W = shape.rows, target.lanes * shape.vectors
    for length in (1, 2, 3, 4, 5, 7, 8, 40):
        a_RI, panel_IW = draw.array(R, length), draw.array(length, W)
        zero_1W, by_rows, by_columns = np.zeros((1, W), "f4"), result(name, R), result(name, R)
        a_IR = np.ascontiguousarray(a_RI.T)
        run(a_RI, R, 4 * length, 4, panel_IW, zero_1W, PLAIN, zero_1W, by_rows, 0)
        run(a_IR, R, 4, 4 * R, panel_IW, zero_1W, PLAIN, zero_1W, by_columns, 1)
        exact_RW = a_RI.astype(np.float64) @ panel_IW
        assert np.abs(joined(by_rows) - exact_RW).max() <= KERNELS["linear"]
        assert by_rows.tobytes() == by_columns.tobytes()


@pytest.mark.parametrize("activation", ACTIVATION_CODES)
@pytest.mark.parametrize("name", SHAPES)
def test_a_block_has_the_very_functions_that_are_tested_alone(name, activation, rng):
    """Instructions that the compiler combines otherwise here than where every float was tried."""
    run, draw = compiled(name), Draw(rng)
    target, shape = SHAPES[name]
    R, W = shape.rows, target.lanes * shape.vectors
    a_RI, panel_IW = draw.array(R, 3, scale=4.0), draw.array(3, W)
    plain, bent, zero_1W = result(name, R), result(name, R), draw.array(1, W, scale=0.0)
    for epilogue, c_PRN in [(PLAIN, plain), (ACTIVATION_CODES[activation], bent)]:
        run(a_RI, R, 12, 4, panel_IW, zero_1W, epilogue, zero_1W, c_PRN, 0)
    x_RW, y_RW = joined(plain), joined(bent)
    x_N = np.resize(x_RW, -(-x_RW.size // HOST.lanes) * HOST.lanes)
    alone_N = check_functions.computed(activation, x_N)[: x_RW.size]
    assert alone_N.tobytes() == y_RW.tobytes()
    assert np.abs(x_RW).max() > 6


MACHINES = {
    "avx512": ("x86_64-unknown-linux-gnu", "sapphirerapids", "", AVX512, r"%rsp", "vfmadd"),
    "avx512-zen": ("x86_64-unknown-linux-gnu", "znver4", "", AVX512, r"%rsp", "vfmadd"),
    "avx2": ("x86_64-unknown-linux-gnu", "znver3", "", AVX2, r"%rsp", "vfmadd"),
    "neon": ("aarch64-unknown-linux-gnu", "neoverse-n1", "", NEON, r"\[sp", "fmla"),
}


def assembly(target: Target, shape: Shape, triple: str, cpu: str, features: str) -> str:
    """The largest block of a shape alone, compiled for a processor."""
    module = ir.Module()
    module.triple = triple
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [I64] * 14), "block")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    v = Vectors(builder, target.lanes)
    (
        a, a_stride, a_step, panel, panel_stride, length, bias, c, c_stride, c_jump, operand, kind,
        ahead, lines,
    ) = function.args  # fmt: skip
    block = Block(
        v.pointer(a), a_stride, a_step, v.pointer(panel), panel_stride, length, v.pointer(bias),
        v.pointer(c), c_stride, c_jump, v.pointer(operand), kind,
        v.pointer(ahead), lines,
    )  # fmt: skip
    emit_block(v, target, shape, ir.Constant(I64, shape.rows), block)
    builder.ret_void()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu, features=features, opt=3
    )
    parsed = llvm.parse_assembly(str(module))
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(parsed, passes)
    return machine.emit_assembly(parsed)


def inner_loop(code: str, multiply: str) -> str:
    """Of the basic blocks that jump to themselves, the one with the most multiply-adds.

    The loops of the activations, which have many, divide.
    """
    parts = re.split(r"^(\.LBB\w+):.*$", code, flags=re.MULTILINE)
    loops = []
    for label, body in zip(parts[1::2], parts[2::2], strict=True):
        jump = re.search(rf"\s{re.escape(label)}\b", body)
        if jump:
            loops.append(body[: jump.end()])
    loops = [body for body in loops if "div" not in body]
    return max(loops, key=lambda body: body.count(multiply))


@pytest.mark.parametrize("use", ["linear", "attention"])
@pytest.mark.parametrize("machine", MACHINES)
def test_inner_loop_keeps_its_sums_in_registers(machine, use):
    """One accumulator too many and every step stores and reloads it: half the speed or less."""
    triple, cpu, features, target, stack, multiply = MACHINES[machine]
    shape = getattr(target, use)
    loop = inner_loop(assembly(target, shape, triple, cpu, features), multiply)
    per_step = shape.rows * shape.vectors
    count = loop.count(multiply)
    assert count >= per_step and count % per_step == 0
    assert not re.search(stack, loop), loop


def test_the_search_for_spills_can_fail():
    """A block that is too large for sixteen registers does spill."""
    greedy = Shape(10, 2)
    code = assembly(AVX2, greedy, "x86_64-unknown-linux-gnu", "znver3", "")
    assert re.search(r"%rsp", inner_loop(code, "vfmadd"))


@pytest.mark.parametrize("name", SHAPES)
def test_block_fits_the_registers(name):
    """The rules that `ir/target.py` states."""
    target, shape = SHAPES[name]
    sums = shape.rows * shape.vectors
    assert sums + shape.vectors + 1 <= target.registers
    assert sums >= 8
    assert shape.vectors % target.attention.vectors == 0
    assert target.linear.rows <= target.attention.rows


@pytest.mark.parametrize(
    "cpu, features, expected",
    [
        ("sapphirerapids", "+avx512f,+avx2,+fma", "avx512"),
        ("znver3", "+avx2,+fma,-avx512f", "avx2"),
        ("x86-64-v3", "", "avx2"),
        ("x86-64-v4", "", "avx512"),
        ("nehalem", "+sse4.2,-avx2", "sse"),
        ("apple-m1", "+neon,+fp16fml", "neon"),
        ("core", "+avx2,-fma", "sse"),
    ],
)
def test_target_is_the_widest_that_the_processor_has(cpu, features, expected):
    """An illegal instruction on a machine without it, or half the speed on one with it."""
    assert choose_target(cpu, features).name == expected
    assert HOST in TARGETS
