"""`Encoder` from the outside: shapes, masks, what is returned when, and bad arguments."""

import inspect
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npdistil import Encoder, EncoderConfig, InputError, ModelFileError, Tokenizer
from npdistil.params import cast
from npdistil.reference import forward as reference
from tests.checkpoint import tiny
from tests.models import TINY, random_params
from tests.text.tiny import VOCAB
from tests.tolerances import BLAS_BATCH, HIDDEN_FLOAT32

ROOT = Path(__file__).parents[2]
BACKENDS = ("numba", "numpy")
DISTILBERT = replace(TINY, model_type="distilbert", type_vocab_size=0)
D, H, LAYERS = TINY.hidden_size, TINY.num_attention_heads, TINY.num_hidden_layers
# Right padding, left padding, a hole, nothing but padding, no padding.
MASK_BL = np.array(
    [
        [1, 1, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 1, 1],
        [1, 0, 1, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 1],
    ]
)


def make(backend: str = "numba", config: EncoderConfig = TINY, **options) -> Encoder:
    return Encoder(config, random_params(config, np.random.default_rng(7)), backend, **options)


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


@pytest.fixture
def ids_BL(rng) -> np.ndarray:
    return rng.integers(0, TINY.vocab_size, MASK_BL.shape)


def everything(model: Encoder, ids_BL, mask_BL=None, types_BL=None):
    return model(
        ids_BL, mask_BL, types_BL, output_hidden_states=True, output_attentions=True
    )  # fmt: skip


def test_an_output_travels_without_its_model():
    """Catches a copy that takes the weights along, or that loses the pooler's result."""
    out = Encoder(TINY, random_params(TINY, np.random.default_rng(3)))([[1, 2, 3]])
    content = pickle.dumps(out)
    assert len(content) < 4000
    assert pickle.loads(content).pooler_output.tobytes() == out.pooler_output.tobytes()


def test_shapes_and_types_of_everything(backend, ids_BL):
    """Catches a missing state (the embeddings), exchanged axes, and float64 that leaks out."""
    out = everything(make(backend), ids_BL, MASK_BL)
    B, L = MASK_BL.shape
    assert len(out.hidden_states) == LAYERS + 1 and len(out.attentions) == LAYERS
    arrays = [out.last_hidden_state, out.pooler_output, *out.hidden_states, *out.attentions]
    shapes = [(B, L, D), (B, D), *[(B, L, D)] * (LAYERS + 1), *[(B, H, L, L)] * LAYERS]
    assert [array.shape for array in arrays] == shapes
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert out.hidden_states[-1].tobytes() == out.last_hidden_state.tobytes()
    assert len({state.tobytes() for state in out.hidden_states}) == LAYERS + 1


@pytest.mark.parametrize("states", [False, True])
@pytest.mark.parametrize("maps", [False, True])
def test_only_what_is_asked_for_and_never_another_result(backend, ids_BL, states, maps):
    """Catches a path for attention maps or for all states that computes something else."""
    model = make(backend)
    plain = model(ids_BL, MASK_BL)
    assert plain.hidden_states is None and plain.attentions is None
    out = model(ids_BL, MASK_BL, output_hidden_states=states, output_attentions=maps)
    assert (out.hidden_states is not None, out.attentions is not None) == (states, maps)
    assert out.last_hidden_state.tobytes() == plain.last_hidden_state.tobytes()
    assert out.pooler_output.tobytes() == plain.pooler_output.tobytes()


def test_masked_positions_are_zeros_everywhere(backend, ids_BL):
    """Catches values computed from padding: left, right, in holes and in a row of nothing else."""
    out = everything(make(backend), ids_BL, MASK_BL)
    keep_BL = MASK_BL == 1
    for state_BLD in out.hidden_states:
        assert not state_BLD[~keep_BL].any()
        assert (np.abs(state_BLD[keep_BL]).sum(axis=1) > 0.1).all()
    for map_BHLM in out.attentions:
        pairs = keep_BL[:, None, :, None] & keep_BL[:, None, None, :]
        assert not (map_BHLM * ~pairs).any()
        sums_BHL = map_BHLM.sum(axis=-1)
        assert np.abs(sums_BHL - keep_BL[:, None, :]).max() <= HIDDEN_FLOAT32
    assert not out.pooler_output[3].any()


def test_what_lies_under_the_mask_changes_nothing(backend, ids_BL):
    """Catches padding that is attended to, if only a little."""
    model = make(backend)
    other_BL = np.where(MASK_BL == 1, ids_BL, (ids_BL + 5) % TINY.vocab_size)
    types_BL = ids_BL % 2
    first = everything(model, ids_BL, MASK_BL, types_BL)
    second = everything(model, other_BL, MASK_BL, np.where(MASK_BL == 1, types_BL, 1 - types_BL))
    assert first.last_hidden_state.tobytes() == second.last_hidden_state.tobytes()


def test_a_hole_keeps_the_positions_of_its_neighbours(backend, ids_BL):
    """Catches tokens that move together where one between them is masked."""
    model = make(backend)
    shifted = model(ids_BL[2:3, [0, 2, 3, 6]]).last_hidden_state
    with_hole = model(ids_BL[2:3], MASK_BL[2:3]).last_hidden_state[:, [0, 2, 3, 6]]
    assert np.abs(shifted - with_hole).max() > 0.1
    config, params = TINY, random_params(TINY, np.random.default_rng(7))
    *_, (exact_TD, _) = reference.encode(
        ids_BL[2, [0, 2, 3, 6]], np.zeros(4, int), np.array([0, 2, 3, 6]), np.array([0, 4]),
        cast(params, np.float64), config,
    )  # fmt: skip
    assert np.abs(with_hole[0] - exact_TD).max() <= HIDDEN_FLOAT32


def test_both_backends_are_the_float64_reference(ids_BL):
    """Catches a backend that hands types, positions or bounds to its arithmetic wrongly."""
    exact = everything(make("numpy", dtype="float64"), ids_BL, MASK_BL, ids_BL % 2)
    for backend in BACKENDS:
        out = everything(make(backend), ids_BL, MASK_BL, ids_BL % 2)
        pairs = [
            (out.pooler_output, exact.pooler_output),
            *zip(out.hidden_states, exact.hidden_states, strict=True),
            *zip(out.attentions, exact.attentions, strict=True),
        ]
        for found, wanted in pairs:
            assert wanted.dtype == np.float64 and wanted.std() > 0.1
            assert np.abs(found - wanted).max() <= HIDDEN_FLOAT32


def test_token_types_count_and_default_to_zero(backend, ids_BL):
    """Catches types that are dropped on the way."""
    model = make(backend)
    plain = model(ids_BL).last_hidden_state
    assert plain.tobytes() == model(ids_BL, None, np.zeros_like(ids_BL)).last_hidden_state.tobytes()
    assert np.abs(plain - model(ids_BL, None, np.ones_like(ids_BL)).last_hidden_state).max() > 0.1


def test_pooler_reads_column_zero_or_gives_zeros(backend, ids_BL):
    """Catches the pooler of the first token that is not masked, in whatever column it stands."""
    model = make(backend)
    out = model(ids_BL, MASK_BL)
    pooler = random_params(TINY, np.random.default_rng(7)).pooler
    exact_BD = reference.dense(
        out.last_hidden_state[:, 0].astype(np.float64), pooler.weight_EI, pooler.bias_E, "tanh"
    )
    first_B = MASK_BL[:, 0] == 1
    assert np.abs(out.pooler_output - exact_BD)[first_B].max() <= HIDDEN_FLOAT32
    assert not out.pooler_output[~first_B].any()


def test_distilbert(backend, ids_BL):
    """Catches a pooler out of nowhere, and token types that nobody reads."""
    model = make(backend, DISTILBERT)
    out = model(ids_BL, MASK_BL)
    assert out.pooler_output is None
    assert np.isfinite(out.last_hidden_state).all() and out.last_hidden_state.std() > 0.1
    with pytest.raises(InputError, match="token_type_ids: a distilbert model takes no token types"):
        model(ids_BL, MASK_BL, np.zeros_like(ids_BL))


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (3, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches_of_nothing(shape, dtype):
    """Catches an IndexError on no sequences or no columns, and a type that is then forgotten."""
    B, L = shape
    for backend in BACKENDS if dtype == "float32" else ("numpy",):
        out = everything(make(backend, dtype=dtype), np.zeros(shape, int), np.zeros(shape, int))
        assert out.last_hidden_state.shape == (B, L, D)
        assert out.pooler_output.shape == (B, D) and not out.pooler_output.any()
        assert [state.shape for state in out.hidden_states] == [(B, L, D)] * (LAYERS + 1)
        assert [maps.shape for maps in out.attentions] == [(B, H, L, L)] * LAYERS
        arrays = [out.pooler_output, *out.hidden_states, *out.attentions]
        assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_results_belong_to_the_caller(backend, ids_BL):
    """Catches outputs that the next call overwrites, or read-only views."""
    model = make(backend)
    first = everything(model, ids_BL, MASK_BL)
    before = [state.tobytes() for state in first.hidden_states]
    everything(model, (ids_BL + 1) % TINY.vocab_size, MASK_BL)
    assert [state.tobytes() for state in first.hidden_states] == before
    first.last_hidden_state[:] = 0


@pytest.mark.parametrize("wrong", ["torch", "Numba", "", None, 1, ["numba"]])
def test_unknown_backends(wrong):
    """Catches a fallback to one of them, or a TypeError from a look-up."""
    with pytest.raises(
        InputError, match=r"backend: expected one of \['numba', 'numpy'\], received"
    ):
        make(wrong)


@pytest.mark.parametrize(
    "wrong",
    ["float16", "int8", "bfloat16", "", None, 5, float("nan"), [], ",", {}, "f4,f4", object],
)
def test_unknown_dtypes(backend, wrong):
    """Catches NumPy's own exceptions, and None, which NumPy takes for float64."""
    with pytest.raises(InputError, match=f"dtype: the {backend} backend computes in float32"):
        make(backend, dtype=wrong)


def test_float64_is_for_numpy_alone(ids_BL):
    """Catches float64 weights reaching kernels that were compiled for float32."""
    with pytest.raises(InputError, match="the numba backend computes in float32, received"):
        make("numba", dtype=np.float64)
    for dtype in (np.float64, "float64", "f8", np.dtype(">f8")):
        assert make("numpy", dtype=dtype)(ids_BL).last_hidden_state.dtype == np.float64


@pytest.mark.parametrize("wrong", [0, -1, 1025, 2.0, "2", True])
def test_bad_thread_counts(backend, wrong):
    """Catches a pool of no threads, or one per token."""
    with pytest.raises(InputError, match="num_threads: expected an int"):
        make(backend, num_threads=wrong)


def test_from_pretrained_and_its_complaints(tmp_path: Path, rng):
    """Catches arguments that are checked after the weights were read, and foreign exceptions."""
    tensors = tiny.random_tensors(tiny.bert_shapes(), rng)
    folder = tiny.write_folder(tmp_path / "bert", tiny.BERT, tensors)
    results = [
        Encoder.from_pretrained(path, backend)([[2, 5, 3]]).last_hidden_state
        for path in (folder, str(folder))
        for backend in BACKENDS
    ]
    assert results[0].tobytes() == results[2].tobytes()
    assert np.abs(results[0] - results[1]).max() <= HIDDEN_FLOAT32
    for wrong in (None, 5, b"bert", ["bert"]):
        with pytest.raises(InputError, match="folder: expected a path, received"):
            Encoder.from_pretrained(wrong)
    with pytest.raises(InputError, match=r"folder: 'x+' cannot be opened: File name too long"):
        Encoder.from_pretrained("x" * 300)
    with pytest.raises(ModelFileError, match="no such folder"):
        Encoder.from_pretrained(tmp_path / "absent")
    for options in ({"backend": "jax"}, {"dtype": "float64"}):
        with pytest.raises(InputError):
            Encoder.from_pretrained(tmp_path / "absent", **options)


def test_bad_ids_never_reach_the_arithmetic(backend):
    """Catches an entry that forgets the door; the door's own tests are in test_bad_arrays.py."""
    model = make(backend)
    for arguments in ([[[37]]], [[[1.0]]], [[[1]], [[2]]], [[[1]], [[1]], [[2]]]):
        with pytest.raises(InputError):
            model(*arguments)
    wide = model(np.ones((2, TINY.max_position_embeddings), int)).last_hidden_state
    assert np.abs(wide[0] - wide[1]).max() <= BLAS_BATCH


def test_the_interface():
    """Catches a renamed, reordered or re-defaulted argument: these names were promised."""
    load = inspect.signature(Encoder.from_pretrained).parameters
    assert [(p.name, p.default) for p in load.values()][1:] == [
        ("backend", "numba"), ("dtype", "float32"), ("num_threads", None), ("revision", None),
    ]  # fmt: skip
    call = list(inspect.signature(Encoder.__call__).parameters.values())[1:]
    assert [p.name for p in call] == [
        "input_ids", "attention_mask", "token_type_ids",
        "output_hidden_states", "output_attentions",
    ]  # fmt: skip
    assert [p.kind is p.KEYWORD_ONLY for p in call] == [False, False, False, True, True]
    assert [p.default for p in call[1:]] == [None, None, False, False]


@pytest.mark.parametrize("config", [TINY, DISTILBERT], ids=["bert", "distilbert"])
def test_the_tokenizers_batch_fits(backend, config, tmp_path):
    """Catches keys or shapes with which `model(**batch)` fails, in either family."""
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCAB))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": config.model_type}))
    batch = Tokenizer.from_pretrained(tmp_path)(["a b c", "the"], ["b", "unable a"])
    assert ("token_type_ids" in batch) == (config is TINY)
    out = make(backend, config)(**batch)
    assert out.last_hidden_state.shape == (*batch["input_ids"].shape, D)


def test_the_numpy_backend_needs_no_compiler():
    """Catches Numba imported for everybody: the reference must run where it is not installed."""
    program = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None
import numpy as np
from npdistil import Encoder
from tests.models import TINY, random_params
params = random_params(TINY, np.random.default_rng(0))
print(Encoder(TINY, params, "numpy")([[1, 2]]).last_hidden_state.shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("(1, 2, 12)\n", "")
