"""What Transformers 4.57.6 answers; runs in the environment that make_qa_goldens.py made.

    python tools/qa/peer.py FOLDER < inputs.json > results.json

Inputs are [question, context, options] triples; results stand in their order. An input that the
pipeline refuses is null.
"""

import json
import sys
from typing import Any

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, pipeline


def main() -> None:
    """Answer what is on standard input."""
    torch.set_num_threads(1)
    folder = sys.argv[1]
    answerer: Any = pipeline(
        "question-answering",
        model=AutoModelForQuestionAnswering.from_pretrained(folder),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        device="cpu",
    )
    assert answerer.tokenizer.is_fast
    results: list[Any] = []
    for question, context, options in json.load(sys.stdin):
        try:
            results.append(answerer(question=question, context=context, **options))
        except Exception as failure:
            print(f"{question!r:.60}: {failure}", file=sys.stderr)
            results.append(None)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
