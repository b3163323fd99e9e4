"""Answer questions with stretches of texts, and say where they stand."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from ..errors import InputError
from ..tasks.answering.asked import as_asked
from ..tasks.answering.options import checked_options
from ..tasks.answering.question_answering import QuestionAnswering
from .messages import say
from .model_options import add_engine, add_model, loaded
from .option_names import in_options
from .option_types import not_negative, positive
from .read_lines import STDIN, source_of
from .read_records import JSON_SUFFIX
from .read_texts import given_texts, read_texts
from .records import add_lines, add_output, answer_records, opened_printer, say_empty

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
_OF_ROOM = ("doc_stride", "max_seq_len", "max_question_len")
MAX_TOKENS = 1 << 20  # more than any model takes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil answer`."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a question, or - for one a line from stdin, if there is a --context; else a .jsonl "
        'file with "question" and "context" in one JSON object a line, or - for stdin',
    )
    add_model(parser)
    parser.add_argument(
        "-c", "--context", metavar="FILE", help="answer from this text file; - is stdin"
    )
    for name, text in _NUMBERS.items():
        kind = not_negative if name == "doc_stride" else positive
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=text)
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
    add_lines(parser)
    add_engine(parser)
    add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Read, answer, print.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: an input or the model is unusable, or options contradict each other.
    """
    texts = [name for name in options.inputs if " " in name and not name.endswith(JSON_SUFFIX)]
    if options.context is None and texts and not options.jsonl:
        raise InputError("INPUT: a question goes with --context FILE, the text that answers it.")
    questions: list[str] = []
    context = None
    if options.context is not None:
        questions, context = _questions(options), _context(options.context)
    names = (*_NUMBERS, "handle_impossible_answer", "null_threshold")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    checked_options(limit=MAX_TOKENS, **given)  # what can be known before the model is loaded
    task = loaded(QuestionAnswering.from_pretrained, options)
    of_room = {name: given[name] for name in _OF_ROOM if name in given}

    def check(fields: dict[str, Any]) -> None:
        asked = as_asked(fields)
        try:
            task.expect_room(asked.question, asked.context, **of_room)
        except InputError as failure:
            raise InputError(in_options(str(failure), options.parser)) from None

    def answer(records: Iterator[dict[str, Any]]) -> Iterator[Any]:
        results: Iterator[Any] = task(records, **given)
        return results

    if context is None:
        return answer_records(options, FIELDS, answer, HEAD, _rows, check=check)
    records = [{"question": asked, "context": context} for asked in questions]
    for number, record in enumerate(records, 1):
        try:
            check(record)
        except InputError as failure:
            raise InputError(f"question {number}: {failure}") from None
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
    if not questions:
        say_empty()
    return 0


def _questions(options: argparse.Namespace) -> list[str]:
    """What is asked about the --context."""
    for name in ("jsonl", "skip_errors"):
        if getattr(options, name):
            raise InputError(
                f"--{name.replace('_', '-')}: is about INPUT files; with --context every INPUT is "
                "a question."
            )
    if options.context == STDIN and STDIN in options.inputs:
        raise InputError("-: standard input holds questions or the --context, not both.")
    questions = given_texts(options.inputs, "INPUT")
    for number, question in enumerate(questions, 1):
        if not question:
            raise InputError(f"question {number}: is empty; say what is asked.")
    return questions


def _context(name: str) -> str:
    """The file as one text; its lines end in a newline, however they end in the file."""
    context = "\n".join(read_texts([name]))
    if not context:
        raise InputError(f"{source_of(name)}: is empty; --context needs a text to answer from.")
    return context


def _rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
    """A row for each answer."""
    for answer in [result] if isinstance(result, dict) else result:
        place = answer["score"], answer["start"], answer["end"]
        yield fields["question"], *place, answer["answer"]
