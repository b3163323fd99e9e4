"""Large files of weights that take no room: all values are zeros, which no disk has to keep.

To read them costs as much as any others. `torch_holes.py` does so for torch.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import h5py

from tests.checkpoint.tiny import raw

Shapes = Mapping[str, tuple[int, ...]]


def write_safetensors(path: Path, shapes: Shapes, dtype: str = "F32") -> None:
    """Header and size, nothing between."""
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + math.prod(shape) * (4 if dtype == "F32" else 2)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    content = raw(header)
    path.write_bytes(content)
    with path.open("r+b") as file:
        file.truncate(len(content) + end)


def write_h5(path: Path, shapes: Shapes) -> None:
    """A file of Keras, in which linears have their axes the other way round."""
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    create.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        for name, shape in shapes.items():
            *modules, last = name.replace("layer.", "layer_:_").split(".")
            if modules[-1] == "LayerNorm":
                last = {"weight": "gamma", "bias": "beta"}[last]
            elif last == "weight" and not modules[-1].endswith("embeddings"):
                last, shape = "kernel", shape[::-1]
            place = "/".join(["bert/tf_bert_model/bert", *modules]).replace(":", ".")
            group = file.require_group(place)
            space = h5py.h5s.create_simple(shape)
            h5py.h5d.create(
                group.id, f"{last}:0".encode(), h5py.h5t.IEEE_F32LE, space, create
            ).close()
