"""One item, a list, a stream: order, how far it is read, and what is refused."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from npdistil import InputError
from npdistil.arguments import as_texts
from npdistil.encoder.packing import PackedBatch, pack_rows
from npdistil.tasks import stream
from npdistil.tasks.stream import (
    BATCH_TOKENS,
    WINDOW,
    answers,
    by_length,
    in_token_spans,
    read_ahead,
)
from tests.models import TINY, cu_seqlens_of


def is_text(item: object) -> bool:
    return isinstance(item, str)


class Shout:
    """A task: texts to upper case; remembers the windows that it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def window(self, items: list, first: int) -> list[str]:
        self.seen.append((first, len(items)))
        return [text.upper() for text in as_texts(items, "inputs", first)]

    def __call__(self, inputs: object):
        return answers(inputs, is_text, self.window, "texts")


class Counting:
    """Numbered texts; remembers how many were read."""

    def __init__(self, total: int) -> None:
        self.total, self.read = total, 0

    def __iter__(self):
        for number in range(self.total):
            self.read += 1
            yield f"t{number}"


TEXTS = [f"t{number}" for number in range(2 * WINDOW + 3)]
SHOUTED = [text.upper() for text in TEXTS]


def test_one_item_gives_one_result():
    """Catches a string taken as its characters, and a list of one result for it."""
    assert Shout()("abc") == "ABC"


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_a_list_gives_a_list_in_order(kind):
    """Catches windows that are joined in another order, a window lost, and a lazy answer."""
    task = Shout()
    found = task(kind(TEXTS))
    assert type(found) is list and found == SHOUTED
    assert task.seen == [(0, WINDOW), (WINDOW, WINDOW), (2 * WINDOW, 3)]


def test_a_dict_is_an_item_where_the_task_says_so():
    """Catches a dict that is iterated over its keys."""
    found = answers(
        {"text": "a", "text_pair": "b"},
        lambda item: isinstance(item, dict),
        lambda items, first: [item["text_pair"] for item in items],
        "pairs",
    )
    assert found == "b"


def test_a_stream_is_read_a_window_ahead():
    """Catches an iterable that is read to its end, or made a list, before the first answer."""
    source, task = Counting(10**9), Shout()
    found = task(source)
    assert source.read == 0
    assert [next(found) for _ in range(WINDOW)] == SHOUTED[:WINDOW]
    assert source.read == WINDOW
    assert next(found) == SHOUTED[WINDOW] and source.read == 2 * WINDOW


def test_characters_are_bounded(monkeypatch):
    """Catches a window of long texts that is held whole, and a long text that is left out."""
    monkeypatch.setattr(stream, "CHARACTERS", 10)
    texts, task = ["a" * 4, "b" * 6, "c", "d" * 99, "e", "f" * 10, "", "g"], Shout()
    assert task(texts) == [text.upper() for text in texts]
    assert task.seen == [(0, 2), (2, 1), (3, 1), (4, 1), (5, 2), (7, 1)]
    source = iter(texts)
    found = task(source)
    assert next(found) == "AAAA" and next(source) == "d" * 99  # no further than the item behind


def test_equal_texts_count_once(monkeypatch):
    """Catches a context that is read again for each of its questions, and lists of words of no
    length."""
    monkeypatch.setattr(stream, "CHARACTERS", 10)
    asked = [{"question": q, "context": "c" * 8} for q in "abcd"]
    assert [*read_ahead(asked)] == [asked[:2], asked[2:]]
    words = [["aaaa", "bbbb"], ["cccc"], ["cccc", "aaaa"]]
    assert [*read_ahead(words)] == [words[:1], words[1:]]
    assert [*read_ahead([3, None, 4.0])] == [[3, None, 4.0]]  # which whoever gets them refuses


def test_a_stream_keeps_order_to_its_end():
    """Catches the last window, which is not full, being lost."""
    assert list(Shout()(iter(TEXTS))) == SHOUTED


@pytest.mark.parametrize("nothing", [[], (), np.array([], str)])
def test_no_items(nothing):
    """Catches a window of nothing, which a model cannot answer."""
    task = Shout()
    assert task(nothing) == [] and task.seen == []
    assert list(task(iter(nothing))) == [] and task.seen == []


def test_a_file_gives_its_lines(tmp_path):
    """Catches line ends inside a line, a byte order mark, \\r\\n, and a last line without one."""
    path = tmp_path / "texts.txt"
    path.write_bytes("\ufeffone\r\ntwo\x0b\u2028half\n\nlast".encode())
    assert list(Shout()(path)) == ["ONE", "TWO\x0b\u2028HALF", "", "LAST"]


def test_a_file_that_is_not_there_is_told_at_once(tmp_path):
    """Catches an error that comes only when the first answer is asked for."""
    with pytest.raises(InputError, match=r"missing\.txt: no such file\."):
        Shout()(tmp_path / "missing.txt")


def test_a_folder_is_no_file(tmp_path):
    """Catches IsADirectoryError."""
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        list(Shout()(tmp_path))


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    """Catches a traceback of the decoder, and a file that stays open."""
    path = tmp_path / "texts.txt"
    path.write_bytes(b"good\nbad \xff\n")
    with pytest.raises(InputError, match=r"line 2 is not UTF-8 \(byte 0xff\)"):
        list(Shout()(path))


@pytest.mark.parametrize("kind", [list, iter])
def test_an_item_of_the_wrong_type_names_its_index(kind):
    """Catches an index that starts anew with each window."""
    items = [*TEXTS[: WINDOW + 5], 7, "more"]
    with pytest.raises(InputError, match=rf"inputs\[{WINDOW + 5}\]: expected a str, received int"):
        list(Shout()(kind(items)))


@pytest.mark.parametrize("wrong", [None, 7, b"abc", {"a": 1}, np.zeros((2, 2)), np.array("a")])
def test_what_is_no_input_is_refused(wrong):
    """Catches bytes read as numbers, and a dict as its keys."""
    with pytest.raises(InputError, match="inputs: expected one of the texts, a list"):
        Shout()(wrong)


def test_closed_early(tmp_path):
    """Catches a file that stays open (a warning is an error) and a source read further."""
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS))
    found = Shout()(path)
    assert next(found) == "T0"
    found.close()
    assert list(found) == []


def test_an_interruption_passes(monkeypatch):
    """Catches KeyboardInterrupt swallowed or turned into an error; what was answered stays."""

    def interrupted():
        yield from TEXTS[:WINDOW]
        raise KeyboardInterrupt

    found = Shout()(interrupted())
    assert [next(found) for _ in range(WINDOW)] == SHOUTED[:WINDOW]
    with pytest.raises(KeyboardInterrupt):
        next(found)


def test_progress_is_shown_on_a_terminal(monkeypatch):
    """Catches a bar without its total, and one for a single item."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    Shout()("abc")
    assert terminal.getvalue() == ""
    Shout()(TEXTS)
    assert f"{len(TEXTS)}/{len(TEXTS)}" in terminal.getvalue()


LENGTHS = [3, 9, 1, 4, 9, 2, 30]


def batch_of(*lengths: int) -> PackedBatch:
    """Sequence n holds the id n everywhere."""
    ids = np.repeat(np.arange(len(lengths)), lengths)
    return pack_rows(ids, cu_seqlens_of(*lengths), TINY)


@pytest.mark.parametrize("batch_tokens", [1, 9, 12, 30, BATCH_TOKENS])
def test_work_is_bounded_by_tokens(batch_tokens):
    """Catches a bound on sequences, a sequence lost or computed twice, and a wrong order."""
    sizes = []

    def ids(batch: PackedBatch) -> np.ndarray:
        sizes.append(len(batch.input_ids_T))
        return np.stack([batch.input_ids_T[batch.cu_seqlens[:-1]], batch.lengths], 1) * 1.0

    rows = np.full((len(LENGTHS), 2), np.nan)
    for numbers, part in by_length(batch_of(*LENGTHS), batch_tokens):
        rows[numbers] = ids(part)
    assert rows.tolist() == [[number, length] for number, length in enumerate(LENGTHS)]
    assert all(size <= batch_tokens or size in LENGTHS for size in sizes)
    assert sum(sizes) == sum(LENGTHS)
    parts = [part.lengths for _, part in by_length(batch_of(*LENGTHS), batch_tokens)]
    assert np.concatenate(parts).tolist() == sorted(LENGTHS, reverse=True)


@pytest.mark.parametrize("batch_tokens", [1, 12, BATCH_TOKENS])
def test_rows_of_tokens_come_back_by_sequence(batch_tokens):
    """Catches rows cut at the places of the sorted batch, or of the unsorted one."""
    rows = in_token_spans(
        batch_of(*LENGTHS), batch_tokens, lambda batch: batch.input_ids_T[:, None] * 1.0
    )
    assert [row.tolist() for row in rows] == [[[n]] * length for n, length in enumerate(LENGTHS)]
    assert in_token_spans(batch_of(), batch_tokens, lambda batch: batch.input_ids_T * 1.0) == []


def test_a_path_is_not_text(tmp_path):
    """Catches a str that names a file being read as one: it is a text."""
    path = tmp_path / "texts.txt"
    path.write_text("inside\n")
    assert Shout()(str(path)) == str(path).upper()
    assert list(Shout()(Path(path))) == ["INSIDE"]
