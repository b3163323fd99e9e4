"""Layers and a whole pass of a small model, on fixed inputs: kernels made of the others."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from npdistil import Encoder
from npdistil.kernels.first_token import first_token_layer
from npdistil.kernels.model import NUM_STAGES
from npdistil.kernels.transformer_layer import transformer_layer
from npdistil.params import cast
from npdistil.reference import forward as reference
from npdistil.reference.first_token import first_token_layer as exact_first_token_layer
from tests.kernels.compiled import compiled
from tests.kernels.passes import batch_of, counters_of, model_of, poisoned
from tests.models import TINY, Draw, cu_seqlens_of, random_params
from tests.numerics.cases import Result
from tests.numerics.draws import FixedGenerator

CONFIG = replace(
    TINY,
    vocab_size=499,
    hidden_size=96,
    num_attention_heads=3,
    intermediate_size=384,
    num_hidden_layers=4,
    max_position_embeddings=64,
)
LENGTHS = (5, 1, 17, 64)
TWINS = {
    "transformer_layer": "reference.forward.transformer_layer",
    "first_token_layer": "reference.first_token.first_token_layer",
    "encode": "reference.forward.encode",
}


def passes() -> Iterator[tuple[str, Result]]:
    """Each kernel's name with one result."""
    generator = FixedGenerator(20200)
    params = random_params(CONFIG, generator)
    exact_params, model = cast(params, np.float64), model_of(params, CONFIG)
    batch, cu_seqlens = batch_of(LENGTHS, CONFIG, generator), cu_seqlens_of(*LENGTHS)
    hidden_TD = Draw(generator).array(sum(LENGTHS), CONFIG.hidden_size)
    exact_TD = hidden_TD.astype(np.float64)

    def made():
        space, scratch = poisoned(len(hidden_TD), max(LENGTHS), CONFIG)
        D = CONFIG.hidden_size
        space.hidden_RD[:, :D], space.hidden_RD[:, D:] = hidden_TD, 0
        return space, scratch

    layer_TD, probs = reference.transformer_layer(
        exact_TD, cu_seqlens, exact_params.layers[1], CONFIG
    )
    (space, scratch), prob_Q = made(), np.empty(sum(prob.size for prob in probs), np.float32)
    compiled(transformer_layer)(
        1, batch, model, space, scratch, prob_Q, counters_of(NUM_STAGES), 0
    )  # fmt: skip
    flat_Q = np.concatenate([prob.ravel() for prob in probs])
    computed_TD = space.hidden_RD[:, : CONFIG.hidden_size]
    yield "transformer_layer", Result([computed_TD, prob_Q], [layer_TD, flat_Q], [])

    first_BD = exact_first_token_layer(exact_TD, cu_seqlens, exact_params.layers[-1], CONFIG)
    space, scratch = made()
    counters = counters_of(NUM_STAGES + 1)
    compiled(first_token_layer)(batch, model, space, scratch, counters, 0)
    computed_BD = space.hidden_RD[: len(LENGTHS), : CONFIG.hidden_size]
    yield "first_token_layer", Result([computed_BD], [first_BD], [])

    ids = tuple(batch)[:3]
    *_, (last_TD, _) = reference.encode(*ids, cu_seqlens, exact_params, CONFIG)
    encoder = Encoder(CONFIG, params, num_threads=1)
    rows = [
        encoder([batch.input_ids_T[start:end]], None, [batch.token_type_ids_T[start:end]])
        for start, end in pairwise(cu_seqlens)
    ]
    computed_TD = np.concatenate([row.last_hidden_state[0] for row in rows])
    yield "encode", Result([computed_TD], [last_TD], [])
