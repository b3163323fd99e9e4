"""Hooks, ablation, restarts and patching on the reference backend."""

import numpy as np
import pytest

from npdistil import InputError
from npdistil.params import cast
from npdistil.trace.hooks import head_ablation
from npdistil.trace.names import encoder_names
from npdistil.trace.patching import patch, patch_sweep
from tests.models import TINY, random_params
from tests.tolerances import GOLDEN_FLOAT64
from tests.trace.traced import MASK_BL, make

NAMES = encoder_names(TINY, has_pooler=True)
K = TINY.head_size


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_can_be_replaced(name, ids_BL):
    """A tap whose value is shown but not used; a hook that changes what it does not name."""
    model = make()
    plain = model(ids_BL, MASK_BL)

    def scaled(value, seen):
        assert seen == name
        return value * 1.5 + np.arange(value.shape[-1]) * 0.1

    changed = model.run_with_hooks(ids_BL, MASK_BL, fwd_hooks=[(name, scaled)])
    pooled = np.abs(changed.pooler_output - plain.pooler_output).max()
    assert pooled > 1e-4
    rows = np.abs(changed.last_hidden_state - plain.last_hidden_state).max()
    assert rows == 0 if name == "pooler" else rows > 1e-4
    assert not changed.last_hidden_state[MASK_BL == 0].any()


@pytest.mark.parametrize("name", NAMES)
def test_a_hook_that_changes_nothing_changes_no_byte(name, ids_BL):
    """Values that lose bits, their place or their layout on the way to a hook and back."""
    model, shapes = make(), []
    changed = model.run_with_hooks(
        ids_BL, MASK_BL, fwd_hooks=[(name, lambda value, _: shapes.append(value.shape))]
    )
    plain = model(ids_BL, MASK_BL)
    assert changed.last_hidden_state.tobytes() == plain.last_hidden_state.tobytes()
    assert changed.pooler_output.tobytes() == plain.pooler_output.tobytes()
    assert len(shapes) == 1


def test_hooks_run_in_order_and_may_change_in_place(ids_BL):
    """The second hook must see what the first left, and the cache what both did."""

    def double(value, _):
        value *= 2

    hooks = [("embeddings", double), (["embeddings", "pooler"], lambda value, _: value + 1)]
    model = make()
    _, plain = model.run_with_cache(ids_BL, MASK_BL, names_filter="embeddings")
    _, cache = model.run_with_cache(ids_BL, MASK_BL, fwd_hooks=hooks)
    np.testing.assert_array_equal(
        cache["embeddings"], (plain["embeddings"] * 2 + 1) * MASK_BL[..., None]
    )


@pytest.mark.parametrize(
    "hooks, message",
    [
        ([("embeddings", lambda value, _: value[:1])], r"returned float32 of shape \(1, 5, 12\)"),
        ([("embeddings", lambda value, _: "x")], "return floats of shape"),
        ([("embedding", lambda value, _: value)], "fwd_hooks: 'embedding' names no activation"),
        (["embeddings"], "expected pairs"),
    ],
)
def test_bad_hooks(hooks, message, ids_BL):
    """A hook that is never called, or whose result is broadcast."""
    with pytest.raises(InputError, match=message):
        make().run_with_hooks(ids_BL, fwd_hooks=hooks)


def test_the_compiled_backend_says_what_it_cannot(ids_BL):
    """A hook or a restart that is silently left out."""
    model = make("numba")
    with pytest.raises(InputError, match=r'fwd_hooks: the numba .* load .* backend="numpy"'):
        model.run_with_hooks(ids_BL, fwd_hooks=[("embeddings", lambda value, _: value)])
    with pytest.raises(InputError, match="run_from_layer: the numba backend"):
        model.run_from_layer(1, np.zeros((1, 2, TINY.hidden_size)))


def test_an_ablated_head_hands_over_nothing(ids_BL):
    """Catches another head's columns, another layer, or weights of the head that still count.

    Beside it a model whose output projection does not read the head at all.
    """
    model = make(dtype="float64")
    hooks = head_ablation(TINY, {1: [0, 2]})
    found, cache = model.run_with_cache(ids_BL, MASK_BL, fwd_hooks=hooks)
    context_BLD = cache["layers.1.attention.context"]
    assert not context_BLD[..., :K].any() and not context_BLD[..., 2 * K :].any()
    assert context_BLD[..., K : 2 * K].any() and cache["layers.0.attention.context"][..., :K].any()

    params = cast(random_params(TINY, np.random.default_rng(7)), np.float64)
    weight_EI = params.layers[1].attention.output.weight_EI.copy()
    weight_EI[:, :K] = weight_EI[:, 2 * K :] = 0
    layer = params.layers[1]
    deaf = layer.attention._replace(output=layer.attention.output._replace(weight_EI=weight_EI))
    params = params._replace(layers=(params.layers[0], layer._replace(attention=deaf)))
    other = type(model)(TINY, params, "numpy", "float64")(ids_BL, MASK_BL)
    difference = np.abs(found.last_hidden_state - other.last_hidden_state).max()
    assert difference <= GOLDEN_FLOAT64
    for wrong in {2: 0}, {0: 3}, {0: [-1]}:
        with pytest.raises(InputError, match="expected 0 to"):
            head_ablation(TINY, wrong)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_restart_is_the_whole(first, ids_BL):
    """A layer computed twice or not at all, another mask, or rows of another text."""
    model = make()
    whole, cache = model.run_with_cache(ids_BL, MASK_BL)
    state = cache[f"layers.{first - 1}.output" if first else "embeddings"]
    rest, seen = model.run_from_layer(first, state, MASK_BL, names_filter="layers.*.output")
    assert rest.last_hidden_state.tobytes() == whole.last_hidden_state.tobytes()
    assert rest.pooler_output.tobytes() == whole.pooler_output.tobytes()
    assert [*seen] == [f"layers.{n}.output" for n in range(first, 2)]


@pytest.mark.parametrize(
    "layer, name",
    [
        (0, "embeddings"),
        (1, "embeddings.norm"),
        (1, "layers.0.output"),
        (1, "layers.0"),
        (2, "layers.1.attention.probs"),
        (2, "layers"),
    ],
)
def test_a_restart_refuses_what_it_does_not_compute(layer, name):
    """A hook of an earlier layer that is never called, or a name that silently keeps nothing."""
    model, state = make(), np.zeros((1, 2, TINY.hidden_size), np.float32)
    for asked in (
        {"fwd_hooks": [("pooler", lambda value, _: value), (name, lambda value, _: value)]},
        {"names_filter": ["pooler", name]},
    ):
        (argument,) = asked
        message = f"{argument}: '{name}' names no activation that is computed: this pass begins"
        with pytest.raises(InputError, match=message):
            model.run_from_layer(layer, state, **asked)
    with pytest.raises(InputError, match=r"'layers\.0\.outputs' names no activation; there are"):
        model.run_from_layer(layer, state, names_filter="layers.0.outputs")
    _, seen = model.run_from_layer(layer, state, names_filter=None)
    reached = [*NAMES][
        [*NAMES].index(f"layers.{layer}.attention.query" if layer < 2 else "pooler") :
    ]
    assert [*seen] == reached


@pytest.mark.parametrize(
    "layer, state, message",
    [
        (3, np.zeros((1, 2, 12)), "layer: expected 0 to 2, received 3"),
        (-1, np.zeros((1, 2, 12)), "layer: expected 0 to 2, received -1"),
        (True, np.zeros((1, 2, 12)), "layer: expected an int"),
        (1, np.zeros((1, 2, 11)), r"state: expected shape \[B, L, D=12\]"),
        (1, np.zeros((1, 2, 12), int), "state: expected floats, received int64"),
    ],
)
def test_bad_restarts(layer, state, message):
    """A state that is broadcast, or a layer counted from the end."""
    with pytest.raises(InputError, match=message):
        make().run_from_layer(layer, state)


@pytest.mark.parametrize("name", ["embeddings", "layers.0.output", "layers.1.output"])
def test_a_layer_patched_everywhere_is_the_other_text(name, rng):
    """Catches a patch of some rows only, or one that comes too late to matter."""
    model = make()
    one, other = rng.integers(0, TINY.vocab_size, (2, 1, 7))
    wanted, donor = model.run_with_cache(other, names_filter=name)
    found = model.run_with_hooks(one, fwd_hooks=patch(donor, name))
    assert found.last_hidden_state.tobytes() == wanted.last_hidden_state.tobytes()
    assert np.abs(model(one).last_hidden_state - wanted.last_hidden_state).max() > 0.1


def test_positions_of_texts_of_different_length(rng):
    """Catches a position taken from the wrong text, and its neighbours changed too."""
    model, name = make(), "layers.0.output"
    one, other = rng.integers(0, TINY.vocab_size, (1, 4)), rng.integers(0, TINY.vocab_size, (1, 6))
    _, donor = model.run_with_cache(other, names_filter=name)
    _, own = model.run_with_cache(one, names_filter=name)
    _, found = model.run_with_cache(one, fwd_hooks=patch(donor, name, [1, 3], [5, 2]))
    wanted = own[name].copy()
    wanted[0, [1, 3]] = donor[name][0, [5, 2]]
    np.testing.assert_array_equal(found[name], wanted)


@pytest.mark.parametrize("positions", [[0], [2, 1]])
def test_positions_may_be_an_array(positions, rng):
    """An array's truth is not its length: column 0 alone would be none, and two an error."""
    model, name = make(), "layers.0.output"
    one, other = rng.integers(0, TINY.vocab_size, (2, 1, 4))
    _, donor = model.run_with_cache(other, names_filter=name)
    wanted = model.run_with_hooks(one, fwd_hooks=patch(donor, name, positions))
    for donor_positions in (None, np.array(positions)):
        hooks = patch(donor, name, np.array(positions), donor_positions)
        found = model.run_with_hooks(one, fwd_hooks=hooks)
        assert found.last_hidden_state.tobytes() == wanted.last_hidden_state.tobytes()


def test_a_patched_row_of_a_map(rng):
    """Rows of maps are those who ask; columns would be those who answer."""
    model, name = make(), "layers.1.attention.probs"
    one, other = rng.integers(0, TINY.vocab_size, (2, 1, 5))
    _, donor = model.run_with_cache(other, names_filter=name)
    _, own = model.run_with_cache(one, names_filter=name)
    _, found = model.run_with_cache(one, fwd_hooks=patch(donor, name, [2]))
    wanted = own[name].copy()
    wanted[0, :, 2] = donor[name][0, :, 2]
    np.testing.assert_array_equal(found[name], wanted)


def test_a_sweep_says_what_each_place_does(rng):
    """Catches swapped axes, and patches that pile up.

    In the last layer a position's patch changes that position's row alone.
    """
    model, names = make(), ["layers.0.output", "layers.1.output"]
    one, other = rng.integers(0, TINY.vocab_size, (2, 1, 5))
    wanted, donor = model.run_with_cache(other, names_filter=names)
    plain = model(one)

    def run(hooks):
        return model.run_with_hooks(one, fwd_hooks=hooks).last_hidden_state[0, 3, 0]

    grid = patch_sweep(run, donor, names, [0, 3], float)
    assert grid.shape == (2, 2)
    assert grid[1].tolist() == [
        plain.last_hidden_state[0, 3, 0],
        wanted.last_hidden_state[0, 3, 0],
    ]
    assert len({*grid.ravel().tolist()}) == 4


@pytest.mark.parametrize(
    "names, positions, donor_positions, message",
    [
        ("layers.0.output", None, None, r"donor's is \(1, 6, 12\), this text's \(1, 4, 12\)"),
        ("layers.0.output", [4], None, "positions: expected 0 to 3, received"),
        ("layers.0.output", [0], [6], "expected 0 to 5 in the donor"),
        ("layers.0.output", [0], [1, 2], "as many of them as of positions"),
        ("layers.0.output", None, [1], "as many of them as of positions"),
        ("layers.0.output", 1, None, "positions: expected integers, received 1"),
        ("layers.0.output", [1.0], None, "positions: expected an int, received 1.0"),
        ("layers.0.output", [0], [True], "donor_positions: expected an int, received True"),
        ("layers.0.attention.probs", [0], None, "need texts of the same length"),
        ("pooler", [0], None, "pooler: is one row for each text"),
        ("layers.0.attention.query", None, None, "names no activation"),
    ],
)
def test_bad_patches(names, positions, donor_positions, message, rng):
    """A patch that numpy broadcasts, wraps around or ignores."""
    model = make()
    other = rng.integers(0, TINY.vocab_size, (1, 6))
    kept = ["layers.0.output", "layers.0.attention.probs", "pooler"]
    _, donor = model.run_with_cache(other, names_filter=kept)
    with pytest.raises(InputError, match=message):
        hooks = patch(donor, names, positions, donor_positions)
        model.run_with_hooks([[1, 2, 3, 4]], fwd_hooks=hooks)
