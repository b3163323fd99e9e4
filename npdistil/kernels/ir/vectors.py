"""A small vocabulary of vector instructions, so that kernels in IR read like formulas.

Numba has no vector type. What is built from these lives and dies inside one intrinsic.
"""

from collections.abc import Callable

from llvmlite import ir

F32 = ir.FloatType()
I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
FLOAT_BYTES = 4
CACHE_LINE = 64
ROUNDER = 1.5 * 2.0**23


Combine = Callable[[ir.Value, ir.Value], ir.Value]


class Vectors:
    """Emits instructions on vectors of `lanes` float32 at the builder's position."""

    def __init__(self, builder: ir.IRBuilder, lanes: int) -> None:
        self.builder = builder
        self.lanes = lanes
        self.type = ir.VectorType(F32, lanes)
        self.int_type = ir.VectorType(I32, lanes)

    def constant(self, value: float) -> ir.Value:
        """The same number in every lane."""
        return ir.Constant(self.type, [value] * self.lanes)

    def int_constant(self, value: int) -> ir.Value:
        """The same integer in every lane."""
        return ir.Constant(self.int_type, [value] * self.lanes)

    def splat(self, scalar: ir.Value) -> ir.Value:
        """A scalar in every lane; a load and a splat become one broadcasting load."""
        undefined = ir.Constant(ir.VectorType(scalar.type, self.lanes), ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(first, undefined, self.int_constant(0))

    def load(self, pointer: ir.Value, floats: int = 0) -> ir.Value:
        """`lanes` floats, from `floats` floats after the pointer."""
        return self.builder.load(self.shift(pointer, floats), typ=self.type, align=FLOAT_BYTES)

    def load_first(self, pointer: ir.Value, inside: ir.Value) -> ir.Value:
        """Some lanes from memory (`first_lanes`), zeros in the others, where nothing is read."""
        name = f"llvm.masked.load.v{self.lanes}f32.p0"
        parts = [ir.PointerType(), I32, ir.VectorType(ir.IntType(1), self.lanes), self.type]
        function = self._declared(name, ir.FunctionType(self.type, parts))
        align = ir.Constant(I32, FLOAT_BYTES)
        return self.builder.call(function, [pointer, align, inside, self.constant(0.0)])

    def load_splat(self, pointer: ir.Value) -> ir.Value:
        """One float, in every lane."""
        return self.splat(self.builder.load(pointer, typ=F32, align=FLOAT_BYTES))

    def store(self, value: ir.Value, pointer: ir.Value, floats: int = 0) -> None:
        """The other way round."""
        self.builder.store(value, self.shift(pointer, floats), align=FLOAT_BYTES)

    def prefetch(self, pointer: ir.Value, lines: int) -> None:
        """Ask for some cache lines. The address may be any; only speed depends on it."""
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), I32, I32, I32])
        function = self._declared("llvm.prefetch.p0", kind)
        read, keep, data = (ir.Constant(I32, code) for code in (0, 3, 1))
        for n in range(lines):
            line = self.offset(pointer, ir.Constant(I64, n * CACHE_LINE))
            self.builder.call(function, [line, read, keep, data])

    def shift(self, pointer: ir.Value, floats: int) -> ir.Value:
        """The pointer, a constant number of floats further."""
        return self.offset(pointer, ir.Constant(I64, floats * FLOAT_BYTES)) if floats else pointer

    def offset(self, pointer: ir.Value, num_bytes: ir.Value) -> ir.Value:
        """The pointer, a number of bytes further."""
        return self.builder.gep(pointer, [num_bytes], source_etype=I8)

    def pointer(self, address: ir.Value) -> ir.Value:
        """An address, which is how Numba code passes a pointer."""
        return pointer_to(self.builder, address)

    def unrelated(self, pointer: ir.Value) -> ir.Value:
        """The same pointer, but LLVM forgets how it was computed.

        Of pointers that it knows to be at fixed distances it keeps one and adds its way to the
        others, at each use again.
        """
        name = "llvm.launder.invariant.group.p0"
        kind = ir.FunctionType(ir.PointerType(), [ir.PointerType()])
        return self.builder.call(self._declared(name, kind), [pointer])

    def fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """a * b + c, rounded once; never left to the optimiser, so all blocks agree to the bit."""
        return self._call("fma", a, b, c)

    def polynomial(self, coefficients: tuple[float, ...], x: ir.Value) -> ir.Value:
        """Horner's scheme; coefficients from the highest power down."""
        total = self.constant(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.fma(total, x, self.constant(coefficient))
        return total

    def abs(self, x: ir.Value) -> ir.Value:
        """|x|."""
        return self._call("fabs", x)

    def sqrt(self, x: ir.Value) -> ir.Value:
        """The square root, correctly rounded."""
        return self._call("sqrt", x)

    def first_lanes(self, num_bytes: ir.Value) -> ir.Value:
        """Which lanes lie within so many bytes: true for those, false behind."""
        places = ir.Constant(self.int_type, [FLOAT_BYTES * lane for lane in range(self.lanes)])
        end = self.splat(self.builder.trunc(num_bytes, I32))
        return self.builder.icmp_signed("<", places, end)

    def copy_sign(self, size: ir.Value, x: ir.Value) -> ir.Value:
        """|size| with the sign of x, -0 included."""
        return self._call("copysign", size, x)

    def round(self, x: ir.Value) -> tuple[ir.Value, ir.Value]:
        """(n, bits): x rounded to a whole float n, and an integer whose low 9 bits are n's.

        Adding 1.5 * 2^23 leaves no room for a fraction. For |x| < 2^22, and only where the
        optimiser may not reorder sums; NaN gives NaN and some bits.
        """
        return self.rounded(self.builder.fadd(x, self.constant(ROUNDER)))

    def rounded(self, shifted: ir.Value) -> tuple[ir.Value, ir.Value]:
        """As `round`, where ROUNDER was added already."""
        whole = self.builder.fsub(shifted, self.constant(ROUNDER))
        return whole, self.builder.bitcast(shifted, self.int_type)

    def smaller(self, x: ir.Value, bound: ir.Value) -> ir.Value:
        """min(x, bound), but NaN where x is NaN: llvm.minnum would return the bound."""
        return self.builder.select(self.builder.fcmp_ordered(">", x, bound), bound, x)

    def larger(self, x: ir.Value, bound: ir.Value) -> ir.Value:
        """max(x, bound), but NaN where x is NaN."""
        return self.builder.select(self.builder.fcmp_ordered("<", x, bound), bound, x)

    def exponent(self, bits: ir.Value) -> ir.Value:
        """The integer that multiplies a float by 2^n when it is added to the float's bits."""
        return self.builder.shl(bits, self.int_constant(23))

    def add_to_bits(self, x: ir.Value, exponent: ir.Value) -> ir.Value:
        """x * 2^n, where both x and the result are normal numbers."""
        total = self.builder.add(self.builder.bitcast(x, self.int_type), exponent)
        return self.builder.bitcast(total, self.type)

    def reduce(self, combine: Combine, x: ir.Value) -> ir.Value:
        """All lanes to one in every lane, halves together each time: a fixed order."""
        distance = self.lanes
        while distance > 1:
            distance //= 2
            order = [lane ^ distance for lane in range(self.lanes)]
            moved = self.builder.shuffle_vector(x, x, ir.Constant(self.int_type, order))
            x = combine(x, moved)
        return x

    def _call(self, name: str, *arguments: ir.Value) -> ir.Value:
        kind = ir.FunctionType(self.type, [self.type] * len(arguments))
        return self.builder.call(self._declared(f"llvm.{name}.v{self.lanes}f32", kind), arguments)

    def _declared(self, name: str, kind: ir.FunctionType) -> ir.Function:
        module = self.builder.module
        return module.globals.get(name) or ir.Function(module, kind, name)


def pointer_to(builder: ir.IRBuilder, address: ir.Value) -> ir.Value:
    """An integer as the pointer that it is."""
    return builder.inttoptr(address, ir.PointerType())


def forbid_unrolling(branch: ir.Instruction) -> None:
    """Mark the loop that a backward branch closes: LLVM may not unroll it.

    Two steps at once need twice the registers for activations, and sums spill to the stack on
    processors where LLVM likes to unroll (seen for znver4).
    """
    module = branch.parent.function.module
    disable = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    loop = ir.MDValue(module, (), name=str(len(module.metadata)))
    loop.operands = (loop, disable)  # a loop is named by a node that refers to itself
    branch.set_metadata("llvm.loop", loop)
