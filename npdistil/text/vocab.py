"""The vocabulary: tokens and their ids, and the strict reading of vocab.txt."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

from ..errors import TokenizerError
from ..files import read_file
from ..named_tuple import NamedTuple

MAX_VOCAB_BYTES = 1 << 24
MAX_VOCAB_ROWS = 1 << 20


class Lookups(NamedTuple):
    """A vocabulary, ready to be asked; nobody writes to it."""

    ids: Mapping[str, int]  # all tokens
    pieces: Mapping[str, int]  # those that words are made of
    tokens: Sequence[str | None]  # by id


class Vocabulary:
    """Tokens <-> ids. A row that no token points to (a duplicated line) is None.

    >>> vocabulary = Vocabulary({"[UNK]": 0, "a": 2})
    >>> vocabulary.tokens
    ['[UNK]', None, 'a']
    """

    def __init__(self, ids: Mapping[str, int], pieces: Mapping[str, int] | None = None) -> None:
        """All tokens; `pieces` are those that words are made of, None: all are."""
        tokens: list[str | None] = list(ids)
        if list(ids.values()) != list(range(len(ids))):  # not in the order of their ids
            tokens = [None] * (max(ids.values(), default=-1) + 1)
            for token, token_id in ids.items():
                tokens[token_id] = token
        ids = dict(ids)
        self._lookups = Lookups(
            ids, ids if pieces is None or pieces == ids else dict(pieces), tokens
        )

    def __len__(self) -> int:
        """Rows, so that every id is below it."""
        return len(self.tokens)

    def lookups(self) -> Lookups:
        """All that can be asked."""
        return self._lookups

    @property
    def ids(self) -> Mapping[str, int]:
        """The ids of all tokens."""
        return self.lookups().ids

    @property
    def pieces(self) -> Mapping[str, int]:
        """The ids of the tokens that words are made of."""
        return self.lookups().pieces

    @property
    def tokens(self) -> Sequence[str | None]:
        """The tokens by id."""
        return self.lookups().tokens

    def id_of(self, token: str) -> int:
        """The id of a token that is there."""
        return self.ids[token]


def ids_from_tokens(tokens: Sequence[str], source: str) -> dict[str, int]:
    """Number the tokens in their order; of a repeated token the last row counts, with a warning.

    Raises:
        TokenizerError: no token, too many, not a string, or a string that is not Unicode text.
    """
    if not tokens:
        raise TokenizerError(f"{source}: the vocabulary is empty.")
    check_row_count(len(tokens), source)
    if not are_tokens(tokens):
        for row, token in enumerate(tokens):
            check_token(token, f"{source}, row {row}")
    ids = dict(zip(tokens, range(len(tokens)), strict=True))
    if len(ids) < len(tokens):
        repeated = [token for row, token in enumerate(tokens) if ids[token] != row]
        shown = ", ".join(repr(token[:40]) for token in repeated[:3])
        warnings.warn(
            f"{source}: {len(repeated)} rows repeat a token that comes again below ({shown}); "
            "the last row counts.",
            stacklevel=2,
        )
    return ids


def check_row_count(rows: int, source: str) -> None:
    """Refuse a vocabulary of absurd size.

    Raises:
        TokenizerError: more than 2**20 rows.
    """
    if rows > MAX_VOCAB_ROWS:
        raise TokenizerError(f"{source}: {rows} rows, at most {MAX_VOCAB_ROWS} are accepted.")


def are_tokens(tokens: Collection[object]) -> bool:
    """Whether `check_token` takes every one; in one go, since vocabularies are long."""
    try:
        "".join(cast(Collection[str], tokens)).encode("utf-8")
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def check_token(token: object, where: str) -> None:
    """Refuse what no text can contain.

    Raises:
        TokenizerError: not a string, or a string with a lone surrogate.
    """
    if not isinstance(token, str):
        raise TokenizerError(f"{where}: expected a string, received {type(token).__name__}.")
    if not token.isascii():
        try:
            token.encode("utf-8")
        except UnicodeEncodeError:
            raise TokenizerError(f"{where}: {token[:40]!a} holds a lone surrogate.") from None


def read_vocab_txt(path: Path) -> dict[str, int]:
    """Read one token a line; the line number, from 0, is the id.

    Lines end at "\\n" or "\\r\\n" and are not stripped: two readers that strip differently have
    two vocabularies. An empty line is the token "" and keeps its row.

    Raises:
        TokenizerError: missing or too large, not UTF-8, a byte order mark, NUL or lone "\\r".
    """
    return parse_vocab_txt(read_file(path, MAX_VOCAB_BYTES, TokenizerError), path)


def parse_vocab_txt(content: bytes | bytearray, path: Path) -> dict[str, int]:
    """As `read_vocab_txt`, for a content that was read before; `path` names it in messages.

    Raises:
        TokenizerError: as `read_vocab_txt`.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise TokenizerError(
            f"{path}: not UTF-8 (byte {failure.start}); save the vocabulary as UTF-8."
        ) from None
    if text.startswith("\ufeff"):
        raise TokenizerError(
            f"{path}: starts with a byte order mark, which would become part of the first token; "
            "save it as UTF-8 without BOM."
        )
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    for name, control in (("NUL character", "\0"), ("lone carriage return", "\r")):
        if control in text and any(control in line for line in lines):
            row = next(row for row, line in enumerate(lines) if control in line)
            raise TokenizerError(
                f"{path}: a {name} in line {row + 1}; readers disagree on the ids after it."
            )
    return ids_from_tokens(lines, str(path))
