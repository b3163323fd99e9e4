"""Every register block on this machine, and its machine code for others."""

import re
from functools import cache

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types

from npdistil.kernels.ir.intrinsics import address, make_multiply_block
from npdistil.kernels.ir.microkernel import (
    ACTIVATION_CODES,
    ADD,
    PLAIN,
    SCALE,
    Block,
    emit_block,
)
from npdistil.kernels.ir.target import AVX2, AVX512, HOST, NEON, TARGETS, Target, choose_target
from npdistil.kernels.ir.vectors import I64, Vectors
from npdistil.reference.activation import ACTIVATIONS
from tests.models import Draw
from tests.tolerances import KERNELS
from tools import check_functions

IN2 = types.Array(types.float32, 2, "C", readonly=True)
OUT2 = types.Array(types.float32, 2, "C")
BLOCKS = {target.name: make_multiply_block(target) for target in TARGETS}
LENGTH = 37


@cache
@cache
def compiled(target: Target):
    """The block of a target as a function of arrays; LLVM splits vectors that this host lacks."""
    block = BLOCKS[target.name]

    @njit(types.void(IN2, *[types.intp] * 3, IN2, IN2, types.intp, IN2, OUT2), nogil=True)
    def run(a_RI, rows, a_stride, a_step, panel_IW, bias_1W, epilogue, operand_RW, c_RW):
        block(
            rows, address(a_RI), a_stride, a_step, address(panel_IW),
            4 * panel_IW.shape[1], panel_IW.shape[0], address(bias_1W), address(c_RW),
            4 * c_RW.shape[1], address(operand_RW), epilogue,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_block_of_every_target_and_row_count(target, rng):
    """An accumulator mixed up, a row forgotten, an epilogue on the wrong register."""
    run, draw = compiled(target), Draw(rng)
    panel_IW = draw.array(LENGTH, target.panel, scale=LENGTH**-0.5)
    bias_1W = draw.array(1, target.panel)
    bits = []
    for rows in range(1, target.rows + 1):
        a_RI = Draw(np.random.default_rng(5)).array(rows, LENGTH)
        residual_RW, factor_1R = draw.array(rows, target.panel), draw.array(1, rows)
        exact_RW = a_RI.astype(np.float64) @ panel_IW + bias_1W
        finished = {PLAIN: exact_RW, ADD: exact_RW + residual_RW, SCALE: exact_RW * factor_1R.T}
        for name, code in ACTIVATION_CODES.items():
            finished[code] = ACTIVATIONS[name](exact_RW)
        for epilogue, expected_RW in finished.items():
            c_RW = np.full((rows + 1, target.panel), np.nan, np.float32)
            operand_RW = factor_1R if epilogue == SCALE else residual_RW
            run(a_RI, rows, 4 * LENGTH, 4, panel_IW, bias_1W, epilogue, operand_RW, c_RW)
            assert np.abs(c_RW[:rows] - expected_RW).max() <= KERNELS["linear"]
            assert np.isnan(c_RW[rows]).all(), "a row too many"
            if epilogue == PLAIN:
                bits.append(c_RW[0].tobytes())
    assert len(set(bits)) == 1, "the first row depends on the number of rows"


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 8, 40])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_length_by_rows_and_by_columns(target, length, rng):
    """Terms left over by the loop that takes several, or a step where a stride belongs."""
    run, draw = compiled(target), Draw(rng)
    R, W = target.rows, target.panel
    a_RI, panel_IW, zero_1W = draw.array(R, length), draw.array(length, W), np.zeros((1, W), "f4")
    by_rows_RW, by_columns_RW = np.full((2, R, W), np.nan, np.float32)
    a_IR = np.ascontiguousarray(a_RI.T)
    run(a_RI, R, 4 * length, 4, panel_IW, zero_1W, PLAIN, zero_1W, by_rows_RW)
    run(a_IR, R, 4, 4 * R, panel_IW, zero_1W, PLAIN, zero_1W, by_columns_RW)
    assert np.abs(by_rows_RW - a_RI.astype(np.float64) @ panel_IW).max() <= KERNELS["linear"]
    assert by_rows_RW.tobytes() == by_columns_RW.tobytes()


@pytest.mark.parametrize("name", ACTIVATION_CODES)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_block_has_the_very_functions_that_are_tested_alone(target, name, rng):
    """Instructions that the compiler combines otherwise here than where every float was tried."""
    run, draw = compiled(target), Draw(rng)
    a_RI, panel_IW = draw.array(target.rows, 3, scale=4.0), draw.array(3, target.panel)
    plain_RW, bent_RW = np.empty((2, target.rows, target.panel), np.float32)
    for epilogue, c_RW in [(PLAIN, plain_RW), (ACTIVATION_CODES[name], bent_RW)]:
        zero_1W = draw.array(1, target.panel, scale=0.0)
        run(a_RI, target.rows, 12, 4, panel_IW, zero_1W, epilogue, c_RW, c_RW)
    x_N = np.resize(plain_RW, -(-plain_RW.size // HOST.lanes) * HOST.lanes)
    alone_N = check_functions.computed(name, x_N)[: plain_RW.size]
    assert alone_N.tobytes() == bent_RW.tobytes()
    assert np.abs(plain_RW).max() > 6


MACHINES = {
    "avx512": ("x86_64-unknown-linux-gnu", "sapphirerapids", "", AVX512, r"%rsp", "vfmadd"),
    "avx512-zen": ("x86_64-unknown-linux-gnu", "znver4", "", AVX512, r"%rsp", "vfmadd"),
    "avx2": ("x86_64-unknown-linux-gnu", "znver3", "", AVX2, r"%rsp", "vfmadd"),
    "neon": ("aarch64-unknown-linux-gnu", "neoverse-n1", "", NEON, r"\[sp", "fmla"),
}


def assembly(target: Target, triple: str, cpu: str, features: str) -> str:
    """The largest block of a target alone, compiled for a processor."""
    module = ir.Module()
    module.triple = triple
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [I64] * 11), "block")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    v = Vectors(builder, target.lanes)
    a, a_stride, a_step, panel, panel_stride, length, bias, c, c_stride, operand, kind = (
        function.args
    )
    block = Block(
        v.pointer(a), a_stride, a_step, v.pointer(panel), panel_stride, length, v.pointer(bias),
        v.pointer(c), c_stride, v.pointer(operand), kind,
    )  # fmt: skip
    emit_block(v, target, ir.Constant(I64, target.rows), block)
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


@pytest.mark.parametrize("machine", MACHINES)
def test_inner_loop_keeps_its_sums_in_registers(machine):
    """One accumulator too many and every step stores and reloads it: half the speed or less."""
    triple, cpu, features, target, stack, multiply = MACHINES[machine]
    loop = inner_loop(assembly(target, triple, cpu, features), multiply)
    per_step = target.rows * target.vectors
    count = loop.count(multiply)
    assert count >= per_step and count % per_step == 0
    assert not re.search(stack, loop), loop


def test_the_search_for_spills_can_fail():
    """A block that is too large for sixteen registers does spill."""
    greedy = Target("greedy", 8, 10, 2, 16, ())
    code = assembly(greedy, "x86_64-unknown-linux-gnu", "znver3", "")
    assert re.search(r"%rsp", inner_loop(code, "vfmadd"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_block_fits_the_registers(target):
    """The rule that `ir/target.py` states."""
    sums = target.rows * target.vectors
    assert sums + target.vectors + 1 <= target.registers
    assert sums >= 8


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
