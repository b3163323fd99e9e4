"""The work of `npdistil embed`: a window of lines after another becomes a block that is kept."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, NpdistilError
from ..progress import progress
from ..tasks.sentence_encoder import SentenceEncoder
from .messages import say
from .partial_file import PartialFile
from .read_lines import Line
from .read_records import Record, RecordReader
from .vector_block import Block
from .write_vectors import has_texts

WINDOW = 1024  # lines of a block
WINDOW_BYTES = 1 << 23  # a window of long lines ends earlier
COMPARED = 64  # rows of the last block that are computed again before a job goes on
# Texts are embedded so many at a time that the progress bar moves: about so long a step.
STEP_SECONDS, FIRST_STEP, SMALLEST_STEP = 0.5, 128, 32

Told = Callable[[int], object]


class EmbedJob:
    """One output that is made of lines, perhaps in several runs.

    Windows begin where the lines begin and depend on nothing but the lines, so a resumed run has
    the same ones: on the numpy backend, where a row's last bits depend on its neighbours, the bytes
    are the same as well.

    Attributes:
        features: of a row.
    """

    def __init__(
        self,
        output: Path,
        encoder: SentenceEncoder,
        encode_options: Mapping[str, Any],
        settings: Mapping[str, Any],
        reader: RecordReader,
    ) -> None:
        """Find out what a row is like; nothing is read or written.

        Args:
            output: the file that will be made.
            encoder: makes the rows.
            encode_options: keyword arguments of its `encode`.
            settings: what must be the same when the job is resumed.
            reader: makes records of lines.

        Raises:
            InputError: the options do not go together.
        """
        self._output, self._encoder, self._reader = output, encoder, reader
        self._options, self._settings = encode_options, settings
        self._rows_alone = settings["--backend"] == "numba"  # none depends on its neighbours
        self._step = FIRST_STEP
        self.features = self._encode([])[0].shape[1]

    def run(self, lines: Iterator[Line], resume: bool) -> PartialFile:
        """Make a block of every window of lines that has none yet.

        Raises:
            InputError: a line is bad and bad ones are not skipped; the lines, the model or the
                settings are not those of the run that is resumed; the file cannot be written.
            KeyboardInterrupt: what was done is kept.
        """
        job = {**self._settings, "features": self.features}
        open_file = PartialFile.resume if resume else PartialFile.create
        done = open_file(self._output, job)
        try:
            read = self._go_on(done, lines)
        except BaseException:
            self._leave(done)
            raise
        try:
            with progress(None, "texts", None) as bar:
                bar.update(done.rows)
                for window in _windows(lines):
                    done.append(self._block(window, read, bar.update))
        except NpdistilError as failure:
            self._leave(done)
            if not done.rows:
                raise
            raise type(failure)(f"{failure} {self.kept(done)}") from None
        except BaseException as failure:
            self._leave(done)
            if isinstance(failure, KeyboardInterrupt) and done.rows:
                say(f"npdistil: {self.kept(done)}")
            raise
        return done

    def kept(self, done: PartialFile) -> str:
        """What to tell whoever is interrupted."""
        if done.path is None:
            return "Nothing is kept, because the output is no file."
        return f"{done.rows} rows are kept in {done.path}; --resume goes on from there."

    @staticmethod
    def _leave(done: PartialFile) -> None:
        if done.rows:
            done.close()
        else:
            done.remove()

    def _go_on(self, done: PartialFile, lines: Iterator[Line]) -> "_Read":
        """Pass by the lines that have rows, and see to it that they and the model are the same."""
        read = _Read()
        if done.last is None:
            return read
        before = done.rows - len(done.last.vectors)
        for line in islice(lines, before):
            read.add(line)
        window = [*islice(lines, len(done.last.vectors))]
        for line in window:
            read.add(line)
        if read.hexdigest() != done.last.read:
            raise InputError(
                f"{done.path}: was begun with other lines than the first {done.rows} of these "
                "inputs; give the same, or remove the file to begin anew."
            )
        if done.bad and not self._reader.skips_errors:
            raise InputError(f"{done.path}: was begun with --skip-errors; give it again.")
        count = COMPARED if self._rows_alone else len(window)
        again = self._block(window[:count], _Read(), lambda _: None).vectors
        if again.tobytes() != done.last.vectors[:count].tobytes():
            raise InputError(
                f"{done.path}: was begun with another model, or on another processor or version "
                "of NumPy or Numba: the same texts give other vectors now. Use the same, or remove "
                "the file to begin anew."
            )
        say(f"goes on; {done.rows} rows are there already")
        return read

    def _block(self, window: list[Line], read: "_Read", told: Told) -> Block:
        for line in window:
            read.add(line)
        records = [self._reader.record(line) for line in window]
        good = [n for n, record in enumerate(records) if record.fields is not None]
        texts = [self._text(record) for record in records]
        told(len(window) - len(good))
        found_BE, lost_B = self._in_steps([text for text in texts if text is not None], told)
        if len(good) == len(window):
            vectors_BE = found_BE
        else:
            vectors_BE = np.full((len(window), self.features), np.nan, np.float32)
            vectors_BE[good] = found_BE
        return Block(
            vectors_BE,
            texts if has_texts(self._output) else [],
            {n: record.error for n, record in enumerate(records) if record.fields is None},
            read.hexdigest(),
            int((lost_B > 0).sum()),
            int(lost_B.sum()),
        )

    def _text(self, record: Record) -> str | None:
        return None if record.fields is None else record.fields[self._reader.required[0]]

    def _in_steps(
        self, texts: list[str], told: Told
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """As `_encode`, and tell how it goes on; where rows depend on their neighbours all at once.

        Longest first, as `encode` has them: a step holds texts of about one length.
        """
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        vectors_BE = np.empty((len(texts), self.features), np.float32)
        lost_B = np.empty(len(texts), np.int32)
        start = 0
        while start < len(order):
            chosen = order[start : start + self._step] if self._rows_alone else order
            begun = time.perf_counter()
            vectors_BE[chosen], lost_B[chosen] = self._encode([texts[n] for n in chosen])
            seconds = max(time.perf_counter() - begun, 1e-6)
            self._step = max(int(len(chosen) * STEP_SECONDS / seconds), SMALLEST_STEP)
            told(len(chosen))
            start += len(chosen)
        return vectors_BE, lost_B

    def _encode(self, texts: list[str]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Rows, and how many tokens each text lost."""
        rows_and_counts: Any = self._encoder.encode(
            texts, return_num_truncated_tokens=True, **self._options
        )
        vectors_BE, lost_B = rows_and_counts
        return vectors_BE, lost_B


class _Read:
    """The hash of the lines that were read."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, line: Line) -> None:
        """One more line; one that was too long counts as such."""
        self._digest.update(b"\0" if line.content is None else line.content)
        self._digest.update(b"\n")

    def hexdigest(self) -> str:
        """Of all lines up to now."""
        return self._digest.hexdigest()


def _windows(lines: Iterator[Line]) -> Iterator[list[Line]]:
    window: list[Line] = []
    size = 0
    for line in lines:
        window.append(line)
        size += len(line.content or b"")
        if len(window) >= WINDOW or size >= WINDOW_BYTES:
            yield window
            window, size = [], 0
    if window:
        yield window
