"""Every kind of hostile file in one table: its cases, who reads it, and how many there must be."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from npdistil import Encoder, Tokenizer
from npdistil.checkpoint.h5_file import open_h5
from npdistil.checkpoint.load import load_encoder
from npdistil.checkpoint.safetensors_file import read_safetensors
from npdistil.checkpoint.torch_file import open_torch
from npdistil.errors import ConfigError, ModelFileError, NpdistilError, TokenizerError
from tests.checkpoint.h5_files import HOSTILE as H5
from tests.checkpoint.test_sharded import SHARDED, write_shards
from tests.checkpoint.test_torch_hostile import HOSTILE as TORCH
from tests.checkpoint.tiny import BERT, bert_shapes, random_tensors, write_folder
from tests.checkpoint.torch_made import state, storage, tensor, zip_file
from tests.hostile.config_cases import CONFIG
from tests.hostile.safetensors_cases import SAFETENSORS
from tests.hostile.vocab_cases import LINES, VOCABULARY

WEIGHTS, CHECKPOINT, KERAS = "model.safetensors", "pytorch_model.bin", "tf_model.h5"
TENSORFLOW = Path(__file__).parents[1] / "golden" / "tensorflow" / "bert"
Write = Callable[[Path], object]  # puts the hostile file into a folder that is good without it
TENSORS = random_tensors(bert_shapes(), np.random.default_rng(3))


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    cases: Mapping[str, tuple[Write, str]]  # name -> (what writes it, what the message says)
    read: Callable[[Path], object]  # the folder, by the function next to the file
    load: Callable[[Path], object]  # the folder, by the public API
    error: type[NpdistilError]
    opens: frozenset[str]  # names that may be opened before it is refused; never another
    least: int  # cases that there must be


def contents(name: str, cases: Mapping[str, tuple[bytes, str]]) -> dict[str, tuple[Write, str]]:
    """Cases that are bytes, and those that are no regular file, which every reader must refuse."""

    def writing(content: bytes) -> Write:
        return lambda folder: (folder / name).write_bytes(content)

    written = {case: (writing(content), message) for case, (content, message) in cases.items()}
    return written | {case: (replaced(name, make), name) for case, make in IRREGULAR.items()}


def replaced(name: str, make: Callable[[Path], object]) -> Write:
    """Put something else in the place of the file."""

    def write(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return write


IRREGULAR: dict[str, Callable[[Path], object]] = {
    "is_a_fifo": os.mkfifo,
    "is_a_folder": Path.mkdir,
    "is_a_link_to_itself": lambda path: path.symlink_to(path.name),
    "is_a_link_to_nowhere": lambda path: path.symlink_to("nowhere"),
    "is_a_link_to_a_folder": lambda path: path.symlink_to("."),
    "is_a_link_to_zeros": lambda path: path.symlink_to("/dev/zero"),
    "is_a_link_to_a_terminal": lambda path: path.symlink_to("/dev/tty"),
}


def load_model(folder: Path) -> object:
    """The public way to weights."""
    return Encoder.from_pretrained(folder, "numpy")


def load_words(folder: Path) -> object:
    """The public way to a vocabulary."""
    return Tokenizer.from_pretrained(folder, backend="python")


def write_good(folder: Path) -> None:
    """A tiny model with everything that a hostile file will stand beside."""
    write_folder(folder, BERT, TENSORS)
    (folder / "vocab.txt").write_bytes(LINES)


def write_good_checkpoint(folder: Path) -> None:
    """The same as torch writes it."""
    write_good(folder)
    (folder / WEIGHTS).unlink()
    items = {}
    for key, (name, array) in enumerate(TENSORS.items()):
        strides = tuple(step // array.itemsize for step in array.strides)
        items[name] = tensor(storage(str(key), array.size), 0, array.shape, strides)
    storages = {str(key): array.tobytes() for key, array in enumerate(TENSORS.values())}
    (folder / CHECKPOINT).write_bytes(zip_file(state(**items), storages))


def read_checkpoint(folder: Path) -> None:
    """Every tensor of a checkpoint."""
    with open_torch(folder / CHECKPOINT) as file:
        for name in file.entries:
            file.read(name)


def write_good_keras(folder: Path) -> None:
    """What TensorFlow wrote."""
    write_good(folder)
    (folder / WEIGHTS).unlink()
    for name in ("config.json", KERAS):
        shutil.copy(TENSORFLOW / name, folder)


def read_keras(folder: Path) -> None:
    """Every tensor of an HDF5 file."""
    with open_h5(folder / KERAS) as file:
        for name in file.entries:
            file.read(name)


def hostile_keras(make: Callable[[h5py.File, Path], object]) -> Write:
    """A file that h5py writes; what it names as another is there as a pipe."""

    def write(folder: Path) -> None:
        (folder / KERAS).unlink()
        with h5py.File(folder / KERAS, "w") as file:
            make(file, folder / "other.h5")
        os.mkfifo(folder / "other.h5")

    return write


def write_good_shards(folder: Path) -> None:
    """The same in two files."""
    write_good(folder)
    (folder / WEIGHTS).unlink()
    write_shards(folder)


KINDS = {
    "safetensors": Kind(
        contents(WEIGHTS, SAFETENSORS),
        lambda folder: read_safetensors(folder / WEIGHTS),
        load_model,
        ModelFileError,
        frozenset({WEIGHTS}),
        70,
    ),
    "sharded": Kind(
        SHARDED,
        load_encoder,
        load_model,
        ModelFileError,
        frozenset(
            {
                "config.json",
                f"{WEIGHTS}.index.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
            }
        ),
        30,
    ),
    "torch": Kind(
        contents(CHECKPOINT, TORCH),
        read_checkpoint,
        load_model,
        ModelFileError,
        frozenset({CHECKPOINT}),
        120,
    ),
    "h5": Kind(
        {
            **{case: (hostile_keras(make), says) for case, (make, says) in H5.items()},
            **contents(KERAS, {"is_no_hdf5": (b"PK\x03\x04", "not an HDF5 file")}),
        },
        read_keras,
        load_model,
        ModelFileError,
        frozenset({KERAS}),
        40,
    ),
    "config": Kind(
        contents("config.json", CONFIG),
        load_encoder,
        load_model,
        ConfigError,
        frozenset({"config.json"}),
        60,
    ),
    "vocabulary": Kind(
        contents("vocab.txt", VOCABULARY),
        load_words,
        load_words,
        TokenizerError,
        frozenset({"config.json", "vocab.txt"}),
        30,
    ),
}
GOOD: dict[str, Write] = {
    "sharded": write_good_shards,
    "torch": write_good_checkpoint,
    "h5": write_good_keras,
}
CASES = [(kind, case) for kind in KINDS for case in KINDS[kind].cases]


def prepare(folder: Path, kind: str, case: str | None = None) -> Path:
    """A folder with one hostile file, or without a case: the good one."""
    GOOD.get(kind, write_good)(folder)
    if case is not None:
        KINDS[kind].cases[case][0](folder)
    return folder
