"""Measure how far we are from Transformers; write parity.json and the README's table.

    python tools/parity_table.py            measure (minutes), write both; the JSON goes into the
                                            package, where `npdistil table` finds it
    python tools/parity_table.py --render   write the README's table from the committed JSON

The comparison is the one of tests/live/test_transformers.py, every model in every format; with
NPDISTIL_DATA also that of tests/data/test_tokenizer_real_texts.py. Numbers beyond the suite's
tolerances are not written: exit code 1. Exit code 2: the weights or the README's markers are
missing.
"""

import argparse
import datetime
import importlib
import json
import os
import platform
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.text.tokenizer import Tokenizer
from tests.tolerances import COSINE
from tools.machine import cpu_name, versions
from tools.readme_block import read_block, replace_block

ROOT = Path(__file__).resolve().parent.parent
MINILM = ROOT / "weights" / "all-MiniLM-L6-v2"
JSON = ROOT / "npdistil" / "checkpoint" / "parity.json"  # `npdistil table` shows it
README = ROOT / "README.md"
PACKAGES = ("numpy", "numba", "torch", "transformers", "tokenizers")
Parity = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", action="store_true", help="only README.md, from the JSON")
    render_only = parser.parse_args(arguments).render
    try:
        readme = README.read_text(encoding="utf-8")
        read_block(readme, "parity")  # fail before the minutes, not after
        if not render_only:
            parity = measure()
            problems = beyond(parity)
            for problem in problems:
                print(f"parity_table: {problem}", file=sys.stderr)
            if problems:
                return 1
            JSON.write_text(json.dumps(parity, indent=2) + "\n", encoding="utf-8")
        parity = json.loads(JSON.read_text(encoding="utf-8"))
        README.write_text(replace_block(readme, "parity", render(parity)), encoding="utf-8")
    except AssertionError as failure:  # of the comparison: zeros, shapes or a text's ids
        print(f"parity_table: {failure}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as failure:
        print(f"parity_table: {failure}", file=sys.stderr)
        return 2
    print(render(parity))
    return 0


# ------------------------------------------------------------------------------------- measuring


def measure() -> Parity:
    """All numbers.

    Raises:
        FileNotFoundError: the real weights are not there.
        AssertionError: the comparison itself found something that is no question of size.
    """
    if not (MINILM / "model.safetensors").exists():
        raise FileNotFoundError(f"{MINILM} is missing; run tools/fetch_weights.py {MINILM.name}")
    peer = importlib.import_module("tests.live.walk")  # it needs torch, the rest not
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    data = os.environ.get("NPDISTIL_DATA")
    with tempfile.TemporaryDirectory() as root:
        models = [measure_model(peer, name, Path(root)) for name in peer.MODELS]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "bounds": {
            **{" ".join(backend): bound for backend, bound in peer.BACKENDS.items()},
            "one_minus_cosine": COSINE,
        },
        "models": models,
        "tokenizer": count_texts(Path(data)) if data else None,
    }


def measure_model(peer: Any, name: str, root: Path) -> Parity:
    """The worst activation of all batches and formats on each backend, and the worst direction."""
    config = peer.config_of(name, MINILM)
    row: Parity = {
        "model": name,
        "layers": config.num_hidden_layers,
        "hidden": config.hidden_size,
        "weights": "real" if name == peer.MINILM else "random",
        "formats": {},
        **{" ".join(backend): 0.0 for backend in peer.BACKENDS},
        "one_minus_cosine": 0.0,
    }
    for step in peer.walk(name, root, MINILM):
        column, worst = f"{step.backend} {step.dtype}", _worst(*step.worst.values())
        row[column] = _worst(row[column], worst)
        by_column = row["formats"].setdefault(step.format, {})
        by_column[column] = _worst(by_column.get(column, 0.0), worst)
        row["one_minus_cosine"] = _worst(row["one_minus_cosine"], step.one_minus_cosine)
    for column in map(" ".join, peer.BACKENDS):
        print(f"{name}, {column}: {row[column]:.1e}", file=sys.stderr)
    return row


def _worst(*differences: float) -> float:
    """The largest, or NaN where one is NaN: for `max` no number is larger than another then."""
    return float(np.max(differences))


def count_texts(data: Path) -> dict[str, int]:
    """How many texts of each source have the same ids, types, masks and offsets: all, or it fails.

    Raises:
        AssertionError: one of them differs.
    """
    import tokenizers

    texts = importlib.import_module("tests.data.test_tokenizer_real_texts")
    pairs = importlib.import_module("tests.data.real_texts").squad(data)
    ours = Tokenizer.from_pretrained(MINILM)
    theirs = tokenizers.Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    sts = dict(texts.glue_dev(data))["STS-B/dev.tsv"]
    questions = list(dict.fromkeys(question for question, _ in pairs))
    return {
        "STS-B dev pairs": texts.check(ours, theirs, sts),
        "SQuAD questions": texts.check(ours, theirs, questions),
    }


def beyond(parity: Parity) -> list[str]:
    """What misses its bound; a number that is no number misses it, too."""
    return [
        f"{row['model']}, {key}: {row[key]:.1e}, at most {bound:g} is allowed"
        for row in parity["models"]
        for key, bound in parity["bounds"].items()
        if not row[key] <= bound
    ]


# ------------------------------------------------------------------------------------- rendering

COLUMNS = ("numpy float64", "numpy float32", "numba float32", "one_minus_cosine")


def render(parity: Parity) -> str:
    """The README's block, without its markers; depends on nothing but its argument."""
    head = ["model", "layers x hidden", *COLUMNS[:3], "1 - cosine"]
    lines = [f"| {' | '.join(head)} |", f"| --- | --- |{' ---: |' * len(COLUMNS)}"]
    for row in parity["models"]:
        numbers = [f"{row[column]:.1e}" for column in COLUMNS]
        cells = [row["model"], f"{row['layers']} x {row['hidden']}", *numbers]
        lines.append(f"| {' | '.join(cells)} |")
    bounds = [f"{parity['bounds'][column]:.0e}" for column in COLUMNS]
    lines.append(f"| *allowed* | | {' | '.join(bounds)} |")
    packages = ", ".join(f"{name} {number}" for name, number in parity["versions"].items())
    formats = list(dict.fromkeys(name for row in parity["models"] for name in row["formats"]))
    real = [row["model"] for row in parity["models"] if row["weights"] == "real"]
    text = [
        "Largest difference of any hidden state, attention map or pooler output from Transformers "
        "in float64, over pairs with padding on either side and in between, one token, and 512 "
        "tokens; and the worst direction of a mean-pooled vector. Each model was read from "
        f"{_listed(formats)}. {_listed(real)} has its real weights, the others random weights of "
        "exactly these shapes, made so that a mistake shows."
    ]
    if parity["tokenizer"]:
        counts = " and ".join(f"{count:,} {name}" for name, count in parity["tokenizer"].items())
        text.append(f"Ids, types, masks and offsets of {counts} equal those of `tokenizers`.")
    machine = f"{parity['cpu']}, Python {parity['python']}, {packages}"
    text.append(f"Measured on {parity['date']} by `make parity`: {machine}.")
    paragraphs = [textwrap.fill(part, 100, break_on_hyphens=False) for part in text]
    return "\n\n".join(["\n".join(lines), *paragraphs])


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


if __name__ == "__main__":
    sys.exit(main())
