"""The tensors of one layer, as kernels see them."""

from .jit import part_of_kernels
from .model import LayerWeights


@part_of_kernels
def layer_weights(model, n):
    """Layer n's tensors: views of its row."""
    row, e = model.layers_NZ[n], model.ends
    return LayerWeights(
        row[: e[0]], row[e[0] : e[1]], row[e[1] : e[2]], row[e[2] : e[3]],
        row[e[3] : e[4]], row[e[4] : e[5]], row[e[5] : e[6]], row[e[6] : e[7]],
        row[e[7] : e[8]], row[e[8] : e[9]], row[e[9] : e[10]], row[e[10] : e[11]],
    )  # fmt: skip
