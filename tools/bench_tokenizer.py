"""How fast the compiled tokenizer is beside `tokenizers`, and that no text makes it slow.

Both tokenise the same texts in turn, with special tokens and without truncation: we into packed
rows, `tokenizers` with encode_batch_fast. Every repeat has texts that the process has not seen and
tokenizers that were made for it. A run for each number of threads is a process of its own, since
`tokenizers` reads RAYON_NUM_THREADS once. Prints JSON; all times are wall time.

    NPDISTIL_DATA=... python tools/bench_tokenizer.py [--repeats 7] [--model FOLDER]
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.adversarial_texts import FAMILIES, text_of
from tools.machine import cpu_name, processors, versions

ROOT = Path(__file__).parent.parent
Texts = list[str]
Run = Callable[[list[str]], object]
GROWTH_CHARACTERS = 400_000
GROWTH_REPEATS = 5
LARGE_BYTES = 10_000_000


def main() -> None:
    """Run one process for each number of threads, and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--model", type=Path, default=ROOT / "weights" / "all-MiniLM-L6-v2")
    parser.add_argument("--data", type=Path, default=os.environ.get("NPDISTIL_DATA"))
    parser.add_argument("--threads", type=int, help="measure in this process, on so many threads")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name the folder of texts with --data or NPDISTIL_DATA")
    if arguments.threads:
        print(json.dumps(measure(arguments)))
        return
    budgets = dict.fromkeys((1, processors()))
    results = [in_process(arguments, threads) for threads in budgets]
    print(json.dumps({"machine": machine(), "runs": results}, indent=1))


def in_process(arguments: argparse.Namespace, threads: int) -> Any:
    """One run in a fresh process."""
    command = [sys.executable, __file__, "--threads", str(threads)]
    for name in ("repeats", "model", "data"):
        command += [f"--{name}", str(getattr(arguments, name))]
    parallel = "false" if threads == 1 else "true"
    environment = {"RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": parallel}
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Ratios on every kind of text; on one thread also growth and the large text."""
    ours = make_ours(arguments.model, arguments.threads)
    ours(["warm up the code, not the words"])
    kinds = dict(all_kinds(arguments.data, arguments.repeats))
    result: dict[str, Any] = {
        "threads": arguments.threads,
        "against_tokenizers": {
            name: compare(repeats, arguments) for name, repeats in kinds.items()
        },
    }
    if arguments.threads == 1:
        result["growth_per_doubling"] = {name: growth(ours, name) for name in FAMILIES}
        book = " ".join(text for texts in kinds["wikitext-2"] for text in texts)
        book = (book * (LARGE_BYTES // len(book.encode()) + 1))[:LARGE_BYTES]
        result["seconds_for_10_MB"] = {
            "English": seconds(ours, [book]),
            "one word": seconds(ours, ["a" * LARGE_BYTES]),
            "spaces": seconds(ours, [" " * LARGE_BYTES]),
        }
    return result


def compare(repeats: list[Texts], arguments: argparse.Namespace) -> dict[str, float]:
    """Medians over the repeats; who goes first alternates."""
    found: dict[str, list[float]] = {"npdistil": [], "tokenizers": []}
    megabytes = []
    for number, texts in enumerate(repeats):
        engines = {
            "npdistil": make_ours(arguments.model, arguments.threads),
            "tokenizers": make_theirs(arguments.model),
        }
        megabytes.append(sum(len(text.encode()) for text in texts) / 1e6)
        for name in sorted(engines, reverse=number % 2 == 1):
            found[name].append(seconds(engines[name], texts))
    rates = {
        name: statistics.median(size / took for size, took in zip(megabytes, times, strict=True))
        for name, times in found.items()
    }
    ratios = [b / a for a, b in zip(found["npdistil"], found["tokenizers"], strict=True)]
    return {
        "texts": len(repeats[0]),
        "MB": round(statistics.median(megabytes), 3),
        "npdistil_MB_per_s": round(rates["npdistil"], 2),
        "tokenizers_MB_per_s": round(rates["tokenizers"], 2),
        "ratio_median": round(statistics.median(ratios), 1),
        "ratio_smallest": round(min(ratios), 1),
    }


def growth(run: Run, family: str) -> dict[str, float]:
    """Seconds at 4n, and how the time grew from n to 2n and from 2n to 4n: medians."""
    texts = [text_of(family, times * GROWTH_CHARACTERS) for times in (1, 2, 4)]
    took = [[seconds(run, [text]) for text in texts] for _ in range(GROWTH_REPEATS)]
    n, n2, n4 = (statistics.median(column) for column in zip(*took, strict=True))
    size = len(texts[2].encode()) / 1e6
    return {
        "2n/n": round(n2 / n, 2),
        "4n/2n": round(n4 / n2, 2),
        "MB_per_s": round(size / n4, 1),
        "ns_per_character": round(1e9 * n4 / len(texts[2]), 2),
    }


def seconds(run: Run, texts: Texts) -> float:
    """Wall time of one call, the freeing of its result left out."""
    started = time.perf_counter()
    result = run(texts)
    took = time.perf_counter() - started
    del result
    return took


def make_ours(folder: Path, threads: int) -> Run:
    """Texts to packed rows."""
    import npdistil

    pack = npdistil.Tokenizer.from_pretrained(folder, num_threads=threads).pack
    return lambda texts: pack(texts, truncation=False)


def make_theirs(folder: Path) -> Run:
    """Texts to a list of Encodings."""
    import tokenizers

    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    return theirs.encode_batch_fast


def all_kinds(data: Path, repeats: int) -> Iterator[tuple[str, list[Texts]]]:
    """Real texts cut into disjoint parts; of what is scarce, its words in a new order each time."""
    wiki = "".join((data / "text/wikitext-2" / f"{n}.txt").read_text() for n in ("valid", "test"))
    squad = json.loads((data / "squad/cs224n-dev-v2.0.json").read_text())["data"]
    rows = [
        line.split("\t")
        for name in ("train", "dev")
        for line in (data / f"glue/STS-B/{name}.tsv").read_text().splitlines()[1:]
    ]
    real = {
        "wikitext-2": [line for line in wiki.split("\n") if line.strip()],
        "SQuAD contexts": [part["context"] for entry in squad for part in entry["paragraphs"]],
        "STS-B sentences": [*dict.fromkeys(text for row in rows for text in row[7:9])],
    }
    rng = random.Random(5)
    for name, texts in real.items():
        rng.shuffle(texts)
        size = len(texts) // repeats
        yield name, [texts[start * size : (start + 1) * size] for start in range(repeats)]
    emoji = (data / "unicode/emoji-test.txt").read_text().splitlines()
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = {
        "Chinese": [*declaration(data, "cmn_hans").replace(" ", "")],
        "Arabic": declaration(data, "arb").split(),
        "accents": declaration(data, "vie").split(),
        "emoji": [line.split("# ")[1].split(" ")[0] for line in emoji if "; fully" in line],
        "100-character words": ["".join(rng.choices(letters, k=100)) for _ in range(40_000)],
    }
    for name, parts in words.items():
        glue, count = ("", 200) if name == "Chinese" else (" ", 40)
        yield (
            name,
            [[glue.join(rng.choices(parts, k=count)) for _ in range(1000)] for _ in range(repeats)],
        )


def declaration(data: Path, name: str) -> str:
    """The Universal Declaration of Human Rights in one language."""
    with zipfile.ZipFile(data / "text/udhr2.zip") as archive:
        return archive.read(f"udhr2/{name}.txt").decode()


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cpu": cpu_name(),
        "processors": processors(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **versions(("numba", "numpy", "tokenizers")),
    }


if __name__ == "__main__":
    main()
