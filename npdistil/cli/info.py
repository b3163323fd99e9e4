"""Say what a model folder holds: architecture, parameters, files, pooling, longest text."""

import argparse
import math
import warnings
from collections import Counter
from collections.abc import Mapping

from ..checkpoint.load import describe_encoder
from ..checkpoint.locate import locate
from ..checkpoint.weights_file import folder_of
from ..config import EncoderConfig
from ..tasks.sentence_config import SentenceConfig, read_sentence_config
from ..text.tokenizer import Tokenizer
from .model_options import add_model

EXAMPLE = "npdistil info weights/all-MiniLM-L6-v2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil info`."""
    add_model(parser, positional=True)


def run(options: argparse.Namespace) -> None:
    """Print what a folder says of itself, and find out where it contradicts itself.

    Of the weights only the header is read: names, types and shapes, but no values.

    Raises:
        NpdistilError: a file is missing, damaged, or contradicts another.
    """
    model = locate(options.model, "sentence", options.revision)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "pooling is a guess" is said in the table
        sentence = read_sentence_config(folder_of(model), None)
    config, shapes, stored = describe_encoder(
        model if model.is_file() else sentence.transformer_folder
    )
    # Nothing is tokenized, so nothing need be compiled for it.
    tokenizer = Tokenizer.from_pretrained(sentence.transformer_folder, backend="python")
    rows = [
        ("architecture", _architecture(config)),
        ("vocabulary", f"{tokenizer.vocab_size:,} pieces in a table of {config.vocab_size:,}"),
        ("lower-cases", "yes" if tokenizer.settings.do_lower_case else "no"),
        *_parameters(shapes),
        ("stored as", f"{stored.format}, {stored.dtype}, {stored.file_bytes / 1e6:.1f} MB"),
        ("values", "not checked: only the header was read; `npdistil verify` reads all"),
        ("not used", ", ".join(stored.ignored) or "nothing"),
        ("pooling", _pooling(sentence)),
        ("longest text", _longest(config, tokenizer, sentence)),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


def _architecture(config: EncoderConfig) -> str:
    return (
        f"{config.model_type}, {config.num_hidden_layers} layers x {config.hidden_size}, "
        f"{config.num_attention_heads} heads of {config.head_size}, "
        f"intermediate {config.intermediate_size}, {config.hidden_act}"
    )


def _parameters(shapes: Mapping[str, tuple[int, ...]]) -> list[tuple[str, str]]:
    sizes: Counter[str] = Counter()
    for path, shape in shapes.items():
        sizes[path.partition(".")[0]] += math.prod(shape)
    parts = [(f"  {part}", f"{size:,}") for part, size in sizes.items()]
    return [("parameters", f"{sizes.total():,}"), *parts]


def _pooling(sentence: SentenceConfig) -> str:
    parts = [" + ".join(sentence.pooling.modes)]
    parts += [
        f"Dense {module.in_features} to {module.out_features} ({module.activation})"
        if module
        else "normalised"
        for module in sentence.modules
    ]
    return ", ".join(parts) + (" (a guess: no modules.json)" if sentence.guessed else "")


def _longest(config: EncoderConfig, tokenizer: Tokenizer, sentence: SentenceConfig) -> str:
    positions = config.max_position_embeddings
    wanted = sentence.max_seq_length or tokenizer.model_max_length or positions
    return f"{min(wanted, positions)} tokens as a sentence, {positions} positions"
