"""What loading a file of BERT-base's size costs; `test_big_files.py` runs each of these in its own.

`python -m tests.checkpoint.big_files NAME FOLDER` prints measured and allowed bytes as JSON. The
files are holes but for their headers: all values are zeros, which cost as much as any others to
read, and nothing to write. Linux only.
"""

import contextlib
import gc
import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from npdistil import Encoder
from npdistil.checkpoint.names import expected_tensors
from npdistil.cli.main import main
from npdistil.config import EncoderConfig
from tests.checkpoint import tiny, torch_holes
from tests.tasks.folders import write_json, write_model
from tests.tasks.growth import SELF, forget_the_peak, resident

BERT_BASE = EncoderConfig(
    model_type="bert",
    vocab_size=30522,
    hidden_size=768,
    num_hidden_layers=12,
    num_attention_heads=12,
    intermediate_size=3072,
    max_position_embeddings=512,
    type_vocab_size=2,
    layer_norm_eps=1e-12,
    hidden_act="gelu",
    pad_token_id=0,
)
FLOAT32_BYTES = 437_928_960  # of its parameters
MB = 1 << 20
SHARDS = 3


def shapes(masked_lm: bool = False) -> dict[str, tuple[int, ...]]:
    """Every tensor of BERT-base, with the head that the hub's file has if asked for."""
    found = {n: want.shape for n, want in expected_tensors(BERT_BASE, pooler=True).items()}
    assert 4 * sum(map(math.prod, found.values())) == FLOAT32_BYTES
    head = {"cls.predictions.decoder.weight": (30522, 768), "cls.predictions.bias": (30522,)}
    return {**found, **head} if masked_lm else found


def write_holes(path: Path, tensors: dict[str, tuple[int, ...]], dtype: str = "F32") -> None:
    """A safetensors file of zeros: header and size, nothing between."""
    header, end = {}, 0
    for name, shape in tensors.items():
        start, end = end, end + math.prod(shape) * (4 if dtype == "F32" else 2)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    content = tiny.raw(header)
    path.write_bytes(content)
    with path.open("r+b") as file:
        file.truncate(len(content) + end)


def write_bert_base(folder: Path, kind: str) -> Path:
    """A folder of BERT-base: "single" as the hub has it, "half" precision, "shards", or "torch"."""
    folder.mkdir()
    write_json(folder / "config.json", vars(BERT_BASE))
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    if kind.startswith("torch"):
        old = kind == "torch_old"
        torch_holes.write_holes(folder / "pytorch_model.bin", shapes(masked_lm=True), old)
        return folder
    if kind != "shards":
        dtype = "F16" if kind == "half" else "F32"
        write_holes(folder / "model.safetensors", shapes(masked_lm=True), dtype)
        return folder
    places = {}
    for n in range(SHARDS):
        name = f"model-{n + 1:05}-of-{SHARDS:05}.safetensors"
        part = dict(list(shapes().items())[n::SHARDS])
        write_holes(folder / name, part)
        places |= dict.fromkeys(part, name)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": places})
    return folder


def growth_of_a_load(folder: Path, backend: str) -> tuple[int, int]:
    """The peak over what the process held when it had loaded a tiny model."""
    Encoder.from_pretrained(write_model(folder / "tiny"), backend)
    big = write_bert_base(folder / "big", folder.name)
    gc.collect()
    forget_the_peak()
    before = resident()
    encoder = Encoder.from_pretrained(big, backend)
    grown = resident("VmHWM") - before
    ids = np.full((1, 3), 7)
    assert encoder(ids).last_hidden_state.shape == (1, 3, 768)
    return grown, math.floor(1.3 * FLOAT32_BYTES)


def info(folder: Path, measure: Callable[[], int]) -> int:
    """By how much `npdistil info` raises a measure, at its second run: the first imports."""
    big = write_bert_base(folder / "big", folder.name)
    for _ in range(2):
        forget_the_peak()
        before = measure()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert main(["info", str(big)]) == 0
        assert "109,482,240" in printed.getvalue()
    return measure() - before


def bytes_of_info(folder: Path) -> tuple[int, int]:
    """All that it asks the system for, of any file."""
    return info(folder, counted), MB


def growth_of_info(folder: Path) -> tuple[int, int]:
    """A file that is mapped is not counted as read; what is touched of it counts as memory."""
    return info(folder, lambda: resident("VmHWM")), 32 * MB


def counted() -> int:
    """Bytes that the process asked the system for so far."""
    return int((SELF / "io").read_text().split()[1])


CASES = {
    "load_numba": lambda folder: growth_of_a_load(folder, "numba"),
    "load_numpy": lambda folder: growth_of_a_load(folder, "numpy"),
    "info_reads": bytes_of_info,
    "info_holds": growth_of_info,
}
KINDS = ("single", "half", "shards", "torch", "torch_old")  # names of the folder to work in

if __name__ == "__main__":
    found, allowed = CASES[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write(json.dumps({"found": found, "allowed": allowed}))
