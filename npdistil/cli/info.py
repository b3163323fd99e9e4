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
from .print_json import add_json, print_json

EXAMPLE = "npdistil info weights/all-MiniLM-L6-v2"

# Of the configuration, under its own names.
_SHOWN = (
    "model_type",
    "num_hidden_layers",
    "hidden_size",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "vocab_size",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil info`."""
    add_model(parser, positional=True)
    add_json(parser)


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
    sizes = _sizes(shapes)
    if options.json:
        print_json(
            {
                **{name: getattr(config, name) for name in _SHOWN},
                "vocabulary": tokenizer.vocab_size,
                "do_lower_case": tokenizer.settings.do_lower_case,
                "parameters": {"all": sum(sizes.values()), **sizes},
                "stored": stored._asdict(),
                "pooling": _pooling(sentence),
                "max_seq_length": _longest(config, tokenizer, sentence),
            }
        )
        return
    rows = [
        ("architecture", _architecture(config)),
        ("vocabulary", f"{tokenizer.vocab_size:,} pieces in a table of {config.vocab_size:,}"),
        ("lower-cases", "yes" if tokenizer.settings.do_lower_case else "no"),
        ("parameters", f"{sum(sizes.values()):,}"),
        *((f"  {part}", f"{size:,}") for part, size in sizes.items()),
        ("stored as", f"{stored.format}, {stored.dtype}, {stored.file_bytes / 1e6:.1f} MB"),
        ("values", "not checked: only the header was read; `npdistil verify` reads all"),
        ("not used", ", ".join(stored.ignored) or "nothing"),
        ("pooling", _pooling(sentence)),
        ("longest text", _longest_text(config, tokenizer, sentence)),
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


def _sizes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Parameters of each part."""
    sizes: Counter[str] = Counter()
    for path, shape in shapes.items():
        sizes[path.partition(".")[0]] += math.prod(shape)
    return dict(sizes)


def _pooling(sentence: SentenceConfig) -> str:
    parts = [" + ".join(sentence.pooling.modes)]
    parts += [
        f"Dense {module.in_features} to {module.out_features} ({module.activation})"
        if module
        else "normalised"
        for module in sentence.modules
    ]
    return ", ".join(parts) + (" (a guess: no modules.json)" if sentence.guessed else "")


def _longest(config: EncoderConfig, tokenizer: Tokenizer, sentence: SentenceConfig) -> int:
    return config.row_limit(sentence.max_seq_length or tokenizer.model_max_length)


def _longest_text(config: EncoderConfig, tokenizer: Tokenizer, sentence: SentenceConfig) -> str:
    longest = _longest(config, tokenizer, sentence)
    return f"{longest} tokens as a sentence, {config.max_position_embeddings} positions"
