"""What kernels may call: each intrinsic is one complete loop nest, from addresses to memory.

Addresses are integers. Nothing here checks a bound, so `NUMBA_BOUNDSCHECK` cannot see it; guard
rows around every output in the tests do.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from .columns import emit_softmax_columns
from .dots import emit_dots, emit_scores
from .microkernel import Block, emit_block
from .rows import Function, emit_layer_norm, emit_map
from .target import HOST, Shape, Target
from .transpose import emit_transpose
from .vectors import I64, Vectors


def make_multiply_block(target: Target, shape: Shape) -> Any:
    """A microkernel of a target as an intrinsic."""

    @intrinsic
    def multiply_block(
        typing_context,
        num_rows,
        a,
        a_stride,
        a_step,
        panel,
        panel_stride,
        length,
        bias,
        c,
        c_stride,
        c_jump,
        operand,
        epilogue,
        ahead,
        lines,
    ):
        """One block of a matrix product; the arguments are those of `microkernel.Block`."""

        def generate(context, builder, signature, arguments):
            v = Vectors(builder, target.lanes)
            (
                count, a, a_stride, a_step, panel, panel_stride, length, bias, c, c_stride, c_jump,
                operand, kind, ahead, lines,
            ) = arguments  # fmt: skip
            block = Block(
                a=v.pointer(a),
                a_stride=a_stride,
                a_step=a_step,
                panel=v.pointer(panel),
                panel_stride=panel_stride,
                length=length,
                bias=v.pointer(bias),
                c=v.pointer(c),
                c_stride=c_stride,
                c_jump=c_jump,
                operand=v.pointer(operand),
                epilogue=kind,
                ahead=v.pointer(ahead),
                lines=lines,
            )
            emit_block(v, target, shape, count, block)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 15), generate

    return multiply_block


multiply_by_weights = make_multiply_block(HOST, HOST.linear)
multiply_heads = make_multiply_block(HOST, HOST.attention)


@intrinsic
def address(typing_context, array):
    """Where an array's first element lies."""

    def generate(context, builder, signature, arguments):
        (array_type,) = signature.args
        array = context.make_array(array_type)(context, builder, arguments[0])
        return builder.ptrtoint(array.data, I64)

    return types.intp(array), generate


@intrinsic
def softmax_columns(typing_context, scores, num_rows, inverse):
    """exp of a panel of scores in place, and 1 / its sums; see `columns.emit_softmax_columns`."""

    def generate(context, builder, signature, arguments):
        v = Vectors(builder, HOST.lanes)
        scores, num_rows, inverse = arguments
        emit_softmax_columns(
            v, HOST.attention.vectors, v.pointer(scores), num_rows, v.pointer(inverse)
        )
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@intrinsic
def transpose_tile(typing_context, source, stride, last, tile, step):
    """HOST.lanes rows as columns; see `transpose.emit_transpose`."""

    def generate(context, builder, signature, arguments):
        v = Vectors(builder, HOST.lanes)
        source, stride, last, tile, step = arguments
        emit_transpose(v, v.pointer(source), stride, last, v.pointer(tile), step)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), generate


def make_normalize(rows: int) -> Any:
    """LayerNorm of so many rows at once as an intrinsic."""

    @intrinsic
    def normalize(typing_context, x, stride, size, weight, bias, eps):
        """LayerNorm in place, a row every `stride` bytes; see `rows.emit_layer_norm`."""

        def generate(context, builder, signature, arguments):
            v = Vectors(builder, HOST.lanes)
            x, stride, size, weight, bias, eps = arguments
            places = _places(v, x, stride, rows)
            emit_layer_norm(v, places, size, v.pointer(weight), v.pointer(bias), eps)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 5, types.float32), generate

    return normalize


normalize_row, normalize_four_rows = make_normalize(1), make_normalize(4)


def make_dots(words: int, rows: int) -> Any:
    """So many rows of a table times so many other rows as an intrinsic."""

    @intrinsic
    def score_block(typing_context, word, word_stride, row, row_stride, size, bias, y, y_stride):
        """y[row, word] = bias[word] + the product of `size` floats; see `dots.py`."""

        def generate(context, builder, signature, arguments):
            v = Vectors(builder, HOST.lanes)
            word, word_stride, row, row_stride, size, bias, y, y_stride = arguments
            sums = emit_dots(
                v, _places(v, word, word_stride, words), _places(v, row, row_stride, rows), size
            )
            emit_scores(v, sums, v.pointer(bias), v.pointer(y), y_stride)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 8), generate

    return score_block


def _places(v: Vectors, first: Any, stride: Any, count: int) -> list[Any]:
    """Pointers to rows, one every `stride` bytes."""
    places = [v.pointer(first)]
    for _ in range(1, count):
        places.append(v.offset(places[-1], stride))
    return places


def make_map(function: Function) -> Any:
    """A vector function as an intrinsic over rows, to be checked and timed by itself."""

    @intrinsic
    def map_vectors(typing_context, x, y, count):
        """y = function(x) over `count` floats, a multiple of HOST.lanes."""

        def generate(context, builder, signature, arguments):
            v = Vectors(builder, HOST.lanes)
            emit_map(v, function, v.pointer(arguments[0]), v.pointer(arguments[1]), arguments[2])
            return context.get_dummy_value()

        return types.void(types.intp, types.intp, types.intp), generate

    return map_vectors
