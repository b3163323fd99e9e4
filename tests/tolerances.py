"""Every numeric tolerance of the suite, each with its reason; no test states one of its own.

All are absolute and compare float32 with the float64 reference, on values of order 1, unless the
name says otherwise. One float32 rounding of such a value is 6e-8.
"""

ERF_FLOAT64 = 1e-15  # what the approximation promises: four roundings near 1
ERF_FLOAT32 = 3e-7  # a few roundings

# kernel -> bound. Inputs are standard normal; a sum of n products of such has size sqrt(n).
KERNELS = {
    "linear": 2e-5,  # up to 3072 products added in order, each sum rounded
    "layer_norm": 5e-6,  # two sums over D, a division and a square root
    "embed": 5e-6,  # the same
    "attention": 5e-6,  # scores of size 1, weights that sum to 1
    "pool_mean": 1e-6,  # a sum over at most 512 rows
    "pool_mean_sqrt_len": 4e-6,  # the same, of size 1 and not 1 / sqrt(512)
    "pool_weighted_mean": 1e-6,  # as the mean, and a product each
    "pool_max": 0.0,  # no arithmetic
    "pool_first": 0.0,  # no arithmetic
    "pool_last": 0.0,  # no arithmetic
    "normalize": 1e-6,  # one sum of squares, a root and a division
    "pack_panels": 0.0,  # no arithmetic
    "dense": 1e-5,  # up to 768 products added in order; a bend enlarges their error by a tenth
    "score_words": 6e-5,  # as linear, for sums of size sqrt(768) = 28, in lanes
    "transformer_layer": 2e-5,  # six of the above in a row
}

# What the largest error on fixed inputs may grow to by another version, or on a target that nobody
# measured: the largest of thousands of roundings is a matter of luck, and lanes of another width
# throw other dice (2.3 times between AVX-512 and SSE at worst; docs/numerics.json).
DRIFT = 2.0

EXP_ULP = 2.0  # units in the last place, over all floats
GELU_ABSOLUTE = 3e-7  # the fit's 2.7e-7 and a rounding
TANH_ULP = 2.0  # as exp
GATED = 3e-7  # x * sigmoid(z): exp, a sum, a quotient; of the result where that is above 1

HIDDEN_FLOAT64 = 1e-10  # float64 against Transformers in float64, any layer
HIDDEN_FLOAT32 = 2e-5  # float32, any layer, any backend, against float64
COSINE = 1e-6  # 1 - cosine of a final embedding
LOCK_PROBE = 4e-5  # two of the former, each on its side of the exact value
SENTENCE = 2e-5  # an embedding against sentence-transformers' float32
BLAS_BATCH = 1e-6  # the numpy backend: BLAS picks its kernels by shape
SCORE = 5e-4  # a score of a task beside the other library: Spearman, nDCG, accuracy, F1
GOLDEN_FLOAT64 = 1e-12  # the same arithmetic; only BLAS may sum in another order
LOGITS = 1e-4  # scores of a head of about 3, against float64
