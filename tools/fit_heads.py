"""Fit small heads over all-MiniLM-L6-v2: tests and examples want answers that mean something.

    python tools/fit_heads.py [NAME ...] [--again]

Writes weights/heads/{sst2,wnut17,squad,wikitext}, folders as Transformers saves them, from the
texts of NPDISTIL_DATA: a few minutes of two cores. A folder that was made by the same tool from the
same files is left as it is; `--again` makes it anyway. What each scores on data that it did not
learn from stands in its fitted.json. Exit code 2: the data or the weights are missing.
"""

import argparse
import hashlib
import importlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.fitting.examples import FILES, SST2_LABELS, WNUT_LABELS
from tools.task_cases.models import FITTED, MINILM, ROOT, data_folder

HEADS = ROOT / "weights" / "heads"
FITTING = ROOT / "tools" / "fitting"
# Name -> class of Transformers, and the labels of its scores.
MADE_OF: dict[str, tuple[str, tuple[str, ...]]] = {
    "sst2": ("BertForSequenceClassification", SST2_LABELS),
    "wnut17": ("BertForTokenClassification", WNUT_LABELS),
    "squad": ("BertForQuestionAnswering", ()),
    "wikitext": ("BertForMaskedLM", ()),
}


def main(arguments: list[str] | None = None) -> int:
    """Fit what is missing or was made otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FITTED)}")
    parser.add_argument("--again", action="store_true", help="also what is there")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(FITTED):
        parser.error(f"no such head: {', '.join(sorted(unknown))}")
    try:
        data = data_folder()
        keys = {name: key_of(name, data) for name in options.names or FITTED}
    except OSError as failure:
        print(f"fit_heads: {failure}", file=sys.stderr)
        return 2
    for name, key in keys.items():
        if options.again or not is_current(HEADS / name, key):
            start = time.perf_counter()
            scores = make(name, data, HEADS / name, key)
            shown = ", ".join(f"{what} {value:.1f}" for what, value in scores.items())
            print(f"{name}: {shown} ({time.perf_counter() - start:.0f} s)", flush=True)
    return 0


def key_of(name: str, data: Path) -> str:
    """A hash of all that a head is made of, but for the versions of torch and Transformers.

    Raises:
        OSError: a file is missing.
    """
    found = hashlib.sha256()
    sources = (Path(__file__), *(FITTING / f"{part}.py" for part in ("body", "examples", name)))
    for path in (*sources, *(data / file for file in FILES[name]), MINILM / "model.safetensors"):
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def is_current(folder: Path, key: str) -> bool:
    """Whether a folder is whole and has this key; it gets its name last."""
    try:
        found = json.loads((folder / "fitted.json").read_text("utf-8"))
    except FileNotFoundError:
        return False
    return bool(found["key"] == key)


def make(name: str, data: Path, folder: Path, key: str) -> dict[str, float]:
    """Fit one head and write its folder; returns its scores."""
    torch = importlib.import_module("torch")
    transformers = importlib.import_module("transformers")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    class_name, labels = MADE_OF[name]
    model = getattr(transformers, class_name).from_pretrained(MINILM, **_labels(labels)).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM, model_max_length=512)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    scores: dict[str, float] = importlib.import_module(f"tools.fitting.{name}").learn(
        model, tokenizer, data
    )
    aside = folder.parent / f".{name}.{os.getpid()}"
    model.save_pretrained(aside)
    tokenizer.save_pretrained(aside)
    (aside / "fitted.json").write_text(json.dumps({"key": key, "scores": scores}, indent=2))
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return scores


def _labels(labels: tuple[str, ...]) -> dict[str, Any]:
    if not labels:
        return {}
    numbers = {label: number for number, label in enumerate(labels)}
    return {"id2label": dict(enumerate(labels)), "label2id": numbers}


if __name__ == "__main__":
    sys.exit(main())
