"""An ONNX file as the other side, run by ONNX Runtime. Its texts become ids by our tokenizer."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import open_file
from ..threads import resolve_num_threads
from ..trace.names import encoder_names
from .ours import Ours
from .side import Observed, padded
from .texts import Text

MAX_BYTES = 1 << 36
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
_INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_SENTENCE, _LOGITS = "sentence_embedding", "logits"


class OnnxSide:
    """A graph that takes ids and gives activations.

    Outputs are known by the names that exporters give them: `last_hidden_state` or
    `token_embeddings`, `pooler_output`, `sentence_embedding`, `logits` of a classifier; and any by
    the name of an activation (`trace/names.py`). Others are passed by.

    Attributes:
        name: with the file's name.
    """

    def __init__(self, path: str | Path, ours: Ours) -> None:
        """Load a file.

        Args:
            path: of the .onnx file; large ones have their weights in files beside it.
            ours: whose tokenizer is used, and whose names.

        Raises:
            InputError: onnxruntime is missing or cannot load the file, the graph takes anything
                but ids, mask, types and positions, or gives nothing that is known here.
        """
        if not importlib.util.find_spec("onnxruntime"):
            raise InputError("onnx: needs onnxruntime: pip install 'npdistil[onnx]'.")
        import onnxruntime

        self._path, self._ours = Path(path), ours
        self.name = f"onnx {self._path.name}"
        with open_file(self._path, MAX_BYTES, InputError):
            pass  # a folder, a FIFO or nothing
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = resolve_num_threads(None)
        options.log_severity_level = 4  # fatal alone: errors are raised, and told once
        try:
            self._session = onnxruntime.InferenceSession(
                str(self._path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as failure:  # its classes have no base of their own
            raise InputError(f"{path}: onnxruntime cannot load it: {_first(failure)}") from None
        self._inputs = {item.name: item for item in self._session.get_inputs()}
        for name, item in self._inputs.items():
            if name not in INPUTS or item.type not in _INTEGERS:
                raise InputError(
                    f"{path}: input {name!r:.60} of {item.type}; only integers for "
                    f"{', '.join(INPUTS)} can be given."
                )
        self._outputs = self._known_outputs()

    def observe(self, texts: Sequence[Text]) -> Observed:
        """See `Side.observe`.

        Raises:
            InputError: not text, more tokens or texts than the graph was exported for, or it fails.
        """
        tokens = self._ours.tokens(texts)
        ids_BL, mask_BL = padded(tokens.input_ids, self._ours.config.pad_token_id)
        B, L = ids_BL.shape
        types_BL, _ = padded(tokens.token_type_ids or [[0] * L] * B, 0)
        batch, length = self._fixed(0), self._fixed(1)
        if batch not in (None, 1, B) or (length is not None and length < L):
            raise InputError(
                f"{self._path}: takes {batch or 'any'} texts of {length or 'any'} tokens at once, "
                f"not {B} of {L}; export it with dynamic axes."
            )
        if length is not None:
            more = ((0, 0), (0, length - L))
            ids_BL = np.pad(ids_BL, more, constant_values=self._ours.config.pad_token_id)
            mask_BL, types_BL = np.pad(mask_BL, more), np.pad(types_BL, more)
        arrays = {
            "input_ids": ids_BL,
            "attention_mask": mask_BL,
            "token_type_ids": types_BL,
            "position_ids": np.broadcast_to(np.arange(ids_BL.shape[1]), ids_BL.shape),
        }
        feed = {
            name: np.ascontiguousarray(arrays[name], _INTEGERS[item.type])
            for name, item in self._inputs.items()
        }
        if batch == 1:
            parts = [self._run({n: x[b : b + 1] for n, x in feed.items()}) for b in range(B)]
            values = [np.concatenate(several) for several in zip(*parts, strict=True)]
        else:
            values = self._run(feed)
        found = dict(zip(self._outputs.values(), values, strict=True))
        vectors, scores = found.pop(_SENTENCE, None), found.pop(_LOGITS, None)
        dtype = next(iter(values)).dtype.name
        return Observed({"dtype": dtype}, None, None, found, vectors, scores)

    def _run(self, feed: dict[str, Any]) -> list[Any]:
        try:
            return [*self._session.run([*self._outputs], feed)]
        except Exception as failure:  # likewise
            raise InputError(f"{self._path}: onnxruntime fails: {_first(failure)}") from None

    def _fixed(self, axis: int) -> int | None:
        """The size that inputs must have on an axis; None: any."""
        sizes = {item.shape[axis] for item in self._inputs.values() if len(item.shape) == 2}
        return next((size for size in sizes if isinstance(size, int)), None)

    def _known_outputs(self) -> dict[str, str]:
        """Names of the graph's outputs -> our names of the activations."""
        config = self._ours.config
        last = f"layers.{config.num_hidden_layers - 1}.output"
        known = {name: name for name in encoder_names(config, has_pooler=True)}
        known |= {"last_hidden_state": last, "token_embeddings": last, "pooler_output": "pooler"}
        known |= {name: name for name in (_SENTENCE, *([_LOGITS] if self._ours.head else []))}
        there = [item.name for item in self._session.get_outputs()]
        found: dict[str, str] = {}
        for name in there:
            if name in known and known[name] not in found.values():
                found[name] = known[name]
        if not found:
            raise InputError(
                f"{self._path}: gives {', '.join(there):.200}; expected last_hidden_state, "
                "token_embeddings, pooler_output, sentence_embedding, logits of a classifier, or "
                "names of activations."
            )
        return found


def _first(failure: Exception) -> str:
    """One line of what was said."""
    first, *_ = str(failure).splitlines() or [type(failure).__name__]
    return f"{first:.200}"
