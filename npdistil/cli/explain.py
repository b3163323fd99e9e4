"""Write a page that shows what a model does with a text: pieces, attention, layers, scores."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..arguments import as_text
from ..checkpoint.head_names import TASKS
from ..errors import InputError
from .messages import say
from .model_options import add_model
from .option_types import positive
from .output_file import checked_output, whole_file
from .print_json import add_json, print_json

if TYPE_CHECKING:
    from ..explain.record import Explained

EXAMPLE = 'npdistil explain "It was naïve." -m weights/all-MiniLM-L6-v2 -o page.html'
FORMATS = ("html", "png", "svg")
_SUFFIXES = {".html": "html", ".htm": "html", ".png": "png", ".svg": "svg"}
# Attention takes layers x heads x tokens x tokens bytes: of 6 x 12 heads a page has up to 3 MB.
MAX_LENGTH = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil explain`."""
    parser.description = (
        "Write one HTML file, to be opened in any browser without a network: how the text becomes "
        "ids, whom each token looks at in each head, the arithmetic of a head, and what becomes of "
        "the tokens layer by layer. See docs/explain.md."
    )
    parser.add_argument("text", metavar="TEXT", help="the text itself")
    parser.add_argument("text_pair", nargs="?", metavar="PAIR", help="a second text")
    add_model(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="page.html, or a picture's .png or .svg",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="html: the page; png, svg: a picture of the --head, or of all heads, by matplotlib; "
        "default: what FILE ends in",
    )
    parser.add_argument(
        "--task",
        choices=TASKS,
        help="show what the model's head for it says; default: the encoder alone",
    )
    parser.add_argument(
        "--head",
        type=_layer_and_head,
        metavar="LAYER.HEAD",
        help="what the page opens with, both from 0; default: where words look most at each other; "
        "or the head that a picture shows",
    )
    parser.add_argument(
        "--max-length",
        type=positive,
        metavar="N",
        help=f"tokens at most, [CLS] and [SEP] too; default: {MAX_LENGTH}, for a small page",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Compute the text, write the page or picture, say how large it is.

    Raises:
        NpdistilError: a text, an option or the model is unusable; the output is as it was then.
    """
    formats = FORMATS if options.format is None else (options.format,)
    suffixes = [suffix for suffix, name in _SUFFIXES.items() if name in formats]
    output = checked_output(Path(options.output), suffixes, any_case=True)
    for name, text in (("TEXT", options.text), ("PAIR", options.text_pair)):
        if text is not None and not as_text(text, name).strip():
            raise InputError(f"{name}: is empty; there is nothing to explain.")
    file_format = _SUFFIXES[output.suffix.lower()]
    if file_format != "html":
        from ..explain.plots import require_matplotlib

        require_matplotlib()
    from ..explain.record import explained
    from ..tasks.traced_model import TracedModel

    model = TracedModel.from_pretrained(options.model, options.task, revision=options.revision)
    asked = MAX_LENGTH if options.max_length is None else options.max_length
    try:
        shown = explained(
            model,
            options.text,
            options.text_pair,
            name=Path(options.model).resolve().name,
            max_length=asked,
            head=options.head,
        )
    except InputError as failure:
        argument, colon, rest = str(failure).partition(":")
        word = {"text": "TEXT", "text_pair": "PAIR"}.get(argument, argument)
        raise InputError(f"{word}{colon}{rest}") from None
    _say_cut(shown, asked, model.max_length)
    content = _content(shown, file_format, options.head)
    with whole_file(output) as stream:
        stream.write(content)
    tokens = len(shown["tokens"])
    if options.json:
        cut = sum(way["cut"] for way in shown["ways"])
        print_json(
            {
                "output": str(output),
                "bytes": len(content),
                "tokens": tokens,
                "num_truncated_tokens": cut,
                "start": shown["start"],
            }
        )
    else:
        say(f"{tokens} tokens, {len(content) / 1e6:.2f} MB -> {output}")


def _content(shown: "Explained", file_format: str, head: tuple[int, int] | None) -> bytes:
    """The page, or the picture of one head or of all."""
    if file_format == "html":
        from ..explain.page import page_html

        return page_html(shown).encode()
    from ..explain.plots import drawn, grid_figure, head_figure

    figure = grid_figure(shown) if head is None else head_figure(shown, *head)
    return drawn(figure, file_format)


def _say_cut(shown: "Explained", asked: int, takes: int) -> None:
    """A warning for each text that lost its end."""
    if asked < takes:
        why = f"the page shows {asked}; --max-length N shows up to {takes}"
    else:
        why = f"the model takes {takes}"
    for name, way in zip(("TEXT", "PAIR"), shown["ways"], strict=False):
        if way["cut"]:
            count = "1 token" if way["cut"] == 1 else f"{way['cut']} tokens"
            verb = "is" if way["cut"] == 1 else "are"
            say(f"npdistil: warning: {count} of {name} {verb} left out: {why}")


def _layer_and_head(text: str) -> tuple[int, int]:
    """For argparse's `type`: two numbers with a dot between them.

    >>> _layer_and_head("5.10")
    (5, 10)
    """
    layer, _, head = text.partition(".")
    if not (layer.isdecimal() and head.isdecimal() and text.isascii() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"expected LAYER.HEAD, such as 5.3, not {text[:40]}")
    return int(layer), int(head)
