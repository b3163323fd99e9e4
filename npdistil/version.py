"""Which npdistil this is; a part of every key under which something is kept."""

__version__ = "0.1.0"
