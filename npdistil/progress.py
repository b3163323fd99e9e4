"""A progress bar on standard error: tqdm where it is installed, else a plain counter."""

import importlib
import importlib.util
import sys
from types import TracebackType
from typing import Any, Protocol, Self


class Progress(Protocol):
    """The part of tqdm that is used here."""

    def update(self, n: int) -> object:
        """`n` more are done."""
        ...

    def __enter__(self) -> Any: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


def progress(total: int | None, unit: str, show: bool | None) -> Progress:
    """A bar for `total` units; `show=None` shows it where standard error is a terminal.

    Where nobody knows the total it is None, and the bar only counts.
    """
    # A process without standard error (pythonw, a daemon) has None there.
    if sys.stderr is None or not (sys.stderr.isatty() if show is None else show):
        return _Silent()
    if importlib.util.find_spec("tqdm"):
        bar: Progress = importlib.import_module("tqdm").tqdm(total=total, unit=f" {unit}")
        return bar
    return _Counter(total, unit)


class _Silent:
    def update(self, n: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Counter(_Silent):
    """One line, written over and over: `  320/1000 texts`."""

    def __init__(self, total: int | None, unit: str) -> None:
        self._done, self._unit = 0, unit
        self._of = "" if total is None else f"/{total}"

    def update(self, n: int) -> None:
        self._done += n
        sys.stderr.write(f"\r{self._done:>7}{self._of} {self._unit}")
        sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        sys.stderr.write("\n")
