"""A sentence-transformers folder to what a `SentenceEncoder` is made of."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...arguments import one_of
from ...checkpoint.load import open_encoder
from ...checkpoint.locate import locate
from ...checkpoint.weights_file import folder_of
from ...encoder.encoder import BACKENDS, Encoder
from ...heads.sentence_embedding import SentenceEmbedding
from ...named_tuple import NamedTuple
from ...threads import resolve_num_threads
from ..model_parts import make_kernels
from ..prompts import merged_prompts
from ..sentence_config import read_sentence_config
from .sentence_head import load_head

if TYPE_CHECKING:
    from ...text.tokenizer import Tokenizer


class SentenceParts(NamedTuple):
    """The arguments of `SentenceModel`, by their names."""

    tokenizer: "Tokenizer"
    encoder: Encoder
    head: SentenceEmbedding
    max_seq_length: int | None
    prompts: Mapping[str, str | None]
    default_prompt_name: str | None
    truncate_dim: int | None
    similarity_fn_name: str | None


def load_parts(
    folder: str | Path,
    backend: str = "numba",
    num_threads: int | None = None,
    pooling: str | None = None,
    revision: str | None = None,
    *,
    prompts: Mapping[str, str | None] | None = None,
    default_prompt_name: str | None = None,
    truncate_dim: int | None = None,
    similarity_fn_name: str | None = None,
) -> SentenceParts:
    """Load the files; all arguments and errors are those of `SentenceModel.from_pretrained`."""
    model = locate(folder, "sentence", revision)
    config = read_sentence_config(folder_of(model), pooling)
    weights = model if model.is_file() else config.transformer_folder
    one_of(backend, BACKENDS, "backend")
    threads = resolve_num_threads(num_threads)
    tokenizers = []

    def prepare() -> None:
        """All that needs the interpreter, while another thread reads tables without it."""
        from ...text.tokenizer import Tokenizer  # late: importing it is a part of that

        if backend == "numba":
            make_kernels()
        tokenizers.append(
            Tokenizer.from_pretrained(
                config.transformer_folder,
                backend="numba" if backend == "numba" else "python",
                num_threads=threads,
            )
        )

    with open_encoder(weights, num_threads=threads, meanwhile=prepare) as (sizes, params, _):
        encoder = Encoder(sizes, params, backend, num_threads=threads)
    settings = config.settings
    return SentenceParts(
        tokenizers[0],
        encoder,
        load_head(config, encoder.backend, encoder.config.hidden_size),
        config.max_seq_length,
        merged_prompts(settings.prompts, prompts),
        default_prompt_name or settings.default_prompt_name,
        settings.truncate_dim if truncate_dim is None else truncate_dim,
        similarity_fn_name or settings.similarity_fn_name,
    )
