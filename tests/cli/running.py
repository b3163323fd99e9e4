"""Running the command line inside the test's process."""

import io
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from npdistil.cli import main


@dataclass(frozen=True)
class Done:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that an error is: exit code 2, nothing on standard output."""
        assert (self.code, self.out) == (2, "")
        assert self.err.endswith("\n") and self.err.count("\n") == 1
        assert ": error: " in self.err
        return self.err.rstrip("\n")


def runner(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Done]:
    """A function that runs `npdistil ARGUMENTS`, with bytes or a stream on standard input."""

    def run(*arguments: object, stdin: Any = b"") -> Done:
        if isinstance(stdin, bytes):
            stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="ascii")
        monkeypatch.setattr(sys, "stdin", stdin)
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # as Python starts, not as these tests do
            try:
                code = main([str(argument) for argument in arguments])
            except SystemExit as stop:
                code = 0 if stop.code is None else stop.code
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run
