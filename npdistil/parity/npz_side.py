"""A file of arrays as the other side: how any language takes part; format: docs/parity.md."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_texts
from ..config import HIDDEN_ACTS
from ..errors import InputError
from ..fields import shown
from ..files import parse_json
from .bounds import FLOATS
from .npz_file import read_npz
from .side import SETTINGS, SIZES, Observed
from .texts import Text

PREFIX = "activations."
IDS, MASK, TYPES = "input_ids", "attention_mask", "token_type_ids"
SENTENCE, LOGITS = "sentence_embedding", "logits"
TEXTS, PAIRS, SETTINGS_ENTRY = "texts", "text_pairs", "settings"


class _Kind(NamedTuple):
    """What JSON value a setting has: its types, not those that pass for them, and their name."""

    types: tuple[type, ...]
    told: str


_FLAG, _WORDS = _Kind((bool,), "true or false"), _Kind((str,), "a string")
_INTEGER, _NUMBER = _Kind((int,), "an integer"), _Kind((int, float), "a number")
_KINDS = {
    **dict.fromkeys(("do_lower_case", "strip_accents", "tokenize_chinese_chars"), _FLAG),
    **dict.fromkeys(("max_length", *SIZES), _INTEGER),
    **dict.fromkeys(("prompt", "pooling", "hidden_act"), _WORDS),
    "normalize": _FLAG,
    "layer_norm_eps": _NUMBER,
    "dtype": _Kind((str,), f"one of {', '.join(FLOATS)}"),
}
_ENTRIES = (TEXTS, PAIRS, SETTINGS_ENTRY, IDS, MASK, TYPES, SENTENCE, LOGITS)


class NpzSide:
    """What an implementation wrote of some texts.

    Attributes:
        name: with the file's name.
        texts: that were computed; a pair is a tuple of two.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]], source: str) -> None:
        """Check what a file holds.

        Args:
            arrays: by the names of its entries.
            source: what messages call it.

        Raises:
            InputError: no texts, an unknown entry, or arrays that do not fit together.
        """
        self._source = source
        self.name = f"npz {Path(source).name}"
        for name in arrays:
            if name not in _ENTRIES and not name.startswith(PREFIX):
                raise self._fault(
                    name, f"is none of {', '.join(_ENTRIES)} and {PREFIX}NAME, which are read"
                )
        if TEXTS not in arrays:
            raise InputError(f"{source}: has no {TEXTS}; write the texts that were computed.")
        self.texts = self._texts(arrays)
        self._settings = (
            self._settings_of(arrays[SETTINGS_ENTRY]) if SETTINGS_ENTRY in arrays else {}
        )
        self._floats = {
            name: self._checked(name, array, "fiu")
            for name, array in arrays.items()
            if name.startswith(PREFIX) or name in (SENTENCE, LOGITS)
        }
        self._tokens = self._tokens_of(arrays)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a file.

        Raises:
            InputError: it cannot be read, or does not hold what the format says.
        """
        return cls(read_npz(Path(path)), str(path))

    def observe(self, texts: Sequence[Text]) -> Observed:
        """What the file holds of some of its texts.

        Raises:
            InputError: a text that is not in it.
        """
        places = {text: row for row, text in enumerate(self.texts)}
        if missing := [text for text in texts if text not in places]:
            raise InputError(f"{self._source}: {TEXTS}: {shown(missing[0])} is not among them.")
        rows = [places[text] for text in texts]
        ids, types = (
            None if column is None else [column[row] for row in rows] for column in self._tokens
        )
        arrays = {name: array[rows] for name, array in self._floats.items()}
        vectors, scores = arrays.pop(SENTENCE, None), arrays.pop(LOGITS, None)
        activations = {name.removeprefix(PREFIX): array for name, array in arrays.items()}
        return Observed(self._settings, ids, types, activations, vectors, scores)

    def _fault(self, name: str, problem: str) -> InputError:
        return InputError(f"{self._source}: {name!r:.80}: {problem}.")

    def _checked(self, name: str, array: NDArray[Any], kinds: str) -> NDArray[Any]:
        """An array with a row for each text."""
        if array.dtype.kind not in kinds:
            expected = "integers" if "f" not in kinds else "numbers"
            raise self._fault(name, f"expected {expected}, received {array.dtype}")
        if array.ndim < 2 or len(array) != len(self.texts):
            raise self._fault(
                name, f"expected a row for each of {len(self.texts)} texts, received {array.shape}"
            )
        return array

    def _tokens_of(
        self, arrays: dict[str, NDArray[Any]]
    ) -> tuple[list[list[int]] | None, list[list[int]] | None]:
        """Ids and types without padding."""
        if IDS not in arrays:
            if extra := [name for name in (MASK, TYPES) if name in arrays]:
                raise self._fault(extra[0], f"goes with {IDS}, which are not there")
            return None, None
        if MASK not in arrays:
            raise self._fault(IDS, f"needs {MASK}, with 1 for a token and 0 for padding")
        found: dict[str, NDArray[Any]] = {}
        for name in (IDS, MASK, TYPES):
            if name in arrays:
                found[name] = self._checked(name, arrays[name], "iub")
                if found[name].ndim != 2 or found[name].shape != found[IDS].shape:
                    raise self._fault(
                        name, f"of shape {found[name].shape}, {IDS} {found[IDS].shape}"
                    )
        keep_BL = found[MASK] != 0
        lengths_B = keep_BL.sum(axis=1)
        on_the_left = np.arange(keep_BL.shape[1]) < lengths_B[:, None]
        if not (keep_BL == on_the_left).all() or not lengths_B.all():
            raise self._fault(
                MASK, "tokens must be on the left, padding on the right, of each text"
            )
        rows = [
            [row[:length].tolist() for row, length in zip(found[name], lengths_B, strict=True)]
            if name in found
            else None
            for name in (IDS, TYPES)
        ]
        return rows[0], rows[1]

    def _texts(self, arrays: dict[str, NDArray[Any]]) -> list[Text]:
        firsts = self._strings(TEXTS, arrays[TEXTS])
        seconds = self._strings(PAIRS, arrays[PAIRS]) if PAIRS in arrays else [""] * len(firsts)
        if len(seconds) != len(firsts):
            raise self._fault(
                PAIRS,
                f"{len(seconds)} for {len(firsts)} texts; write null or an empty string for one "
                "that is alone",
            )
        pairs = zip(firsts, seconds, strict=True)
        texts: list[Text] = [(first, second) if second else first for first, second in pairs]
        if not texts or len({*texts}) != len(texts):
            raise self._fault(TEXTS, "expected different strings, at least one")
        return texts

    def _strings(self, name: str, array: NDArray[Any]) -> list[str]:
        """An array or a JSON array of strings; null is an empty one; none where it is no array."""
        is_array = array.dtype.kind == "U" and array.ndim == 1
        items = array.tolist() if is_array else self._json(name, array)
        if not isinstance(items, list):
            return []
        given = ["" if item is None and name == PAIRS else item for item in items]
        return as_texts(given, f"{self._source}: {name}")

    def _settings_of(self, array: NDArray[Any]) -> dict[str, Any]:
        settings = self._json(SETTINGS_ENTRY, array)
        if not isinstance(settings, dict):
            raise self._fault(SETTINGS_ENTRY, "expected a JSON object")
        for name, value in settings.items():
            if name not in SETTINGS:
                raise self._fault(SETTINGS_ENTRY, f"{name[:40]} is none of {', '.join(SETTINGS)}")
            kind = _KINDS[name]
            if type(value) not in kind.types or (name == "dtype" and value not in FLOATS):
                received = json.dumps(value, ensure_ascii=False)
                raise self._fault(
                    SETTINGS_ENTRY, f"{name}: expected {kind.told}, received {received:.80}"
                )
        if "hidden_act" in settings:
            act = settings["hidden_act"]
            settings["hidden_act"] = HIDDEN_ACTS.get(act, act)
        return settings

    def _json(self, name: str, array: NDArray[Any]) -> Any:
        """JSON that is a string of NumPy's, or its UTF-8 bytes."""
        if array.dtype.kind in "US" and array.ndim == 0:
            value = array.item()
            content = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        elif array.dtype == np.uint8 and array.ndim == 1:
            content = array.tobytes()
        else:
            raise self._fault(
                name,
                f"expected JSON as a string or as uint8 [n], received {array.dtype} "
                f"{list(array.shape)}",
            )
        return parse_json(content, f"{self._source}: {name}", InputError)
