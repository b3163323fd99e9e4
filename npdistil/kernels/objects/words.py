"""Arguments of kernels out of a row of 64-bit words: the other end of `signature.py`."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from llvmlite import ir
from numba import types
from numba.np.arrayobj import populate_array

I64 = ir.IntType(64)
DOUBLE = ir.DoubleType()
WORD_BYTES = 8


def read_words(
    context: Any, builder: ir.IRBuilder, words: ir.Value, kinds: Sequence[types.Type]
) -> list[ir.Value]:
    """The values of Numba's types `kinds`, in order, from the address `words` on."""
    numbers = count()

    def word(kind: ir.Type) -> ir.Value:
        place = builder.gep(words, [ir.Constant(I64, next(numbers))], source_etype=I64)
        return builder.load(place, typ=kind, align=1)

    def read(kind: types.Type) -> ir.Value:
        if isinstance(kind, types.Array):
            return array(kind)
        if isinstance(kind, types.BaseTuple):
            return context.make_tuple(builder, kind, list(map(read, fields_of(kind))))
        if kind == types.float32:
            return builder.fptrunc(word(DOUBLE), ir.FloatType())
        return word(DOUBLE if kind == types.float64 else I64)

    def array(kind: types.Array) -> ir.Value:
        made = context.make_array(kind)(context, builder)
        element = context.get_data_type(kind.dtype)
        itemsize = ir.Constant(I64, context.get_abi_sizeof(element))
        data = builder.inttoptr(word(I64), element.as_pointer())
        shape = [word(I64) for _ in range(kind.ndim)]
        strides = [itemsize]
        for size in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], size))
        populate_array(
            made, data=data, shape=shape, strides=strides, itemsize=itemsize, meminfo=None
        )
        return made._getvalue()

    return [read(kind) for kind in kinds]


def fields_of(kind: Any) -> Sequence[types.Type]:
    """The types in a tuple's, named or not, of one type or of several."""
    fields: Sequence[types.Type] = kind.types
    return fields
