"""Scores of masked rows against the vocabulary; the table is read as it lies in memory."""

from .ir.intrinsics import address, make_dots
from .ir.target import HOST, WORDS
from .jit import vector_kernel
from .model import SCORE_WORDS

# Masked rows in a block; a sum each for all its words, and what is multiplied, stay in registers.
ROWS = 4 if HOST.registers > 16 else 2
NEAR = 6144  # floats of the table that stay in the nearest cache while all rows pass over them

score_block = make_dots(WORDS, ROWS)
score_row = make_dots(WORDS, 1)
score_word = make_dots(1, 1)


@vector_kernel(*SCORE_WORDS)
def score_words(x_MD, word_VD, bias_V, first, last, score_MV):
    """Words from `first` up to `last`. Twin: reference.masked_lm.score_words.

    Rows of x_MD are as long as those of the table or longer: zeros fill them up to whole vectors.
    """
    M, (V, D) = x_MD.shape[0], word_VD.shape
    x_stride, word_stride, score_stride = 4 * x_MD.shape[1], 4 * D, 4 * V
    x, words, bias, scores = address(x_MD), address(word_VD), address(bias_V), address(score_MV)
    near = max(NEAR // D // WORDS, 1) * WORDS
    for start in range(first, last, near):
        end = min(start + near, last)
        m = 0
        while m < M:
            rows = ROWS if m + ROWS <= M else 1
            row, score = x + m * x_stride, scores + m * score_stride
            for v in range(start, end - WORDS + 1, WORDS):
                word = words + v * word_stride
                if rows == ROWS:
                    score_block(
                        word, word_stride, row, x_stride, D,
                        bias + 4 * v, score + 4 * v, score_stride,
                    )  # fmt: skip
                else:
                    score_row(
                        word, word_stride, row, x_stride, D,
                        bias + 4 * v, score + 4 * v, score_stride,
                    )  # fmt: skip
            for v in range(end - (end - start) % WORDS, end):
                for n in range(rows):
                    score_word(
                        words + v * word_stride, word_stride, row + n * x_stride, x_stride, D,
                        bias + 4 * v, score + n * score_stride + 4 * v, score_stride,
                    )  # fmt: skip
            m += rows
