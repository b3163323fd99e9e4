"""One part of the lines of some files, so that several processes or machines share a job."""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import InputError
from .read_lines import STDIN, Line, read_lines

MAX_SHARDS = 1_000_000


@dataclass(frozen=True)
class Shard:
    """Part `number`, from 0, of `count`."""

    number: int
    count: int

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{self.number}/{self.count}"

    @classmethod
    def of(cls, text: str) -> Self:
        """For argparse's `type`: a shard from its text, "0/4".

        Raises:
            ArgumentTypeError: it is none.
        """
        found = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,7})", text)
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 0 <= shard.number < shard.count <= MAX_SHARDS:
            raise argparse.ArgumentTypeError(
                f"expected I/N with I from 0 to N - 1, such as 0/4, not {text[:40]!r}"
            )
        return shard


def total_size(names: Sequence[str]) -> int:
    """The bytes of all files together.

    Raises:
        InputError: one of them is standard input, or cannot be looked at.
    """
    if STDIN in names:
        raise InputError("--shard: goes with files; nobody knows how long standard input is.")
    return sum(map(_size, names))


def shard_lines(names: Sequence[str], shard: Shard) -> Iterator[Line]:
    """The lines of one shard, in order.

    The bytes of all files, one file behind another, are cut into equal parts; a line belongs to the
    part in which it begins. So shards have about the same work, follow each other as the lines do,
    and are together all lines; nothing has to be counted before.

    Raises:
        InputError: as `read_lines` and `total_size`.
    """
    total = total_size(names)
    first, last = (total * n // shard.count for n in (shard.number, shard.number + 1))
    read_lines(names)  # whether all can be opened is said at once
    return _between(names, first, last)


def _between(names: Sequence[str], first: int, last: int) -> Iterator[Line]:
    before = 0
    for name in names:
        size = _size(name)
        if before + size > first and before < last:
            for line in read_lines([name]):
                if before + line.start >= last:
                    return
                if before + line.start >= first:
                    yield line
        before += size


def _size(name: str) -> int:
    try:
        return Path(name).stat().st_size
    except FileNotFoundError:
        raise InputError(f"{name}: no such file.") from None
    except (OSError, ValueError) as failure:
        raise InputError(f"{name}: cannot be opened: {failure}.") from None
