"""The files of a folder that say what its tokenizer is, each read once."""

from pathlib import Path

from ..errors import TokenizerError
from ..fields import Fields
from ..files import MAX_JSON_BYTES, is_there, json_object, read_file
from .vocab import MAX_VOCAB_BYTES

#: All that are read, and how large each may be.
MAX_BYTES = {
    "config.json": MAX_JSON_BYTES,
    "tokenizer_config.json": MAX_JSON_BYTES,
    "tokenizer.json": MAX_VOCAB_BYTES,
    "vocab.txt": MAX_VOCAB_BYTES,
    "special_tokens_map.json": MAX_JSON_BYTES,
    "added_tokens.json": MAX_JSON_BYTES,
}


class TokenizerFiles:
    """Their contents, as they were when somebody first asked.

    Attributes:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        """Raises TokenizerError if there is no such folder."""
        if not is_there(folder, TokenizerError) or not folder.is_dir():
            raise TokenizerError(f"{folder}: no such folder.")
        self.folder = folder
        self._contents: dict[str, bytearray | None] = {}

    def content(self, name: str) -> bytearray | None:
        """What one of them holds; None: there is no such file.

        Raises:
            TokenizerError: it is there, and cannot be read or is too large.
        """
        if name not in self._contents:
            path = self.folder / name
            found = is_there(path, TokenizerError)
            self._contents[name] = (
                read_file(path, MAX_BYTES[name], TokenizerError) if found else None
            )
        return self._contents[name]

    def fields(self, name: str) -> Fields:
        """The JSON object that one of them holds, empty where there is no such file.

        Raises:
            TokenizerError: it is there, and is no readable JSON object.
        """
        path, content = self.folder / name, self.content(name)
        value = {} if content is None else json_object(content, path, TokenizerError)
        return Fields(value, str(path), TokenizerError)
