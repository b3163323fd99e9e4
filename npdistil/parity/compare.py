"""Two sides beside each other: settings, ids, then every activation in the order of computation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..config import EncoderConfig
from ..dims import Floats
from ..errors import InputError
from ..trace.names import encoder_names
from .bounds import FLOATS, bound, unit
from .causes import likely_cause
from .differences import Difference
from .hypothesis import BEHIND
from .ids import computable, ids_rows
from .known_names import expect_known
from .ours import Ours
from .own_side import OwnSide
from .report import ActivationRow, Figures, IdsRow, Report, SettingRow
from .side import Observed, Side, Tokens
from .texts import Text, as_inputs, joined

BATCH_BYTES = 1 << 30  # of one side's activations in float64, which are all kept
# What both sides may say and need not agree on.
_FREE = ("dtype",)


class Part(NamedTuple):
    """One batch, as the other side saw it."""

    texts: list[Text]
    theirs: Observed
    ids: list[IdsRow]
    tokens: Tokens  # that we computed: theirs, where our model has rows for them
    is_theirs: bool


def compare(ours: Ours, side: Side, texts: Sequence[Text], model: str = "the model") -> Report:
    """Let both sides compute the same texts, and lay them beside each other.

    Activations are compared on the other side's ids where it shows them: so a tokenizer that cuts
    otherwise is one finding, and does not look like a hundred of the model.

    Args:
        ours: our side.
        side: the other one.
        texts: at least one; a pair is a tuple of two.
        model: what the report calls the model.

    Raises:
        InputError: not text, the other side cannot compute them, or it shows nothing, or something
            that there is not.
        ConfigError: the vocabulary is larger than the encoder's table.
    """
    checked = as_inputs(texts, "texts")
    figures = Table(ours, beside_numba=not isinstance(side, OwnSide))
    settings: dict[str, Any] = {}
    ids: list[IdsRow] = []
    kept_parts: list[Part] = []
    count, on_their_ids = 0, True
    for part in _parts(ours, side, checked):
        expect_known(side.name, ours, part.theirs)
        kept_parts = [part] if count == 0 else []  # of several none is kept: they are large
        settings = settings or part.theirs.settings
        on_their_ids = on_their_ids and part.is_theirs
        ids += [row._replace(number=row.number + count) for row in part.ids]
        count += len(part.texts)
        figures.add(part)
    rows = _setting_rows(ours, settings)
    activations = figures.rows(settings.get("dtype"))
    if not (activations or ids or any(row.ok is not None for row in rows)):
        raise InputError(f"{side.name}: shows nothing that could be compared.")
    report = Report(
        model=model,
        side=side.name,
        texts=tuple(map(joined, checked)),
        tokens=figures.tokens,
        settings=tuple(rows),
        ids=tuple(ids),
        activations=tuple(activations),
        on_their_ids=on_their_ids,
    )
    if all(row.ok for row in ids) and all(row.ok for row in activations):
        return report  # at most settings differ: no computing explains them
    # Of several batches not all need show what differs first, so each is looked at anew.
    told = report.first if kept_parts else None
    for part in kept_parts or _parts(ours, side, checked):
        cause = likely_cause(ours, part.texts, part.theirs, told)
        if cause is not None:
            return replace(report, cause=cause)
    return report


class Table:
    """Running figures of all activations.

    Attributes:
        tokens: that were compared so far.
    """

    def __init__(self, ours: Ours, beside_numba: bool) -> None:
        """Know our side, and whether our kernels are computed, too."""
        self.tokens = 0
        self._ours = ours
        self._beside_numba = beside_numba
        self._found: dict[str, dict[str, Difference]] = {}

    def add(self, part: Part) -> None:
        """Take in one batch."""
        ours, theirs = self._ours, shown(part.theirs)
        if ours.params.pooler is None:
            theirs.pop("pooler", None)  # of files without one, frameworks make up a random one
        lengths_B = [len(row) for row in part.tokens.input_ids]
        self.tokens += sum(lengths_B)
        if not theirs:
            return
        exact = shown(ours.compute(part.tokens))
        self._add("theirs", theirs, exact, lengths_B)
        # One after another: all activations of a side at a time are enough.
        for side, backend in {"numpy32": "numpy", "numba32": "numba"}.items():
            if backend == "numpy" or self._beside_numba:
                own = shown(ours.compute(part.tokens, "float32", backend))
                values = {name: value for name, value in own.items() if name in theirs}
                self._add(side, values, exact, lengths_B)

    def _add(
        self,
        side: str,
        values: dict[str, Floats],
        exact: dict[str, Floats],
        lengths_B: Sequence[int],
    ) -> None:
        for name, value in values.items():
            found = self._found.setdefault(name, {}).setdefault(side, Difference())
            if name not in exact:
                layers = self._ours.config.num_hidden_layers  # names of others are refused
                found.problem = f"ours has none of this name: its num_hidden_layers is {layers}"
            else:
                found.add(exact[name], value, lengths_B)

    def rows(self, dtype: object) -> list[ActivationRow]:
        """In the order of computation; `dtype` is what the other side says it computes in."""
        names = encoder_names(self._ours.config, has_pooler=True)
        more = [name for name in self._found if name not in names and name not in BEHIND]
        order = [name for name in (*names, *more, *BEHIND) if name in self._found]
        return [_row(name, self._found[name], dtype) for name in order]


def _row(name: str, found: dict[str, Difference], dtype: object) -> ActivationRow:
    theirs, own = found["theirs"], found.get("numpy32", Difference())
    # It may show its numbers in a finer type than it computes them in.
    told = dtype if isinstance(dtype, str) and dtype in FLOATS else theirs.dtype
    coarser = max((theirs.dtype, told), key=unit)
    return ActivationRow(
        name,
        Figures.of(theirs),
        Figures.of(own) if "numpy32" in found else None,
        Figures.of(found["numba32"]) if "numba32" in found else None,
        bound(own.max_abs, own.largest, coarser),
        theirs.problem,
    )


def shown(observed: Observed) -> dict[str, Floats]:
    """All arrays of one side by name."""
    behind = {name: getattr(observed, field) for name, field in BEHIND.items()}
    there = {name: value for name, value in behind.items() if value is not None}
    return {**observed.activations, **there}


def _parts(ours: Ours, side: Side, texts: list[Text]) -> Iterator[Part]:
    """Batches of texts in their order, none with more attention than memory is good for."""
    mine, tokenizer = ours.tokens(texts), ours.tokenizer
    for first, last in _spans([len(row) for row in mine.input_ids], ours.config):
        some = slice(first, last)
        types = mine.token_type_ids
        own = Tokens(mine.input_ids[some], None if types is None else types[some])
        theirs = side.observe(texts[some])
        told = own
        if theirs.input_ids is not None:
            told = Tokens(theirs.input_ids, _types(ours.config, own, theirs))
        counts = {name: len(rows) for name, rows in told._asdict().items() if rows is not None}
        for name, array in shown(theirs).items():
            counts[name] = len(array) if array.ndim else 0
        for name, number in counts.items():
            if number != last - first:
                raise InputError(f"{side.name}: {name} of {number} texts, for {last - first}.")
        ids = [] if theirs.input_ids is None else [*ids_rows(tokenizer, texts[some], own, told)]
        known = computable(ours.config, told)
        yield Part(texts[some], theirs, ids, told if known else own, known)


def _types(config: EncoderConfig, own: Tokens, theirs: Observed) -> list[list[int]] | None:
    """Theirs; where they show none, ours of texts that have as many tokens on both sides."""
    if not config.type_vocab_size or theirs.token_type_ids is not None:
        return theirs.token_type_ids if config.type_vocab_size else None
    rows = zip(theirs.input_ids or (), own.token_type_ids or (), strict=False)
    return [types if len(types) == len(ids) else [0] * len(ids) for ids, types in rows]


def _spans(lengths: list[int], config: EncoderConfig) -> Iterator[tuple[int, int]]:
    rows = 10 * config.hidden_size + 2 * config.intermediate_size  # of a token in a layer
    first, longest = 0, 0
    for number, length in enumerate(lengths):
        longest = max(longest, length)
        features = config.num_hidden_layers * (rows + 2 * config.num_attention_heads * longest)
        if number > first and (number - first + 1) * longest * features * 8 > BATCH_BYTES:
            yield first, number
            first, longest = number, length
    yield first, len(lengths)


def _setting_rows(ours: Ours, theirs: dict[str, Any]) -> list[SettingRow]:
    rows = []
    for name, own in {**ours.settings, "dtype": "float64"}.items():
        if name in theirs:
            ok = None if name in _FREE else bool(own == theirs[name])
            rows.append(SettingRow(name, own, theirs[name], ok))
    return rows
