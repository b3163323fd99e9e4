"""Answer questions with stretches of texts, and say where they stand."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from ..errors import InputError
from ..tasks.answering.asked import as_asked
from ..tasks.answering.question_answering import QuestionAnswering
from .messages import say
from .model_options import add_model
from .read_lines import STDIN, read_lines
from .records import add_output, answer_records, opened_printer

EXAMPLE = 'npdistil answer "Who built the boat?" --context boat.txt -m weights/heads/squad'
FIELDS = ("question", "context")
HEAD = ("question", "score", "start", "end", "answer")
# Options of a call that an option of the command line has, under the same names.
_NUMBERS = {
    "top_k": "answers of each question; default: 1",
    "max_answer_len": "the most tokens of an answer; default: 15",
    "doc_stride": "tokens that neighbouring windows share; default: 128",
    "max_seq_len": "tokens of a window with its question; default: 384",
    "max_question_len": "tokens of a question that are read; default: all",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil answer`."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help='a question, if there is a --context; else a .jsonl file with "question" and '
        '"context" in one JSON object a line; - is stdin',
    )
    add_model(parser)
    parser.add_argument(
        "-c", "--context", metavar="FILE", help="answer from this text file; - is stdin"
    )
    for name, text in _NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help=text)
    parser.add_argument(
        "--no-answer",
        "--handle-impossible-answer",
        action="store_true",
        dest="handle_impossible_answer",
        help="let the empty answer compete",
    )
    parser.add_argument(
        "--null-threshold",
        type=float,
        metavar="X",
        help="no answer where [CLS] is above the best one by more than X (sums of logits)",
    )
    parser.add_argument(
        "--jsonl", action="store_true", help="every INPUT has JSON lines, whatever its name"
    )
    parser.add_argument(
        "--skip-errors",
        action="store_true",
        help="go on after a bad line; an error stands in the place of its result, and exit code 1",
    )
    parser.add_argument("--backend", choices=("numba", "numpy"), default="numba")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Read, answer, print.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: an input or the model is unusable, or options contradict each other.
    """
    context = None if options.context is None else _context(options)
    task = QuestionAnswering.from_pretrained(
        options.model, options.backend, options.threads, options.revision
    )
    names = (*_NUMBERS, "handle_impossible_answer", "null_threshold")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}

    def answer(records: Iterator[dict[str, Any]]) -> Iterator[Any]:
        results: Iterator[Any] = task(records, **given)
        return results

    if context is None:
        return answer_records(options, FIELDS, answer, HEAD, _rows, check=as_asked)
    records = [{"question": asked, "context": context} for asked in options.inputs]
    with ExitStack() as stack:
        printer = opened_printer(options, HEAD, _rows, stack)
        stack.callback(printer.flush)
        for number, result in enumerate(answer(iter(records))):
            printer.result(number + 1, records[number], result)
            if result.num_truncated_tokens:
                say(
                    f"npdistil: warning: {result.num_truncated_tokens} tokens of question "
                    f"{number + 1} were left out"
                )
    return 0


def _context(options: argparse.Namespace) -> str:
    """The file as one text; its lines end in a newline, however they end in the file."""
    for name in ("jsonl", "skip_errors"):
        if getattr(options, name):
            raise InputError(
                f"--{name.replace('_', '-')}: is about INPUT files; with --context every INPUT is "
                "a question."
            )
    context = "\n".join(line.text() for line in read_lines([options.context]))
    for question in options.inputs:
        try:
            as_asked({"question": question, "context": context})
        except InputError as failure:
            name = "standard input" if options.context == STDIN else options.context
            raise InputError(f"{name}: {failure}") from None
    return context


def _rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
    """A row for each answer."""
    for answer in [result] if isinstance(result, dict) else result:
        place = answer["score"], answer["start"], answer["end"]
        yield fields["question"], *place, answer["answer"]
