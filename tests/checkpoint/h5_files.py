"""tf_model.h5 files that are not as they should be, made with h5py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SCOPE = "bert/tf_bert_model/bert/"  # of every variable of a BERT
GAMMA = SCOPE + "embeddings/LayerNorm/gamma:0"
KERNEL = SCOPE + "pooler/dense/kernel:0"
VALUES = np.arange(6, dtype=np.float32)

Make = Callable[[h5py.File, Path], Any]
HOSTILE: dict[str, tuple[Make, str]] = {}  # name -> (what makes the file, what the error says)


def hostile(says: str) -> Callable[[Make], Make]:
    """Enter a case under its function's name."""

    def enter(make: Make) -> Make:
        HOSTILE[make.__name__] = (make, says)
        return make

    return enter


@hostile("link to elsewhere")
def soft_link(file: h5py.File, _: Path) -> None:
    file[GAMMA] = VALUES
    file[SCOPE + "embeddings/LayerNorm/beta:0"] = h5py.SoftLink("/" + GAMMA)


@hostile("link to elsewhere")
def dangling_soft_link(file: h5py.File, _: Path) -> None:
    file[GAMMA] = h5py.SoftLink("/nowhere")


@hostile("link to elsewhere")
def soft_link_to_a_group(file: h5py.File, _: Path) -> None:
    file[GAMMA] = VALUES
    file["more"] = h5py.SoftLink("/bert")


@hostile("link to elsewhere")
def external_link(file: h5py.File, other: Path) -> None:
    file[GAMMA] = h5py.ExternalLink(str(other), "/" + GAMMA)


@hostile("link to elsewhere")
def external_link_to_a_layer(file: h5py.File, other: Path) -> None:
    file["bert"] = h5py.ExternalLink(str(other), "/bert")


@hostile("another file")
def external_storage(file: h5py.File, other: Path) -> None:
    file.create_dataset(GAMMA, (6,), "<f4", external=[(str(other), 0, 24)])


@hostile("another file")
def virtual_dataset(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((6,), "<f4")
    layout[:] = h5py.VirtualSource(str(other), GAMMA, (6,))
    file.create_virtual_dataset(GAMMA, layout)


@hostile("another file")
def virtual_dataset_without_end(file: h5py.File, other: Path) -> None:
    """Its shape is known only after a look into the other file."""
    layout = h5py.VirtualLayout((1, 6), "<f4", maxshape=(None, 6))
    source = h5py.VirtualSource(str(other), GAMMA, (1, 6), maxshape=(None, 6))
    layout[0 : h5py.UNLIMITED, :] = source[0 : h5py.UNLIMITED, :]
    file.create_virtual_dataset(GAMMA, layout)


@hostile("in chunks")
def chunks(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, data=VALUES, chunks=(3,))


@hostile("in chunks")
def compression_bomb(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, data=np.zeros(1 << 22, np.float32), compression="gzip")


@hostile("in chunks")
def resizable(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, data=VALUES, maxshape=(None,))


@hostile("in chunks")
def compact(file: h5py.File, _: Path) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    group = file.create_group(SCOPE + "embeddings/LayerNorm")
    space = h5py.h5s.create_simple((6,))
    h5py.h5d.create(group.id, b"gamma:0", h5py.h5t.IEEE_F32LE, space, plan).write(
        h5py.h5s.ALL, h5py.h5s.ALL, VALUES
    )


@hostile("unsupported type")
def strings(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, data=["x"] * 6, dtype=h5py.string_dtype())


@hostile("unsupported type")
def lists_of_any_length(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, (6,), h5py.vlen_dtype(np.float32))[0] = VALUES


@hostile("unsupported type")
def references(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, (6,), h5py.ref_dtype)[0] = file.ref


@hostile("unsupported type")
def compound(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.zeros(6, [("a", "<f4"), ("b", "<i4")])


@hostile("unsupported type")
def complex_numbers(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.zeros(6, np.complex64)


@hostile("unsupported type")
def arrays_in_a_type(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, (6,), np.dtype(("<f4", (4,))))[...] = np.zeros((6, 4))


@hostile("unsupported type")
def opaque(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.zeros(6, "V2")


@hostile("unsupported type")
def booleans(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.zeros(6, np.bool_)


@hostile("unsupported type")
def big_endian(file: h5py.File, _: Path) -> None:
    file[GAMMA] = VALUES.astype(">f4")


@hostile("does not hold all")
def huge_claim(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, (1 << 40,), "<f4")


@hostile("does not hold all")
def huger_than_an_integer(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, (1 << 30, 1 << 30), "<f4")


@hostile("does not hold all")
def never_written(file: h5py.File, _: Path) -> None:
    file.create_dataset(GAMMA, (6,), "<f4")


@hostile("no shape")
def null_space(file: h5py.File, _: Path) -> None:
    file[GAMMA] = h5py.Empty("<f4")


@hostile("unusable shape")
def kernel_without_axes(file: h5py.File, _: Path) -> None:
    file[KERNEL] = np.float32(1)


@hostile("unusable shape")
def kernel_of_three_axes(file: h5py.File, _: Path) -> None:
    file[KERNEL] = np.zeros((2, 3, 4), np.float32)


@hostile("unusable shape")
def nine_axes(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.zeros((1,) * 9, np.float32)


@hostile("more than one name")
def group_in_itself(file: h5py.File, _: Path) -> None:
    file[GAMMA] = VALUES
    file["bert/again"] = file["bert"]


@hostile("more than one name")
def groups_that_double(file: h5py.File, _: Path) -> None:
    """Each level names the next one twice: 2 ** 30 paths."""
    group = file.create_group("bert")
    for _level in range(30):
        below = group.create_group("a")
        group["b"] = below
        group = below


@hostile("more groups and tensors")
def group_that_denies_to_be_in_itself(file: h5py.File, _: Path) -> None:
    """The count of names in the group's header is set back to 1."""
    file[GAMMA] = VALUES
    file["bert/again"] = file["bert"]
    path, start = Path(file.filename), h5py.h5o.get_info(file["bert"].id).addr
    file.close()
    with path.open("r+b") as stream:
        stream.seek(start + 4)  # version, reserved, number of messages, then this
        assert stream.read(4) == (2).to_bytes(4, "little")
        stream.seek(start + 4)
        stream.write((1).to_bytes(4, "little"))


@hostile("more groups and tensors")
def groups_within_groups(file: h5py.File, _: Path) -> None:
    file["/".join("g" * 40)] = VALUES


@hostile("share their bytes")
def one_tensor_many_names(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.zeros(100_000, np.float32)
    for n in range(50):
        file[f"{SCOPE}encoder/layer_._{n}/output/LayerNorm/gamma:0"] = file[GAMMA]


@hostile("not the name of a variable")
def weights_of_a_whole_keras_model(file: h5py.File, _: Path) -> None:
    file["model_weights/dense/kernel"] = VALUES


@hostile("not the name of a variable")
def name_too_long(file: h5py.File, _: Path) -> None:
    file[f"{SCOPE}{'x' * 600}/gamma:0"] = VALUES


@hostile("not printable")
def name_with_a_terminal_command(file: h5py.File, _: Path) -> None:
    file[f"{SCOPE}\x1b[2J/gamma:0"] = VALUES


@hostile("another tensor has this name")
def two_that_become_one(file: h5py.File, _: Path) -> None:
    file[GAMMA] = VALUES
    file[GAMMA.replace("gamma", "weight")] = VALUES[:3]


@hostile("neither a group nor a tensor")
def named_type(file: h5py.File, _: Path) -> None:
    file[GAMMA] = np.dtype("<f4")


@hostile("no tensors")
def empty(file: h5py.File, _: Path) -> None:
    file.create_group("bert")
