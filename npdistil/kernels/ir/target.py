"""How many numbers a vector register holds and how many registers there are.

A microkernel keeps a block of `rows` x `vectors` sums in registers for the whole of its loop. Next
to them it needs `vectors` registers of weights and one of activations, so

    rows * vectors + vectors + 1 <= registers,

and at least latency times throughput of the multiply-add (4 cycles x 2) sums, to keep both units
busy. See docs/performance.md.
"""

from ...named_tuple import NamedTuple
from ..objects.cpu import chosen_cpu


class Shape(NamedTuple):
    """A register block: token rows times vectors of outputs."""

    rows: int
    vectors: int
    terms: int = 1  # of each sum, added in one turn of the loop
    lines: tuple[int, ...] = ()  # cache lines to ask for ahead in a turn, most first


class Target(NamedTuple):
    """The register blocks of one instruction set.

    `linear` multiplies by weights. `attention` multiplies rows of one head, which is too narrow for
    the widest blocks; its panels are whole parts of those of `linear`, and its blocks have at least
    as many rows.
    """

    name: str
    lanes: int  # float32 in a vector register
    registers: int
    linear: Shape
    attention: Shape
    features: tuple[str, ...]  # what LLVM must be allowed to use

    @property
    def panel(self) -> int:
        """Outputs of a block of `linear`: weights are stored in panels of this many columns."""
        return self.lanes * self.linear.vectors

    @property
    def narrow(self) -> int:
        """Columns of a block of `attention`: a head is as wide as a whole number of these."""
        return self.lanes * self.attention.vectors


AVX512 = Target("avx512", 16, 32, Shape(6, 4, 4, (8, 4, 1)), Shape(12, 2), ("avx512f",))
AVX2 = Target("avx2", 8, 16, Shape(6, 2, 4, (2, 1)), Shape(6, 2), ("avx2", "fma"))
NEON = Target("neon", 4, 32, Shape(6, 4, 4, (2, 1)), Shape(6, 4), ("neon",))
SSE = Target("sse", 4, 16, Shape(5, 2, 4, (1,)), Shape(5, 2), ())
TARGETS = (AVX512, AVX2, NEON, SSE)
WORDS = 4  # rows of a table whose dot products are taken together: as many as fit any register
# Processors that imply features without listing them.
IMPLIED = {"x86-64-v3": ("avx2", "fma"), "x86-64-v4": ("avx2", "fma", "avx512f")}


def choose_target(cpu_name: str, features: str) -> Target:
    """The widest target that a processor can run.

    >>> choose_target("znver3", "+avx,+avx2,+fma,-avx512f").name
    'avx2'
    """
    present = {feature[1:] for feature in features.split(",") if feature.startswith("+")}
    present.update(IMPLIED.get(cpu_name, ()))
    return next(target for target in TARGETS if present.issuperset(target.features))


HOST = choose_target(*chosen_cpu())
