"""What loading a file of BERT-base's size costs; `test_big_files.py` runs each of these in its own.

`python -m tests.checkpoint.big_files NAME FOLDER` prints, as JSON, the bytes that were measured
and those that are allowed. Linux only.
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
from tests.checkpoint import holes, torch_holes
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


def write_shards(folder: Path) -> None:
    """The encoder in three files."""
    places = {}
    for n in range(SHARDS):
        name = f"model-{n + 1:05}-of-{SHARDS:05}.safetensors"
        part = dict(list(shapes().items())[n::SHARDS])
        holes.write_safetensors(folder / name, part)
        places |= dict.fromkeys(part, name)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": places})


def write_single(folder: Path, dtype: str = "F32") -> None:
    """As the hub has it, with its head."""
    holes.write_safetensors(folder / "model.safetensors", shapes(masked_lm=True), dtype)


def write_torch(folder: Path, old: bool) -> None:
    """As the hub has it, with its head, in either of torch's formats."""
    torch_holes.write_holes(folder / "pytorch_model.bin", shapes(masked_lm=True), old)


KINDS: dict[str, Callable[[Path], None]] = {  # names of the folder to work in
    "single": write_single,
    "half": lambda folder: write_single(folder, "F16"),
    "shards": write_shards,
    "torch": lambda folder: write_torch(folder, old=False),
    "torch_old": lambda folder: write_torch(folder, old=True),
    "h5": lambda folder: holes.write_h5(folder / "tf_model.h5", shapes()),
}


def write_bert_base(folder: Path, kind: str) -> Path:
    """A folder of BERT-base in one of the `KINDS`."""
    folder.mkdir()
    write_json(folder / "config.json", vars(BERT_BASE))
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    KINDS[kind](folder)
    return folder


def cost_of_a_load(folder: Path, backend: str) -> dict[str, tuple[int, int]]:
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
    return {"held": (grown, math.floor(1.3 * FLOAT32_BYTES))}


def cost_of_info(folder: Path) -> dict[str, tuple[int, int]]:
    """What `npdistil info` reads of all files together, and holds, at its second run.

    A file that is mapped is not counted as read; what is touched of it counts as held.
    """
    big = write_bert_base(folder / "big", folder.name)
    for _ in range(2):  # the first imports
        forget_the_peak()
        read, held = counted(), resident()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert main(["info", str(big)]) == 0
        assert "109,482,240" in printed.getvalue()
    return {"read": (counted() - read, MB), "held": (resident("VmHWM") - held, 32 * MB)}


def counted() -> int:
    """Bytes that the process asked the system for so far."""
    return int((SELF / "io").read_text().split()[1])


CASES: dict[str, Callable[[Path], dict[str, tuple[int, int]]]] = {
    "load_numba": lambda folder: cost_of_a_load(folder, "numba"),
    "load_numpy": lambda folder: cost_of_a_load(folder, "numpy"),
    "info": cost_of_info,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(CASES[sys.argv[1]](Path(sys.argv[2]))))
