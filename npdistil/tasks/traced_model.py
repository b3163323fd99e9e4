"""`TracedModel`: text in, everything that a model computes of it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_texts
from ..checkpoint.head_names import Task
from ..checkpoint.locate import locate
from ..checkpoint.task_settings import TaskSettings
from ..checkpoint.weights_file import folder_of
from ..dims import Floats, Ints
from ..encoder.encoder import Encoder
from ..encoder.output import EncoderOutput
from ..encoder.packing import PackedBatch, pack, unpack
from ..encoder.traced import PaddedTap, finished, run_watched, watch_for
from ..errors import InputError
from ..heads.masked_lm import MaskedLM
from ..heads.sequence_classification import SequenceClassification
from ..heads.tapped import Head, head_names, run_head
from ..text.tokenizer import Tokenizer
from ..trace.cache import ActivationCache
from ..trace.hooks import Hooks
from ..trace.lens import logit_lens
from ..trace.names import NamesFilter, encoder_names
from .model_parts import expect_fitting
from .task_model import open_task_model


class Traced(NamedTuple):
    """The result of a pass over texts.

    Attributes:
        output: the encoder's.
        cache: the named activations.
        logits: of the head, None without one: [B, C], or [B, L, C] with zeros at masked places.
        tokens: the pieces of each text, as many as it has unmasked columns.
    """

    output: EncoderOutput
    cache: ActivationCache
    logits: Floats | None
    tokens: list[list[str]]


@dataclass(frozen=True)
class TracedModel:
    """A tokenizer, an encoder and perhaps a head, to look inside. Safe to share between threads.

    Attributes:
        tokenizer: cuts text into ids.
        encoder: ids to hidden states.
        head: hidden states to scores; None: the encoder alone.
        settings: names of the head's scores, and what else its folder says; None: nothing.

    Raises:
        ConfigError: the vocabulary is larger than the encoder's table.
    """

    tokenizer: Tokenizer
    encoder: Encoder
    head: Head | None = None
    settings: TaskSettings | None = None

    def __post_init__(self) -> None:
        expect_fitting(self.tokenizer, self.encoder.config)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        task: Task | None = None,
        backend: str = "numpy",
        revision: str | None = None,
    ) -> Self:
        """Load a folder with weights and a vocabulary, or a model of the hub, in float32.

        Args:
            folder: see `Encoder.from_pretrained`.
            task: whose head is wanted, "fill-mask" or another of `pipeline`; None: no head.
            backend: "numpy" shows everything and takes hooks; "numba" shows the hidden states,
                maps, the pooler and the head.
            revision: of a model of the hub: a branch, tag or commit; None means main.

        Raises:
            InputError: an argument is none of the above.
            ConfigError, ModelFileError, TokenizerError: the folder cannot be used; says why.
        """
        if task is not None:
            model = open_task_model(folder, task, backend, revision=revision)
            return cls(model.tokenizer, model.encoder, model.head, model.settings)
        encoder = Encoder.from_pretrained(folder, backend, revision=revision)
        found = folder_of(locate(folder, "task", revision))
        engine = "numba" if backend == "numba" else "python"
        return cls(Tokenizer.from_pretrained(found, backend=engine), encoder)

    @property
    def names(self) -> tuple[str, ...]:
        """Every activation that there is; the compiled backend shows some of the encoder's."""
        encoder, pooler = self.encoder, self.encoder.pooler
        own = () if self.head is None else head_names(self.head, pooler)
        return (*encoder_names(encoder.config, pooler is not None), *own)

    @property
    def max_length(self) -> int:
        """The most tokens of a row, special ones too: the tokenizer's limit, or the model's."""
        return self.encoder.config.row_limit(self.tokenizer.model_max_length)

    def run_with_cache(
        self,
        inputs: Any,
        text_pair: Any = None,
        *,
        names_filter: NamesFilter = None,
        fwd_hooks: Hooks = (),
    ) -> Traced:
        """Compute texts, or a batch, and keep what was computed on the way.

        Args:
            inputs: a text, a list of texts, or a dict with `input_ids` and perhaps
                `attention_mask` and `token_type_ids`, as the tokenizer makes it. Texts that are too
                long lose their ends.
            text_pair: second texts, as many.
            names_filter: as for `Encoder.run_with_cache`, and `head.*` (`heads/tapped.py`). Scores
                of masked words take V floats for each token: leave `head.logits` out for long
                texts.
            fwd_hooks: as for `Encoder.run_with_hooks`, of the head's activations too.

        Raises:
            InputError: as `Encoder.run_with_cache`; something that is no text; ids without a token.
        """
        encoder, pooler, head = self.encoder, self.encoder.pooler, self.head
        watch = watch_for(
            encoder, names_filter, fwd_hooks, () if head is None else head_names(head, pooler)
        )
        batch, keep_BL = self._packed(inputs, text_pair)
        last_TD = run_watched(encoder, batch, keep_BL, watch)
        output, cache = finished(encoder, last_TD, batch, keep_BL, watch)
        logits = None
        if head is not None:
            logits = run_head(head, last_TD, output, PaddedTap(watch, keep_BL), pooler)
            if not isinstance(head, SequenceClassification):
                logits = unpack(logits, keep_BL)
            cache = ActivationCache(watch.values, keep_BL)
        ids = np.split(batch.input_ids_T, batch.cu_seqlens[1:-1])
        tokens = [self.tokenizer.convert_ids_to_tokens(ids_L) for ids_L in ids]
        return Traced(output, cache, logits, tokens)

    def run_with_hooks(self, inputs: Any, text_pair: Any = None, *, fwd_hooks: Hooks) -> Traced:
        """As `run_with_cache`, and keep nothing.

        Args:
            inputs: see `run_with_cache`.
            text_pair: likewise.
            fwd_hooks: likewise.

        Raises:
            InputError: likewise.
        """
        return self.run_with_cache(inputs, text_pair, names_filter=(), fwd_hooks=fwd_hooks)

    def logit_lens(
        self, inputs: Any, text_pair: Any = None, *, positions: Ints | None = None
    ) -> Floats:
        """What the head for masked words says of the embeddings and of each layer.

        Args:
            inputs: see `run_with_cache`.
            text_pair: likewise.
            positions: columns; None: all, which takes V floats for each token and layer.

        Returns:
            [layers + 1, B, P, V]; the last are the model's own scores.

        Raises:
            InputError: the model has no such head; as `run_with_cache`.
        """
        if not isinstance(self.head, MaskedLM):
            raise InputError(
                "logit_lens: needs the head that scores words; load the model with "
                'task="fill-mask".'
            )
        wanted = ["embeddings", "layers.*.output"]
        cache = self.run_with_cache(inputs, text_pair, names_filter=wanted).cache
        return logit_lens([*cache.values()], self.head.scores, positions)

    def _packed(self, inputs: Any, text_pair: Any) -> tuple[PackedBatch, NDArray[np.bool_]]:
        config = self.encoder.config
        if isinstance(inputs, Mapping):
            if "input_ids" not in inputs or text_pair is not None:
                raise InputError("inputs: a batch needs input_ids, and has its pairs in them.")
            given, types = inputs, inputs.get("token_type_ids")
        else:
            texts = as_texts(inputs, "inputs")
            if not texts:
                raise InputError("inputs: expected at least one text, received none.")
            others = None if text_pair is None else as_texts(text_pair, "text_pair")
            # On the right: a token's position is its column.
            given = self.tokenizer(texts, others, max_length=self.max_length, padding_side="right")
            types = given["token_type_ids"] if config.type_vocab_size else None
        return pack(given["input_ids"], given.get("attention_mask"), types, config)
