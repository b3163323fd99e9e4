"""What a comparison found, row by row, and whether that is parity."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from .causes import Cause
from .differences import Difference
from .hypothesis import IDS

SETTINGS = "settings"
# The types that settings have in a report.
Value = str | int | float | bool | None


class SettingRow(NamedTuple):
    """One setting on both sides.

    Attributes:
        name: ours, as in `Ours.settings`.
        ours: its value.
        theirs: likewise.
        ok: whether they agree; None where they need not, as of the float type.
    """

    name: str
    ours: Value
    theirs: Value
    ok: bool | None


class IdsRow(NamedTuple):
    """The ids of one text on both sides.

    Attributes:
        number: of the text, from 0.
        text: the text, of a pair both: "first | second".
        ours: how many tokens.
        theirs: likewise.
        place: of the first token that differs; None: all agree.
        our_piece: there; empty behind our last.
        their_piece: likewise, in our vocabulary.
    """

    number: int
    text: str
    ours: int
    theirs: int
    place: int | None
    our_piece: str
    their_piece: str

    @property
    def ok(self) -> bool:
        """Whether all ids and types agree."""
        return self.place is None


class Figures(NamedTuple):
    """How far an activation is from ours in float64."""

    max_abs: float
    mean_abs: float
    ulp: float
    cosine: float

    @classmethod
    def of(cls, difference: Difference) -> "Figures | None":
        """The figures of all batches; None where there are none."""
        if difference.problem is not None:
            return None
        return cls(difference.max_abs, difference.mean_abs, difference.ulp, difference.cosine)


class ActivationRow(NamedTuple):
    """One activation on all sides, each beside our numpy backend in float64.

    Attributes:
        name: of `trace/names.py`, "head.logits" or "sentence_embedding".
        theirs: of the other side.
        numpy32: of our reference in float32.
        numba32: of our kernels; None: they do not show it, or they are the other side.
        bound: the largest difference that rounding explains (`bounds.py`).
        problem: why it could not be compared, or None.
    """

    name: str
    theirs: Figures | None
    numpy32: Figures | None
    numba32: Figures | None
    bound: float
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether theirs is within the bound."""
        return self.theirs is not None and self.theirs.max_abs <= self.bound


@dataclass(frozen=True, kw_only=True)
class Report:
    """A comparison of one model's two implementations.

    Attributes:
        model: what was compared.
        side: the other implementation's name.
        texts: that both computed, as in `IdsRow`.
        tokens: of all texts together.
        settings: what both sides say of themselves.
        ids: what both make of the texts; empty: the other side takes ids from us.
        activations: in the order of computation, those that the other side shows; the sentence
            embedding comes last.
        cause: what is likely wrong on the other side (`causes.py`); None: nothing differs, or
            nothing that is known makes us compute the same.
        on_their_ids: whether ours were computed on the other side's ids; False: our model has no
            rows for some of them.
    """

    model: str
    side: str
    texts: tuple[str, ...]
    tokens: int
    settings: tuple[SettingRow, ...]
    ids: tuple[IdsRow, ...]
    activations: tuple[ActivationRow, ...]
    cause: Cause | None = None
    on_their_ids: bool = True

    @property
    def first(self) -> str | None:
        """The first that differs: "input_ids", else an activation, else "settings.NAME"."""
        if any(not row.ok for row in self.ids):
            return IDS
        for row in self.activations:
            if not row.ok:
                return row.name
        return next((f"{SETTINGS}.{row.name}" for row in self.settings if row.ok is False), None)

    @property
    def passed(self) -> bool:
        """Whether everything that was compared agrees."""
        return self.first is None

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        from .plain import as_dict  # late: one form of three

        return as_dict(self)

    def as_json(self) -> str:
        """One JSON object over several lines."""
        import json

        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, allow_nan=False)

    def as_table(self) -> str:
        """Lines for a terminal."""
        from .table import as_table  # likewise

        return as_table(self)

    def as_html(self) -> str:
        """One page that needs no network."""
        from .page import as_html  # likewise

        return as_html(self)
