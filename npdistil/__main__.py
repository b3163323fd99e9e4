"""`python -m npdistil`, for where the `npdistil` script is not on the path."""

from .cli import program

program()
