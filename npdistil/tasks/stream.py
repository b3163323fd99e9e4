"""One input or many, in order, from constant memory: how every task is called."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_positive, as_positive_or_none
from ..dims import Floats
from ..encoder.packing import PackedBatch
from ..errors import InputError
from ..named_tuple import NamedTuple
from ..progress import progress

WINDOW = 256  # items that are read, tokenised and ordered by length at a time
CHARACTERS = 1 << 20  # of these items; a longer one is read by itself
BATCH_TOKENS = 16_384  # token rows that are computed at a time, however many items they are

Item = TypeVar("Item")
# Items that follow each other, and the number of the first; as many results.
Window = Callable[[list[Any], int], list[Any]]


def answers(inputs: object, one: Callable[[object], bool], window: Window, unit: str) -> Any:
    """Answer one item, a list of them, or a stream of them.

    Args:
        inputs: an item; a list, tuple or one-dimensional array of items; a `Path`, whose lines are
            the items; or any other iterable. A stream is read no further than a window ahead, and
            the item behind it.
        one: whether something is an item by itself; asked first.
        window: computes the results of what `read_ahead` yields; gets the number of the first, for
            messages.
        unit: what the items are called beside the progress bar, "texts".

    Returns:
        A result for an item, a list of results for a list, tuple or array, and for anything else an
        iterator of results. All are in the order of the items.

    Raises:
        InputError: `inputs` is none of these, a file is missing or not UTF-8; and whatever `window`
            raises, for a stream when that item is reached.
    """
    if one(inputs):
        return window([inputs], 0)[0]
    if isinstance(inputs, np.ndarray) and inputs.ndim == 1:
        inputs = inputs.tolist()
    if isinstance(inputs, list | tuple):
        return list(_results(inputs, len(inputs), window, unit))
    if isinstance(inputs, Path):
        if not inputs.exists():  # now, and not when the first result is asked for
            raise InputError(f"{inputs}: no such file.")
        return _results(lines(inputs), None, window, unit)
    if isinstance(inputs, bytes | bytearray | Mapping | np.ndarray | str) or not isinstance(
        inputs, Iterable
    ):
        shape = f" of shape {inputs.shape}" if isinstance(inputs, np.ndarray) else ""
        raise InputError(
            f"inputs: expected one of the {unit}, a list or other iterable of them, or the Path of "
            f"a file with one a line, received {type(inputs).__name__}{shape}."
        )
    return _results(inputs, None, window, unit)


def _results(inputs: Iterable[Any], total: int | None, window: Window, unit: str) -> Iterator[Any]:
    first = 0
    with progress(total, unit, None) as bar:
        for read in read_ahead(inputs):
            results = window(read, first)
            first += len(read)
            bar.update(len(read))
            yield from results


def read_ahead(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items that are held in memory at a time: at most `WINDOW`, of `CHARACTERS` in all.

    Args:
        items: texts, or dicts and lists of texts; of anything else no length is known.

    Yields:
        Items that follow each other, at least one. Equal texts among them count once: many
        questions have one context.
    """
    read: list[Item] = []
    known: set[str] = set()
    held = 0
    for item in items:
        new = {*_texts(item)} - known
        more = sum(map(len, new))
        if read and held + more > CHARACTERS:
            yield read
            read, known, held = [], set(), 0
            new = {*_texts(item)}
            more = sum(map(len, new))
        read.append(item)
        known |= new
        held += more
        if len(read) == WINDOW:
            yield read
            read, known, held = [], set(), 0
    if read:
        yield read


def _texts(item: object) -> Iterable[str]:
    parts = item.values() if isinstance(item, Mapping) else item
    if isinstance(parts, str):
        return (parts,)
    return (
        [part for part in parts if isinstance(part, str)] if isinstance(parts, Collection) else ()
    )


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, one at a time; a line ends at a newline and nowhere else.

    A carriage return before the newline and a byte order mark at the beginning are no text.

    Raises:
        InputError: the file cannot be read, or a line is not UTF-8; names the line.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.removesuffix(b"\n").removesuffix(b"\r")
                yield text.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as failure:
        raise InputError(
            f"{path}: line {number} is not UTF-8 (byte 0x{failure.object[failure.start]:02x}); "
            "convert the file first, for example with iconv."
        ) from None
    except OSError as failure:
        raise InputError(f"{path}: cannot be read: {failure.strerror}.") from None


class Bounds(NamedTuple):
    """How much is computed at a time; changes no result."""

    batch_tokens: int = BATCH_TOKENS
    batch_size: int | None = None  # rows; None: as many as have `batch_tokens`


def checked_bounds(batch_tokens: object, batch_size: object) -> Bounds:
    """The arguments of these names.

    Raises:
        InputError: one of them is no positive integer.
    """
    return Bounds(
        as_positive(batch_tokens, "batch_tokens"),
        as_positive_or_none(batch_size, "batch_size"),
    )


def tokens_of(batch_size: object, longest: object) -> int:
    """What `batch_size` rows of the greatest length take: a budget, of which short rows use little.

    Args:
        batch_size: of the call.
        longest: the model's `max_seq_length`, which may have been set by hand; None: no limit.

    Returns:
        Tokens to be computed at a time, never more than `BATCH_TOKENS`.

    Raises:
        InputError: one of them is no positive integer.
    """
    rows = as_positive(batch_size, "batch_size")
    tokens = as_positive_or_none(longest, "max_seq_length")
    return BATCH_TOKENS if tokens is None else min(rows * tokens, BATCH_TOKENS)


def by_length(
    batch: PackedBatch, batch_tokens: int = BATCH_TOKENS, batch_size: int | None = None
) -> Iterator[tuple[NDArray[np.intp], PackedBatch]]:
    """Cut a batch into ones of at most `batch_tokens` token rows, longest sequences first.

    Args:
        batch: any number of sequences.
        batch_tokens: the most token rows at a time; a longer sequence comes by itself.
        batch_size: the most sequences at a time; None: as many as `batch_tokens` allows.

    Yields:
        The numbers of some sequences, and these as a batch; at least one sequence each.
    """
    order = np.argsort(-batch.lengths, kind="stable")
    ordered = batch.take(order) if len(order) > 1 else batch
    for first, last in ordered.spans(batch_tokens):
        step = batch_size or last - first
        for start in range(first, last, step):
            stop = min(start + step, last)
            yield order[start:stop], ordered.bundle(start, stop)


def in_token_spans(
    batch: PackedBatch,
    batch_tokens: int,
    compute: Callable[[PackedBatch], Floats],
    batch_size: int | None = None,
) -> list[Floats]:
    """Compute a row a token, some sequences at a time: memory is bounded by tokens.

    Args:
        batch: any number of sequences.
        batch_tokens: the most token rows at a time; a longer sequence is computed by itself.
        compute: a batch to its rows [T, ...].
        batch_size: the most sequences at a time; None: as many as `batch_tokens` allows.

    Returns:
        The rows [L, ...] of each sequence, in their order.
    """
    rows: list[Floats] = [np.empty(0, np.float32)] * len(batch.lengths)
    for numbers, part in by_length(batch, batch_tokens, batch_size):
        split = np.split(compute(part), part.cu_seqlens[1:-1])
        for number, rows_L in zip(numbers, split, strict=True):
            rows[number] = rows_L
    return rows
