"""Classify texts or pairs of texts, by the model's labels or by any labels."""

import argparse
from collections.abc import Iterator
from typing import Any

from ..errors import InputError
from ..tasks.classification.scores import FUNCTIONS
from ..tasks.classification.text_classification import TextClassification
from ..tasks.classification.zero_shot import ZeroShotClassification
from .model_options import add_engine, add_model, loaded
from .option_types import words
from .read_records import PAIR, check_pair
from .records import Answer, add_records, answer_records

EXAMPLE = "npdistil classify texts.txt -m weights/heads/sst2 --top-k 2"
HEAD = ("text", "label", "score")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil classify`."""
    add_records(parser)
    add_model(parser)
    parser.add_argument("--top-k", type=_top_k, metavar="N", help='best labels to show, or "all"')
    parser.add_argument(
        "--function-to-apply",
        choices=tuple(FUNCTIONS),
        help="logits to scores; default: what the model's problem type says",
    )
    any_labels = parser.add_argument_group("any labels, by a model of inference (NLI)")
    any_labels.add_argument(
        "--labels", type=words, metavar="A,B,C", help="labels with commas between them"
    )
    any_labels.add_argument(
        "--hypothesis-template", metavar="T", help='default: "This example is {}."'
    )
    any_labels.add_argument("--multi-label", action="store_true", help="score each label by itself")
    add_engine(parser)


def run(options: argparse.Namespace) -> int:
    """Read, classify, print; a line of a .jsonl file may have a "text_pair".

    Raises:
        NpdistilError: an input or the model is unusable, or options contradict each other.
    """
    if options.labels == []:
        raise InputError("--labels: expected at least one label, received none.")
    answer = _by_its_labels(options) if options.labels is None else _by_any_labels(options)
    check = check_pair if options.labels is None else _check_text
    return answer_records(options, ("text",), answer, HEAD, _rows, check=check)


def _by_its_labels(options: argparse.Namespace) -> Answer:
    for name, default in (("hypothesis_template", None), ("multi_label", False)):
        if getattr(options, name) != default:
            raise InputError(f"--{name.replace('_', '-')}: works with --labels only.")
    task = loaded(TextClassification.from_pretrained, options)
    top_k = {} if options.top_k is None else {"top_k": options.top_k}
    if options.top_k == "all":
        top_k["top_k"] = None

    def answer(records: Iterator[dict[str, Any]]) -> Iterator[Any]:
        inputs = ({"text": record["text"], PAIR: record.get(PAIR)} for record in records)
        results: Iterator[Any] = task(inputs, function_to_apply=options.function_to_apply, **top_k)
        return results

    return answer


def _by_any_labels(options: argparse.Namespace) -> Answer:
    if options.function_to_apply is not None:
        raise InputError("--function-to-apply: does not work with --labels.")
    task = loaded(ZeroShotClassification.from_pretrained, options)
    template = options.hypothesis_template
    chosen = {} if template is None else {"hypothesis_template": template}
    shown = None if options.top_k in (None, "all") else options.top_k

    def answer(records: Iterator[dict[str, Any]]) -> Iterator[Any]:
        texts = (record["text"] for record in records)
        for found in task(texts, options.labels, multi_label=options.multi_label, **chosen):
            found["labels"], found["scores"] = found["labels"][:shown], found["scores"][:shown]
            yield found

    return answer


def _rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
    """A row for each label that is shown."""
    if "labels" in result:
        for label, score in zip(result["labels"], result["scores"], strict=True):
            yield fields["text"], label, score
    else:
        for row in [result] if isinstance(result, dict) else result:
            yield fields["text"], row["label"], row["score"]


def _check_text(fields: dict[str, Any]) -> None:
    if PAIR in fields:
        raise InputError(f'field "{PAIR}": does not go with --labels, which make the pairs.')
    if not fields["text"]:
        raise InputError("the text is empty; there is nothing to classify.")


def _top_k(value: str) -> int | str:
    if value == "all":
        return value
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise argparse.ArgumentTypeError(f'expected a positive integer or "all", received {value!r}')
