"""Python's arguments in messages, as options of the command line."""

import argparse

import pytest

from npdistil.cli.model_options import add_engine
from npdistil.cli.option_names import in_options
from npdistil.cli.option_types import not_negative, positive, words


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    add_engine(parser)
    parser.add_argument("inputs", nargs="+", metavar="INPUT")
    parser.add_argument("-k", "--top-k", type=positive, metavar="N")
    parser.add_argument("--stride", type=not_negative, metavar="N")
    parser.add_argument("--output", metavar="FILE")
    return parser


@pytest.mark.parametrize(
    "message, said",
    [
        ("top_k: at least 1.", "--top-k: at least 1."),
        ("num_threads: not 0.", "--threads: not 0."),
        (
            "stride: too large for top_k=5; lower it.",
            "--stride: too large for --top-k=5; lower it.",
        ),
        ("lower the stride, or raise top_k.", "lower the stride, or raise --top-k."),
        ("a/top_k: no such file.", "a/top_k: no such file."),
        ("top_k.txt: no such file.", "top_k.txt: no such file."),
        ("output: exists already.", "output: exists already."),
        ("inputs: no such file.", "inputs: no such file."),
        ("batch_size: unknown.", "batch_size: unknown."),
    ],
)
def test_in_options(parser, message, said):
    """Catches an argument that nobody can type, and a file's name that is taken for one."""
    assert in_options(message, parser) == said


def test_words():
    """Catches empty words between commas, and blanks that become part of a word."""
    assert words(" a,b c ,,") == ["a", "b c"] and words(" , ") == []


@pytest.mark.parametrize(
    "kind, text, message",
    [
        (positive, "0", "a positive integer, not 0"),
        (positive, "1.5", "a positive integer, not 1.5"),
        (not_negative, "-1", "an integer from 0, not -1"),
    ],
)
def test_numbers(kind, text, message):
    """Catches a number that is refused only when the model is loaded."""
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        kind(text)
    assert (positive("7"), not_negative("0")) == (7, 0)
