"""Programs that start, embed or tokenise one text, and end: each what a user would write.

A program gets the paths that `places` names on its command line and leaves what it computed in a
file of raw float32 or int32 numbers. Nothing of it is read from a cache of results.
"""

import os
import subprocess
import sys
import time
from array import array
from dataclasses import dataclass
from pathlib import Path

from tools.bench.models import CACHE, MINILM, ROOT
from tools.bench.process import BenchError

TEXT = "The quick brown fox jumps over the lazy dog."
WIDTH = 384  # of a vector of all-MiniLM-L6-v2

OURS = """
import sys
from npdistil import SentenceEncoder
encoder = SentenceEncoder.from_pretrained(sys.argv[1])
encoder.encode(sys.argv[2]).tofile(sys.argv[3])
"""
ONNX_RUNTIME = """
import sys
import numpy as np
import onnxruntime
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
tokenizer.no_padding()
session = onnxruntime.InferenceSession(sys.argv[4], providers=["CPUExecutionProvider"])
encoding = tokenizer.encode(sys.argv[2])
ids = np.array([encoding.ids], np.int64)
mask = np.array([encoding.attention_mask], np.int64)
(hidden,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
mean = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
(mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32).tofile(sys.argv[3])
"""
TRANSFORMERS = """
import sys
import torch
from transformers import AutoModel, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModel.from_pretrained(sys.argv[1]).eval()
batch = tokenizer([sys.argv[2]], return_tensors="pt")
with torch.inference_mode():
    hidden = model(**batch).last_hidden_state
mask = batch["attention_mask"][..., None]
mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
torch.nn.functional.normalize(mean).numpy().tofile(sys.argv[3])
"""
OUR_TOKENIZER = """
import sys
from npdistil import Tokenizer
Tokenizer.from_pretrained(sys.argv[1]).pack(sys.argv[2]).input_ids_T.tofile(sys.argv[3])
"""
THEIR_TOKENIZER = """
import sys
from array import array
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
tokenizer.no_padding()
with open(sys.argv[3], "wb") as file:
    array("i", tokenizer.encode(sys.argv[2]).ids).tofile(file)
"""
# Our start, taken apart: seconds of each part, printed.
PARTS = """
import sys, time
marks = [time.perf_counter()]
def mark(): marks.append(time.perf_counter())
import numpy; mark()
from npdistil import SentenceEncoder, Tokenizer; mark()
tokenizer = Tokenizer.from_pretrained(sys.argv[1]); mark()
encoder = SentenceEncoder.from_pretrained(sys.argv[1]); mark()
Tokenizer.from_pretrained(sys.argv[1]); mark()
encoder.encode(sys.argv[2]); mark()
heavy = [name for name in ("llvmlite.binding", "numba", "scipy") if name in sys.modules]
assert not heavy, heavy
print(*(after - before for before, after in zip(marks, marks[1:])))
"""
PART_NAMES = (
    "import numpy",
    "import npdistil, after numpy",
    "the first tokenizer, with its code",
    "a SentenceEncoder, its code and another tokenizer",
    "another tokenizer",
    "the first text",
)

EMBED = "`npdistil embed` of one line"
EMBEDDING = {
    "npdistil, Python": OURS,
    EMBED: "",  # its command line
    "ONNX Runtime + tokenizers": ONNX_RUNTIME,
    "Transformers + PyTorch": TRANSFORMERS,
}
TOKENIZING = {"npdistil, `Tokenizer`": OUR_TOKENIZER, "`tokenizers`": THEIR_TOKENIZER}


@dataclass(frozen=True)
class Start:
    """One process from its start to its end."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    numbers: list[float]  # what it computed


def start(name: str, folder: Path) -> Start:
    """Run one of EMBEDDING or TOKENIZING.

    Args:
        name: which.
        folder: for files that it writes.

    Raises:
        BenchError: it failed; with the last line that it wrote.
    """
    result = folder / "result.npy"
    result.unlink(missing_ok=True)
    if name == EMBED:
        lines = folder / "lines.txt"
        lines.write_text(TEXT + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "npdistil", "embed", str(lines), "-m", str(MINILM)]
        command += ["-o", str(result)]
    else:
        program = {**EMBEDDING, **TOKENIZING}[name]
        command = [sys.executable, "-c", program, str(MINILM), TEXT, str(result)]
        command.append(str(CACHE / "l6-h384" / "fused.onnx"))
    with (folder / "errors.txt").open("w+", encoding="utf-8") as errors:
        before = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)  # nobody else may wait for it
        if process.returncode:
            errors.seek(0)
            raise BenchError(f"{name}: {(errors.read().strip() or 'no word').splitlines()[-1]}")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Start(
        seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte, _numbers(name, result)
    )


def parts() -> dict[str, float]:
    """Seconds of the parts of our start, by name.

    Raises:
        BenchError: it failed, or imported what no warm start may import.
    """
    done = subprocess.run(
        [sys.executable, "-c", PARTS, str(MINILM), TEXT],
        env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(f"parts: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    return dict(zip(PART_NAMES, map(float, done.stdout.split()), strict=True))


def environment() -> dict[str, str]:
    """This process's, with npdistil found where this tool is, and nobody asking a network.

    Byte code is written by the first start, as an installer does it: nobody is timed compiling
    Python.
    """
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}


def _numbers(name: str, path: Path) -> list[float]:
    content = path.read_bytes()
    if name == EMBED:
        content = content[-4 * WIDTH :]  # behind the header of the .npy file
    numbers = array("i" if name in TOKENIZING else "f")
    numbers.frombytes(content)
    return list(map(float, numbers))
