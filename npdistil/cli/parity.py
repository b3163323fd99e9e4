"""Compare a model with another implementation, activation by activation."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..checkpoint.locate import locate
from ..checkpoint.weights_file import folder_of
from ..errors import InputError
from ..parity.compare import compare
from ..parity.ours import Ours
from ..parity.own_side import OwnSide
from ..parity.side import Side
from ..parity.texts import Text, default_texts
from ..parity.transformers_library import DTYPES
from .messages import printable, say
from .model_options import add_model
from .output_file import checked_output, whole_file
from .print_json import add_json
from .read_records import PAIR, check_pair, read_records

EXAMPLE = "npdistil parity weights/all-MiniLM-L6-v2 --against numpy64"
FAILED = 1
WITH_FILE, ALONE = ("onnx", "npz"), ("transformers", "numpy64")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil parity`."""
    parser.description = (
        "Let npdistil and another implementation compute the same texts, and compare settings, "
        "token ids and every activation that the other one shows with our float64. Exit code 1 if "
        "anything differs by more than rounding."
    )
    add_model(parser, positional=True)
    parser.add_argument(
        "--against",
        nargs="+",
        default=["transformers"],
        metavar="SIDE",
        help="transformers (the default); onnx FILE; npz FILE, which any program can write; or "
        "numpy64: no other program, but our own numba kernels in float32 beside our float64",
    )
    parser.add_argument(
        "--texts",
        metavar="FILE",
        help='one text a line, or a .jsonl file of lines with "text" and, of pairs, "text_pair"; '
        "default: a few that show common mistakes",
    )
    parser.add_argument(
        "--dtype", choices=DTYPES, help="what transformers computes in; default: float64"
    )
    parser.add_argument("--html", metavar="FILE", help="also write the report as one HTML page")
    add_json(parser)


def run(options: argparse.Namespace) -> int | None:
    """Print the report; 1 if the two sides differ.

    Raises:
        NpdistilError: a model, a file or an option is unusable, or nothing can be compared.
    """
    page = None
    if options.html:
        page = checked_output(Path(options.html), (".html", ".htm"), any_case=True)
    kind, file = _chosen(options.against)
    if options.dtype and kind != "transformers":
        raise InputError("--dtype: goes with --against transformers.")
    if options.texts and kind == "npz":
        raise InputError("--texts: does not go with --against npz, whose file has its texts.")
    texts = _read(options.texts) if options.texts else None
    found = locate(options.model, "sentence", options.revision)
    ours = Ours.from_pretrained(found)
    if texts is None:
        texts = default_texts(ours.typed)
    side: Side
    if kind == "npz":
        from ..parity.npz_side import NpzSide

        side = npz = NpzSide.from_file(file)
        texts = npz.texts
    elif kind == "onnx":
        from ..parity.onnx_side import OnnxSide

        side = OnnxSide(file, ours)
    elif kind == "transformers":
        from ..parity.transformers_side import TransformersSide

        side = TransformersSide.from_pretrained(folder_of(found), options.dtype or DTYPES[0])
    else:
        side = OwnSide(ours)
    report = compare(ours, side, texts, str(options.model))
    if page:
        with whole_file(page) as stream:
            stream.write(report.as_html().encode("utf-8"))
        say(f"{page} written")
    if options.json:
        print(report.as_json())
    else:
        for line in report.as_table().split("\n"):
            print(printable(line))
    return None if report.passed else FAILED


def _read(name: str) -> list[Text]:
    """Texts and pairs; an empty second text is none, as for `npdistil classify`."""
    texts: list[Text] = []
    for record in read_records([name], ("text",), skip_errors=True, check=check_pair):
        if record.fields is None:
            raise InputError(record.error)
        first, second = record.fields["text"], record.fields.get(PAIR)
        texts.append((first, second) if second else first)
    if not texts:
        raise InputError(f"--texts: {name} holds none.")
    return texts


def _chosen(against: Sequence[str]) -> tuple[str, str]:
    """The kind of the other side, and its file or ""."""
    kind, *files = against
    if kind not in (*WITH_FILE, *ALONE):
        raise InputError(
            f"--against: expected one of {', '.join((*ALONE, *WITH_FILE))}, received {kind[:40]!r}."
        )
    if len(files) != (kind in WITH_FILE):
        wanted = "one file" if kind in WITH_FILE else "no file"
        raise InputError(f"--against {kind}: takes {wanted}, received {len(files)}.")
    return kind, files[0] if files else ""
