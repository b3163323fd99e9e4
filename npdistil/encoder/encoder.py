"""`Encoder`: a model folder to hidden states. No arithmetic of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..arguments import as_flag, as_integer, one_of
from ..checkpoint.load import open_encoder
from ..checkpoint.locate import locate
from ..config import EncoderConfig
from ..dims import Floats
from ..errors import InputError
from ..params import EncoderParams, cast
from ..threads import resolve_num_threads
from .backend import Backend, PackedOutput
from .packing import PackedBatch, pack, unpack, unpack_attention

if TYPE_CHECKING:
    from ..trace.cache import ActivationCache
    from ..trace.hooks import Hooks
    from ..trace.names import NamesFilter
    from .output import EncoderOutput

BACKENDS = ("numba", "numpy")


class Encoder:
    """A BERT or DistilBERT encoder, callable on padded batches. Safe to share between threads.

    Attributes:
        config: the architecture.
        backend: the engine, for those who have packed rows.
        pooler: BERT's summary of a sequence, from its first row [B, D]; None: not in the file.
    """

    def __init__(
        self,
        config: EncoderConfig,
        params: EncoderParams,
        backend: str = "numba",
        dtype: DTypeLike = "float32",
        num_threads: int | None = None,
    ) -> None:
        """Prepare a backend.

        Args:
            config: the architecture.
            params: its parameters, of the config's shapes; layers on demand are asked for here.
            backend: "numba" for the compiled kernels, "numpy" for the readable reference.
            dtype: "float32"; "numpy" takes "float64" too.
            num_threads: threads of "numba"; None means NPDISTIL_NUM_THREADS, else all processors
                that this process may use. NumPy's threads are those of its BLAS library.

        Raises:
            InputError: an unknown backend, a dtype that it does not have, or a bad thread count.
        """
        self.config = config
        dtype = _checked_dtype(backend, dtype)
        threads = resolve_num_threads(num_threads)
        params = cast(params, dtype)
        self.backend: Backend
        if backend == "numba":
            from .numba_backend import NumbaBackend  # brings compiled code, so late

            self.backend = NumbaBackend(params, config, threads)
        else:
            from .numpy_backend import NumpyBackend

            self.backend = NumpyBackend(params, config)
        pooler = params.pooler
        self.pooler = None if pooler is None else self.backend.dense(pooler, "tanh")

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        backend: str = "numba",
        dtype: DTypeLike = "float32",
        num_threads: int | None = None,
        revision: str | None = None,
    ) -> Self:
        """Load a folder with config.json and weights, or a model of the hub.

        Args:
            folder: a path, of the folder or of the file of weights in it that is meant; or as a
                string a model's name: "xtremedistil-l6-h256",
                "microsoft/xtremedistil-l6-h256-uncased". A folder of that name comes first, then
                the hub's cache, then, unless HF_HUB_OFFLINE is set, the hub.
            backend: see the constructor.
            dtype: likewise.
            num_threads: likewise.
            revision: of a model of the hub: a branch, tag or commit; None means main.

        Raises:
            InputError: as the constructor, `folder` is no path, or `revision` no revision.
            ConfigError, ModelFileError: the folder's files are missing, damaged or disagree; there
                is no such model, or it cannot be fetched.
        """
        checked = _checked_dtype(backend, dtype)
        threads, model = resolve_num_threads(num_threads), locate(folder, "encoder", revision)
        with open_encoder(model, checked, threads) as (config, params, _):
            return cls(config, params, backend, dtype, threads)

    def __call__(
        self,
        input_ids: ArrayLike,
        attention_mask: ArrayLike | None = None,
        token_type_ids: ArrayLike | None = None,
        *,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> "EncoderOutput":
        """Run the encoder on a padded batch.

        Args:
            input_ids: integers [B, L].
            attention_mask: [B, L], 1 for a token and 0 for padding, anywhere; None: no padding.
            token_type_ids: [B, L], 0 for the first text and 1 for the second; None means 0.
            output_hidden_states: also return the embeddings and every layer's rows.
            output_attentions: also return every layer's attention maps.

        Raises:
            InputError: wrong rank, dtype or range; DistilBERT with token types.
        """
        from .output import EncoderOutput  # late: who embeds texts never makes one

        output_hidden_states = as_flag(output_hidden_states, "output_hidden_states")
        output_attentions = as_flag(output_attentions, "output_attentions")
        batch, keep_BL = pack(input_ids, attention_mask, token_type_ids, self.config)
        packed = self.encode_packed(batch, output_hidden_states, output_attentions)
        hidden_states = [unpack(hidden_TD, keep_BL) for hidden_TD in packed.hidden_states]
        last_TD, heads = packed.hidden_states[-1], self.config.num_attention_heads
        dtype = hidden_states[-1].dtype
        attentions = [unpack_attention(probs, keep_BL, heads, dtype) for probs in packed.attentions]
        return EncoderOutput(
            last_hidden_state=hidden_states[-1],
            pooler=lambda: self.pooled_first(last_TD, batch, keep_BL),
            hidden_states=tuple(hidden_states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )

    def run_with_cache(
        self,
        input_ids: ArrayLike,
        attention_mask: ArrayLike | None = None,
        token_type_ids: ArrayLike | None = None,
        *,
        names_filter: "NamesFilter" = None,
        fwd_hooks: "Hooks" = (),
    ) -> tuple["EncoderOutput", "ActivationCache"]:
        """As the call, and keep what was computed on the way; the output has the same bytes.

        Args:
            input_ids: integers [B, L].
            attention_mask: as for the call.
            token_type_ids: likewise.
            names_filter: which activations: names of `npdistil/trace/names.py`, beginnings of
                names, "*" for one part ("layers.*.output"), or a function of a name; None: all that
                the backend shows.
            fwd_hooks: as for `run_with_hooks`; the cache has what they left.

        Returns:
            The output, and the named activations with their padded shapes.

        Raises:
            InputError: as the call; a name that there is not, or not on the numba backend.
        """
        from .traced import run  # late: few look inside

        batch = input_ids, attention_mask, token_type_ids
        return run(self, *batch, names_filter, fwd_hooks)

    def run_with_hooks(
        self,
        input_ids: ArrayLike,
        attention_mask: ArrayLike | None = None,
        token_type_ids: ArrayLike | None = None,
        *,
        fwd_hooks: "Hooks",
    ) -> "EncoderOutput":
        """As the call, with other activations in some places. Of the numpy backend alone.

        Args:
            input_ids: integers [B, L].
            attention_mask: as for the call.
            token_type_ids: likewise.
            fwd_hooks: pairs of names, as `names_filter` has them, and a function of (value, name).
                It gets a copy [B, L, ...], which it may change; what it returns, or the copy if
                that is None, goes on. What it writes at masked places has no effect.

        Raises:
            InputError: as the call; the numba backend; hooks that are no such pairs, that name
                nothing, or that return another shape.
        """
        from .traced import run  # likewise

        batch = input_ids, attention_mask, token_type_ids
        return run(self, *batch, (), fwd_hooks)[0]

    def run_from_layer(
        self,
        layer: int,
        state: ArrayLike,
        attention_mask: ArrayLike | None = None,
        *,
        names_filter: "NamesFilter" = (),
        fwd_hooks: "Hooks" = (),
    ) -> tuple["EncoderOutput", "ActivationCache"]:
        """Begin in the middle: compute the layers from one on. Of the numpy backend alone.

        Args:
            layer: the first that is computed; 0 follows the embeddings, and after the last layer
                nothing but the pooler is left.
            state: what this layer gets, floats [B, L, D]: `layers.N.output` of the one before.
            attention_mask: as for the call.
            names_filter: as for `run_with_cache`, but none by default.
            fwd_hooks: as for `run_with_hooks`.

        Raises:
            InputError: a layer that there is not, a state of another shape, a name without "*" of
                what comes before the layer, the numba backend; as `run_with_cache`.
        """
        from .traced import run_from  # likewise

        number = as_integer(layer, "layer")
        return run_from(self, number, state, attention_mask, names_filter, fwd_hooks)

    def encode_packed(
        self,
        batch: PackedBatch,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> PackedOutput:
        """Run the encoder on packed rows, for callers that never had padding."""
        return self.backend.encode(batch, output_hidden_states, output_attentions)

    def pooled_first(
        self, hidden_TD: Floats, batch: PackedBatch, keep_BL: NDArray[np.bool_]
    ) -> Floats | None:
        """The pooler of column 0 [B, D], as Transformers does; zeros where column 0 is masked."""
        if self.pooler is None:
            return None
        pooled = self.pooler(hidden_TD[batch.position_ids_T == 0])
        pooled_BD = np.zeros((len(keep_BL), pooled.shape[1]), pooled.dtype)
        pooled_BD[keep_BL[:, :1].any(axis=1)] = pooled
        return pooled_BD


def _checked_dtype(backend: str, dtype: DTypeLike) -> np.dtype[np.floating]:
    one_of(backend, BACKENDS, "backend")
    accepted = ("float32",) if backend == "numba" else ("float32", "float64")
    try:
        name = np.dtype(dtype).name
    except (TypeError, ValueError, SyntaxError):  # NumPy parses strings such as "f4,f4"
        name = repr(dtype)
    if dtype is None or name not in accepted:
        raise InputError(
            f"dtype: the {backend} backend computes in {' or '.join(accepted)}, received {dtype!r}."
        )
    return np.dtype(name)
