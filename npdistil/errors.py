"""The exceptions that bad input meets, whatever was wrong with it.

Each message says what was wrong, what was received, and what to do about it.
"""


class NpdistilError(Exception):
    """Base class: `except NpdistilError` catches everything this package raises on purpose."""


class InputError(NpdistilError, ValueError):
    """An argument is unusable: ids out of range, wrong dtype or rank, text that is no string."""


class ConfigError(NpdistilError, ValueError):
    """A configuration is malformed, contradicts itself, or asks for something that is not built."""


class ModelFileError(NpdistilError, ValueError):
    """A model file is missing, damaged, or does not hold what its configuration promises."""


class TokenizerError(NpdistilError, ValueError):
    """A vocabulary or tokenizer file is unusable or contradicts another one."""
