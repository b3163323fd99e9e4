"""Embed texts, one a line, and write their vectors to a file."""

import argparse
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from ..encoder.backend import POOLINGS
from ..errors import InputError
from ..tasks.embedding.request import PRECISIONS
from ..tasks.sentence_encoder import SentenceEncoder
from .embed_job import EmbedJob
from .input_shard import Shard, shard_lines, total_size
from .messages import say
from .model_options import add_engine, add_model, add_prompt
from .option_types import not_negative, positive
from .output_file import expect_no_input, is_special
from .partial_file import exists_already, partial_path
from .print_json import add_json, print_json
from .quantized_blocks import BY_RANGE, quantized_blocks, quantized_row
from .read_lines import read_lines
from .read_records import RecordReader
from .records import add_inputs, report_skipped, warn_truncated
from .write_vectors import checked_vector_file, write_vectors

EXAMPLE = "npdistil embed texts.txt -m weights/all-MiniLM-L6-v2 -o vectors.npy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil embed`."""
    parser.description = (
        "Embed each line of the inputs. Blocks of rows are kept in OUTPUT.partial until all are "
        "done; an interrupted run goes on from there with --resume, to the same bytes as if "
        "nothing had happened. See docs/command-line.md."
    )
    add_inputs(parser)
    add_model(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="out.npy, out.jsonl, out.parquet or out.safetensors, by suffix",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on where an interrupted run ended, if one did"
    )
    parser.add_argument(
        "--shard",
        type=Shard.of,
        metavar="I/N",
        help="only part I, from 0, of N parts of the files; the parts' outputs, one behind "
        "another, are the whole",
    )
    parser.add_argument(
        "--field", default="text", metavar="NAME", help="of JSON lines; default: text"
    )
    add_encoding(parser)
    add_json(parser)
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=32,
        metavar="N",
        help="texts at a time, if all are of the greatest length; default: 32",
    )
    add_engine(parser)
    parser.add_argument("--pooling", choices=POOLINGS, help="default: what the folder says")


def add_encoding(parser: argparse.ArgumentParser) -> None:
    """What a vector is like: --prompt, --prompt-name, --normalize, --truncate-dim and so on."""
    add_prompt(parser, "each text")
    parser.add_argument(
        "--long",
        action="store_true",
        help="keep the ends of texts that do not fit: pool over windows of them",
    )
    parser.add_argument(
        "--stride", type=not_negative, metavar="N", help="with --long: tokens that windows share"
    )
    parser.add_argument(
        "--normalize", action="store_true", help="scale to length 1 where the folder does not"
    )
    parser.add_argument(
        "--truncate-dim", type=positive, metavar="N", help="keep the first N features"
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="of the output; int8 and uint8 by each feature's range over all rows",
    )


def run(options: argparse.Namespace) -> int:
    """Read, embed, write; 1 if lines were skipped.

    Raises:
        NpdistilError: any input is unusable; the output is as it was then.
        KeyboardInterrupt: what was done is kept, and --resume goes on from there.
    """
    output = checked_vector_file(Path(options.output))
    expect_no_input(output, options.inputs)
    if options.stride is not None and not options.long:  # now, not after the model is loaded
        raise InputError("--stride: works with --long only.")
    if options.shard is not None and options.precision in BY_RANGE:
        raise InputError(
            f"--shard: {options.precision} needs the ranges of all rows; take float32, and round "
            "when the parts are together."
        )
    _check_partial(output, options.resume)
    reader = RecordReader(
        options.inputs, (options.field,), jsonl=options.jsonl, skip_errors=options.skip_errors
    )
    if options.shard is None:
        lines = read_lines(options.inputs)
    else:
        lines = shard_lines(options.inputs, options.shard)
    encoder = SentenceEncoder.from_pretrained(
        options.model, options.backend, options.threads, options.pooling, options.revision
    )
    start = time.perf_counter()
    job = EmbedJob(output, encoder, _encode_options(options), _settings(options), reader)
    features, dtype = quantized_row(job.features, options.precision)
    with closing(job.run(lines, options.resume)) as done:
        try:
            blocks = quantized_blocks(done.blocks, options.precision)
            write_vectors(output, blocks, (done.rows, features), dtype, done.new_output)
        except InputError as failure:
            raise InputError(f"{failure} {job.kept(done)}") from None
        except KeyboardInterrupt:
            say(f"npdistil: {job.kept(done)}")
            raise
        done.remove()
    seconds = time.perf_counter() - start
    if options.json:
        print_json(
            {
                "output": str(output),
                "texts": done.rows,
                "features": features,
                "seconds": seconds,
                "skipped": done.bad,
                "truncated": done.truncated,
                "tokens_lost": done.tokens_lost,
            }
        )
    else:
        say(f"{done.rows} texts, {features} features, {seconds:.2f} s -> {output}")
    warn_truncated(done.truncated, done.rows, done.tokens_lost)
    return report_skipped(done.bad, done.rows, done.first_errors)


def _encode_options(options: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of `SentenceEncoder.encode`; --precision comes when all rows are there."""
    return {
        "prompt": options.prompt,
        "prompt_name": options.prompt_name,
        "batch_size": options.batch_size,
        "show_progress_bar": False,
        "normalize_embeddings": options.normalize,
        "truncate_dim": options.truncate_dim,
        "long": options.long,
        "stride": options.stride,
    }


# What changes rows, so that a resumed run must have the same.
_SAME = (
    "--field",
    "--jsonl",
    "--pooling",
    "--backend",
    "--prompt",
    "--prompt-name",
    "--normalize",
    "--truncate-dim",
    "--long",
    "--stride",
)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What must be the same when the job is resumed, besides model and lines."""
    given = vars(options)
    settings = {name: given[name.removeprefix("--").replace("-", "_")] for name in _SAME}
    settings["format"] = Path(options.output).suffix
    if options.backend == "numpy":  # there a row depends on its neighbours, in its last bits
        settings["--batch-size"] = options.batch_size
    if options.shard is not None:  # what its lines are depends on all files
        settings["--shard"] = str(options.shard)
        settings["bytes of all inputs"] = total_size(options.inputs)
    return settings


def _check_partial(output: Path, resume: bool) -> None:
    if is_special(output):
        if resume:
            raise InputError(f"{output}: is no file, so nothing of it could be kept to --resume.")
    elif not resume and partial_path(output).exists():
        raise exists_already(partial_path(output))
