"""What the tokenizers are timed with: real texts, and words of one kind."""

import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

Texts = list[str]


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
