"""The pytest fixture `assert_parity`, for those who port a model; docs/parity.md has an example.

Every run of pytest imports this file where npdistil is installed, so it imports nothing else: what
a comparison needs comes when a test asks for one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from .ours import Ours
    from .report import Report
    from .side import Side
    from .texts import Text


class AssertParity(Protocol):
    """What the fixture gives a test."""

    def __call__(
        self,
        model: "str | Path | Ours",
        port: "str | Path | Side | Mapping[str, Any]",
        texts: "Sequence[Text] | None" = None,
    ) -> "Report":
        """Compare a port with the model, and fail where it computes something else.

        Args:
            model: a folder, a model's name at the hub, or an `Ours`.
            port: a `Side`, such as a `TransformersSide`; the path of an .npz or .onnx file; or
                arrays by the names of an .npz file's entries.
            texts: that both compute, a pair as a tuple of two; None: those of the arrays, else
                `texts.default_texts`.

        Returns:
            The report, where all agrees.

        Raises:
            AssertionError: something does not agree; has the report's table.
            NpdistilError: the model, the port or the texts cannot be used; says why.
        """
        ...


@pytest.fixture(scope="session")
def assert_parity() -> AssertParity:
    """Fails a test whose port computes something else than the model; see `AssertParity`."""
    loaded: dict[str, Ours] = {}

    def check(
        model: "str | Path | Ours",
        port: "str | Path | Side | Mapping[str, Any]",
        texts: "Sequence[Text] | None" = None,
    ) -> "Report":
        __tracebackhide__ = True
        from .compare import compare
        from .ours import Ours
        from .texts import default_texts

        if isinstance(model, Ours):
            ours, name = model, "the model"
        else:
            name = str(model)
            if name not in loaded:
                loaded[name] = Ours.from_pretrained(model)
            ours = loaded[name]
        side = _side(port, ours, texts)
        if texts is None:
            texts = getattr(side, "texts", None) or default_texts(ours.typed)  # arrays have theirs
        report = compare(ours, side, texts, name)
        if not report.passed:
            raise AssertionError(
                f"{side.name} does not compute what the model does.\n{report.as_table()}"
            )
        return report

    return check


def _side(port: Any, ours: "Ours", texts: "Sequence[Text] | None") -> "Side":
    from ..errors import InputError

    if isinstance(port, Mapping):
        return _of_arrays(port, texts)
    if isinstance(port, str | Path):
        if Path(port).suffix == ".onnx":
            from .onnx_side import OnnxSide

            return OnnxSide(port, ours)
        from .npz_side import NpzSide

        return NpzSide.from_file(port)
    if not hasattr(port, "observe"):
        raise InputError(
            "port: expected a side, the path of an .npz or .onnx file, or arrays by name, received "
            f"{type(port).__name__}; TransformersSide(model, tokenizer) makes a side of a model."
        )
    side: Side = port
    return side


def _of_arrays(port: Mapping[str, Any], texts: "Sequence[Text] | None") -> "Side":
    """As of an .npz file; texts may be the call's, and settings a dict."""
    import json

    import numpy as np

    from .npz_side import PAIRS, SETTINGS_ENTRY, TEXTS, NpzSide
    from .texts import as_inputs, halved

    entries = dict(port)
    if texts is not None and TEXTS not in entries:
        halves = [halved(text) for text in as_inputs(texts, TEXTS)]
        entries[TEXTS] = [first for first, _ in halves]
        entries[PAIRS] = [second or "" for _, second in halves]
    if isinstance(entries.get(SETTINGS_ENTRY), Mapping):
        entries[SETTINGS_ENTRY] = json.dumps(dict(entries[SETTINGS_ENTRY]))
    return NpzSide({name: np.asarray(value) for name, value in entries.items()}, "arrays")
