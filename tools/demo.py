"""Embed a small almanac of sentences and answer three questions with it.

Prints a ranked table (score, sentence) for each question and one line of timing.
"""

import sys
import time
from pathlib import Path

import numpy as np

import npdistil

ROOT = Path(__file__).parent.parent
SENTENCES = Path(__file__).parent / "demo" / "sentences.txt"
MODEL = ROOT / "weights" / "all-MiniLM-L6-v2"
QUERIES = (
    "signs that a volcano will blow soon",
    "drinks that spoil your rest at bedtime",
    "how mariners knew their location before satellites",
)
SHOWN = 3


def main() -> int:
    """Run the demo; 0 when it went well, 2 when the model cannot be read."""
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()
    try:
        start = time.perf_counter()
        encoder = npdistil.SentenceEncoder.from_pretrained(MODEL)
        loaded = time.perf_counter()
        corpus_BD = encoder.encode(sentences)
        embedded = time.perf_counter()
    except npdistil.NpdistilError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2

    scores_QB = encoder.encode(QUERIES) @ corpus_BD.T  # cosines: the vectors have length 1
    for query, scores_B in zip(QUERIES, scores_QB, strict=True):
        print(f"\n{query}?")
        for best in np.argsort(-scores_B)[:SHOWN]:
            print(f"  {scores_B[best]:.3f}  {sentences[best]}")

    seconds = embedded - loaded
    print(
        f"\n{len(sentences)} sentences in {seconds:.2f} s ({len(sentences) / seconds:.0f} a second)"
        f" after {loaded - start:.2f} s of loading."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
