"""A warning that shows the line of the user's program, however deep in the package it arises."""

import os
import sys
import warnings
from pathlib import Path

PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


def warn_user(message: str) -> None:
    """Warn, at the innermost line that is not of this package.

    Python 3.12 does it with `skip_file_prefixes`.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
