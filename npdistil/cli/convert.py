"""Write a model folder anew with safetensors, from any format that is read."""

import argparse

from ..checkpoint.locate import locate
from ..tasks.convert import convert_folder
from ..tasks.convert_weights import DTYPES
from .messages import say
from .model_options import add_revision
from .print_json import add_json, print_json

EXAMPLE = "npdistil convert downloads/xtremedistil-l6-h256 weights/xtremedistil-l6-h256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil convert`."""
    parser.description = (
        "Write the weights of SOURCE (model.safetensors, its shards, pytorch_model.bin or "
        "tf_model.h5) as model.safetensors into the new folder TARGET, with config.json and the "
        "files of the tokenizer. TARGET appears when it is whole and compared; SOURCE is only read."
        " An interrupted run is resumed by the same command."
    )
    parser.add_argument("source", metavar="SOURCE", help="model folder, or a name at the hub")
    parser.add_argument("target", metavar="TARGET", help="folder that does not exist yet")
    parser.add_argument(
        "--dtype", choices=(*DTYPES,), help="type of all floats; default: as they are stored"
    )
    add_revision(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Convert, and say what was written.

    Raises:
        NpdistilError: the source cannot be used, or the target not be written; nothing is then.
        KeyboardInterrupt: what was written stays, and the same command goes on from there.
    """
    source = locate(options.source, "sentence", options.revision)
    done = convert_folder(
        source,
        options.target,
        options.dtype,
        tell=lambda message: say(f"{options.target}: {message}"),
    )
    if options.json:
        print_json(
            {
                "folder": options.target,
                "tensors": done.tensors,
                "bytes": done.size,
                "source": str(done.source),
            }
        )
        return
    say(
        f"{options.target}: {done.tensors} tensors, {done.size / 1e6:.1f} MB, from {done.source}; "
        "read back and compared"
    )
