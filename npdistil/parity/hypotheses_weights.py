"""What may have happened to weights on their way: each is our own pass with other parameters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..checkpoint.names import expected_tensors
from ..dims import Floats
from ..params import EncoderParams, map_arrays
from .hypothesis import TYPES, Case, Compute, Hypothesis
from .ours import Ours
from .side import Observed, Tokens
from .texts import Text

# The linear layers of a layer, each of the name of what it makes.
LINEARS = [f"attention.{name}" for name in ("query", "key", "value", "output")]
LINEARS += [f"feed_forward.{name}" for name in ("intermediate", "output")]
SUM = "embeddings.norm.mean"  # the first activation behind the sum of the tables


def weight_hypotheses(case: Case) -> Iterator[Hypothesis]:
    """Other tables of embeddings, other linears, another precision."""
    yield from _positions(case.ours)
    yield from _token_types(case)
    yield from _transposed(case.ours)
    yield from _swapped(case.ours)
    for name, through in (("float16", _float16), ("bfloat16", _bfloat16)):
        yield Hypothesis(
            "float16_weights",
            SUM,
            f"Their weights went through {name}: load or export them in float32.",
            _with_params(case.ours, partial(map_arrays, through)),
        )


def _positions(ours: Ours) -> Iterator[Hypothesis]:
    """`reference.forward.embed` with rows of `position_PD` taken from elsewhere."""
    rows_P = np.arange(ours.config.max_position_embeddings)
    last = len(rows_P) - 1
    for table_P, where in (
        (np.minimum(rows_P + 1, last), "one too late"),
        (np.minimum(rows_P + 2, last), "two too late, as RoBERTa's are"),
        (np.maximum(rows_P - 1, 0), "one too early"),
        (np.roll(rows_P, 1), "one too early (and the first token the last row)"),
    ):
        yield Hypothesis(
            "positions",
            SUM,
            f"Their tokens get rows of the table of positions that are {where}: the first token's "
            "is row 0.",
            _with_embeddings(ours, position_PD=ours.params.embeddings.position_PD[table_P]),
            "embeddings.position_PD",
        )


def _token_types(case: Case) -> Iterator[Hypothesis]:
    """`reference.forward.embed` without the third table, or with row 0 of it for all tokens."""
    ours = case.ours
    table_GD = ours.params.embeddings.token_type_GD
    if table_GD is None:
        return

    def untyped(shown: bool, _: Sequence[Text], tokens: Tokens) -> Observed:
        """Computed with 0, which the ids may show or not."""
        zeros = [[0] * len(row) for row in tokens.input_ids]
        found = ours.compute(tokens._replace(token_type_ids=zeros))
        return found if shown else found._replace(token_type_ids=tokens.token_type_ids)

    if any(map(any, case.tokens.token_type_ids or ())):
        for begins, shown in ((TYPES, True), (SUM, False)):
            yield Hypothesis(
                "token_types",
                begins,
                "All their token types are 0; of a pair, those of the second text and of the [SEP] "
                "behind it are 1: pass token_type_ids.",
                partial(untyped, shown),
            )
    yield Hypothesis(
        "token_types",
        SUM,
        "They leave out the embedding of token types: of a text alone, its row 0 is added to the "
        "embedding of every token.",
        _with_embeddings(ours, token_type_GD=np.zeros_like(table_GD)),
        "embeddings.token_type_GD",
    )


def _transposed(ours: Ours) -> Iterator[Hypothesis]:
    """`reference.forward.linear` with a weight whose rows and columns were taken for each other."""
    on_disk = {want.path: name for name, want in expected_tensors(ours.config, pooler=True).items()}
    count = ours.config.num_hidden_layers
    wrong = {}
    for linear in LINEARS:
        for where in dict.fromkeys([*((n,) for n in range(count)), tuple(range(count))]):
            paths = tuple(f"layers.{n}.{linear}.weight_EI" for n in where)
            wrong[paths] = f"layers.{where[0]}.{linear}"
    if ours.params.pooler is not None:
        wrong["pooler.weight_EI",] = "pooler"
    for paths, begins in wrong.items():

        def turned(path: str, x: Floats, paths: tuple[str, ...] = paths) -> Floats:
            return x.reshape(x.shape[::-1]).T if path in paths else x

        several = f" (and of all {len(paths)} layers)" if len(paths) > 1 else ""
        yield Hypothesis(
            "transposed_weight",
            begins,
            f"Their {on_disk[paths[0]]}{several} is transposed: the file has it as "
            "(outputs, inputs), for y = x W^T + b.",
            _with_params(ours, partial(map_arrays, turned)),
            paths[0],
        )


def _swapped(ours: Ours) -> Iterator[Hypothesis]:
    """`reference.forward.self_attention` with query and key in each other's place."""
    count = ours.config.num_hidden_layers
    for where in dict.fromkeys([*((n,) for n in range(count)), tuple(range(count))]):
        said = f"layer {where[0]}" if len(where) == 1 else "all layers"
        yield Hypothesis(
            "query_key_swapped",
            f"layers.{where[0]}.attention.query",
            f"Their queries are our keys and their keys our queries in {said}: exchange the two "
            "weights and biases.",
            _with_params(ours, partial(_exchanged, where)),
        )


def _exchanged(where: Sequence[int], params: EncoderParams) -> EncoderParams:
    layers = [*params.layers]
    for n in where:
        own = layers[n].attention
        layers[n] = layers[n]._replace(attention=own._replace(query=own.key, key=own.query))
    return params._replace(layers=tuple(layers))


def _with_params(ours: Ours, change: Callable[[EncoderParams], EncoderParams]) -> Compute:
    return lambda _, tokens: replace(ours, params=change(ours.params)).compute(tokens)


def _with_embeddings(ours: Ours, **tables: Any) -> Compute:
    embeddings = ours.params.embeddings._replace(**tables)
    return _with_params(ours, lambda params: params._replace(embeddings=embeddings))


def _float16(_: str, x: Floats) -> Floats:
    return x.astype(np.float16).astype(x.dtype)


def _bfloat16(_: str, x: Floats) -> Floats:
    """The upper half of a float32, rounded to even."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32).astype(x.dtype)
