"""`Ours`: our own side, of parts that can be replaced one by one.

A likely cause is found by computing: what would we get if our eps were another, or if this weight
were transposed? `dataclasses.replace(ours, ...)` puts a part in another's place, and `observe`
follows.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..checkpoint.locate import locate
from ..checkpoint.weights_file import folder_of
from ..config import EncoderConfig
from ..dims import Floats
from ..encoder.backend import Pooling
from ..encoder.encoder import Encoder
from ..encoder.numpy_backend import POOLING
from ..encoder.packing import pack
from ..errors import InputError
from ..params import DenseParams, EncoderParams, cast
from ..tasks.embedding.sentence_head import load_head
from ..tasks.model_parts import expect_fitting
from ..tasks.prompts import chosen_prompt, merged_prompts
from ..tasks.sentence_config import SentenceConfig, read_sentence_config
from ..text.settings import TokenizerSettings, load_settings
from ..text.special import AddedToken
from ..text.tokenizer import Tokenizer
from ..text.vocab import Vocabulary
from ..trace.hooks import Hooks
from .classifier import load_with_head
from .side import SIZES, Observed, Tokens, padded
from .texts import Text, as_inputs, halved


@dataclass(frozen=True, kw_only=True, eq=False)
class Ours:
    """A model in parts, from texts to sentence embeddings. Safe to share between threads.

    Attributes:
        config: of the encoder.
        params: of the encoder, float64.
        vocabulary: of the tokenizer.
        added_tokens: of the tokenizer.
        tokenizer_settings: how text is cut.
        max_length: tokens of a text, special ones included.
        sentence: what follows the encoder, but for the next three.
        pooling: several stand side by side.
        normalize: whether vectors have length 1 at the end.
        prompt: put before each text.
        head: layers of a classifier of whole texts, on [CLS]; none: the model has none.
        on_pooler: whether the head stands on the pooler.
        hooks: what is put in the place of activations, as for `Encoder.run_with_hooks`.
        mask_padding: False computes padding as if it were text; only a mistake does.
    """

    config: EncoderConfig
    params: EncoderParams
    vocabulary: Vocabulary
    added_tokens: tuple[AddedToken, ...]
    tokenizer_settings: TokenizerSettings
    max_length: int
    sentence: SentenceConfig
    pooling: tuple[Pooling, ...]
    normalize: bool
    prompt: str = ""
    head: tuple[DenseParams, ...] = ()
    on_pooler: bool = False
    hooks: Hooks = ()
    mask_padding: bool = True

    @classmethod
    def from_pretrained(cls, folder: str | Path, revision: str | None = None) -> Self:
        """Load a model folder, or a model of the hub.

        A folder without modules.json is taken for one that pools by the mean, and its texts are as
        long as tokenizer and model allow.

        Args:
            folder: see `SentenceEncoder.from_pretrained`.
            revision: of a model of the hub: a branch, tag or commit; None means main.

        Raises:
            InputError: an argument is none of the above.
            ConfigError, ModelFileError, TokenizerError: the folder cannot be used; says why.
        """
        model = locate(folder, "sentence", revision)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "pooling is a guess": it is a row of the report
            sentence = read_sentence_config(folder_of(model), None)
        weights = model if model.is_file() else sentence.transformer_folder
        config, params, head, on_pooler = load_with_head(weights)
        parts = load_settings(sentence.transformer_folder)
        own_length = None if sentence.guessed else sentence.max_seq_length
        settings = sentence.settings
        prompts = merged_prompts(settings.prompts, None)
        return cls(
            config=config,
            params=params,
            vocabulary=parts.vocabulary,
            added_tokens=parts.added_tokens,
            tokenizer_settings=parts.settings,
            max_length=config.row_limit(own_length or parts.settings.model_max_length),
            sentence=sentence,
            pooling=sentence.pooling.modes,
            normalize=sentence.normalize,
            prompt=chosen_prompt(prompts, settings.default_prompt_name, None, None),
            head=head,
            on_pooler=on_pooler,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what is computed, apart from weights and vocabulary."""
        text, config = self.tokenizer_settings, self.config
        strip_accents = text.strip_accents
        return {
            "do_lower_case": text.do_lower_case,
            "strip_accents": text.do_lower_case if strip_accents is None else strip_accents,
            "tokenize_chinese_chars": text.tokenize_chinese_chars,
            "max_length": self.max_length,
            "prompt": self.prompt,
            "pooling": " + ".join(self.pooling),
            "normalize": self.normalize,
            **{name: getattr(config, name) for name in SIZES},
            "hidden_act": config.activation,
            "layer_norm_eps": config.layer_norm_eps,
        }

    @property
    def typed(self) -> bool:
        """Whether the two texts of a pair are told from each other by token types."""
        has_two = self.config.type_vocab_size > 1
        return has_two and self.tokenizer_settings.returns_token_type_ids

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of these settings, the readable one."""
        parts = self.tokenizer_settings, self.vocabulary, self.added_tokens
        return Tokenizer(*parts, backend="python")

    def tokens(self, texts: Sequence[Text]) -> Tokens:
        """Texts and pairs, each behind the prompt, as ids that are cut at `max_length`.

        Raises:
            InputError: not text, or none; a pair for a model of a single type of tokens.
            ConfigError: the vocabulary is larger than the encoder's table.
        """
        checked = as_inputs(texts, "texts")
        if not checked:
            raise InputError("texts: expected at least one, received none.")
        tokenizer = self.tokenizer
        expect_fitting(tokenizer, self.config)
        ids, types = [], []
        for number, (first, second) in enumerate(map(halved, checked)):
            if second is not None and self.config.type_vocab_size == 1:
                raise InputError(
                    f"texts[{number}]: is a pair; this model has one token type, a pair needs two."
                )
            packed = tokenizer.pack(self.prompt + first, self.max_length, text_pair=second)
            ids.append(packed.input_ids_T.tolist())
            types_T = packed.token_type_ids_T
            types.append([0] * len(ids[-1]) if types_T is None else types_T.tolist())
        return Tokens(ids, types if self.config.type_vocab_size else None)

    def observe(
        self, texts: Sequence[Text], dtype: str = "float64", backend: str = "numpy"
    ) -> Observed:
        """Compute texts as one batch and show all that was computed.

        Args:
            texts: at least one; a pair is a tuple of two.
            dtype: "float64" or "float32", which "numba" computes in.
            backend: "numpy" shows all activations, "numba" those of `trace.names.COMPILED`.

        Raises:
            InputError: not text, or a dtype that the backend does not have.
            ConfigError: the vocabulary is larger than the encoder's table.
        """
        return self.compute(self.tokens(texts), dtype, backend)

    def compute(self, tokens: Tokens, dtype: str = "float64", backend: str = "numpy") -> Observed:
        """As `observe`, of ids.

        Args:
            tokens: of at least one text; each has at least one.
            dtype: as for `observe`.
            backend: likewise.

        Raises:
            InputError: ids that the model has no rows for; as `observe`.
        """
        made = self._encoders
        if (backend, dtype) not in made:
            made[backend, dtype] = Encoder(self.config, self.params, backend, dtype)
        encoder = made[backend, dtype]
        ids_BL, mask_BL = padded(tokens.input_ids, self.config.pad_token_id)
        types_BL = None
        if tokens.token_type_ids is not None and self.config.type_vocab_size:
            types_BL, _ = padded(tokens.token_type_ids, 0)
        seen_BL = mask_BL if self.mask_padding else np.ones_like(mask_BL)
        _, cache = encoder.run_with_cache(ids_BL, seen_BL, types_BL, fwd_hooks=self.hooks)
        last = cache[f"layers.{self.config.num_hidden_layers - 1}.output"]
        settings = {**self.settings, "dtype": dtype}
        vectors_BE = self._embeddings(encoder, last[mask_BL], ids_BL, mask_BL, types_BL)
        rows_BD = cache["pooler"] if self.on_pooler else last[:, 0]
        scores_BC = self._scores(encoder, rows_BD) if self.head else None
        return Observed(settings, *tokens, dict(cache), vectors_BE, scores_BC)

    @cached_property
    def _encoders(self) -> dict[tuple[str, str], Encoder]:
        """Those that were asked for; a replaced `Ours` begins without any."""
        return {}

    def _scores(self, encoder: Encoder, rows_BD: Floats) -> Floats:
        """What the head makes of the rows that it stands on."""
        rows_BD = np.ascontiguousarray(rows_BD)
        for linear, activation in cast(self.head, rows_BD.dtype):
            rows_BD = encoder.backend.dense(linear, activation)(rows_BD)
        return rows_BD

    def _embeddings(
        self,
        encoder: Encoder,
        last_TD: Floats,
        ids_BL: NDArray[np.int64],
        mask_BL: NDArray[np.bool_],
        types_BL: NDArray[np.int64] | None,
    ) -> Floats:
        """Pool the last layer's rows as the sentence's settings say, and do what follows."""
        sentence = self.sentence
        before = sentence.modules[:-1] if sentence.normalize else sentence.modules
        chosen = sentence._replace(
            pooling=sentence.pooling._replace(modes=self.pooling),
            modules=(*before, None) if self.normalize else before,
        )
        head = load_head(chosen, encoder.backend, self.config.hidden_size)
        skip = 0
        if self.prompt and not head.include_prompt:  # [CLS] and the prompt, not the [SEP] behind it
            packed = self.tokenizer.pack([self.prompt], self.max_length)
            skip = len(packed.input_ids_T) - 1
        cut = sentence.settings.truncate_dim
        batch, _ = pack(ids_BL, mask_BL, types_BL, self.config)
        if last_TD.dtype == np.float64 or self.hooks or not self.mask_padding:
            # Of the very rows that are shown, changed ones too.
            parts = [POOLING[mode](last_TD, batch.cu_seqlens, skip) for mode in self.pooling]
            return head.of_pooled(encoder.backend, np.concatenate(parts, axis=1), False, cut)
        return head(encoder.backend, batch, False, cut, skip)
