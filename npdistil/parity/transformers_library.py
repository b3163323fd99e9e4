"""torch and transformers as libraries: whether they are there, and how they are kept quiet."""

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import InputError

DTYPES = ("float64", "float32")  # that a folder is loaded in; the first if nobody says


def expect_installed() -> None:
    """Say what is missing.

    Raises:
        InputError: torch or transformers cannot be imported.
    """
    missing = [name for name in ("torch", "transformers") if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(
            f"transformers: needs {' and '.join(missing)}, which npdistil itself does without: "
            "pip install torch transformers."
        )


@contextmanager
def quiet() -> Iterator[None]:
    """No bars and no advice while a model is loaded."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
