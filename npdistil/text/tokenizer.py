"""The tokenizer: composes the steps of this folder, and adds nothing to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import as_flag, as_integer, as_text, one_of
from ..checkpoint.locate import locate
from ..checkpoint.weights_file import folder_of
from ..errors import InputError, TokenizerError
from ..fields import Fields
from ..threads import resolve_num_threads
from .added import SpecialNames, all_added_tokens
from .encoded import EncodedTexts, TextsToIds
from .kept_parts import load_parts
from .later import LaterEncoder
from .options import CallOptions, check_options, special_tokens_as_text
from .packed import PackedIds, pack_texts, packed_pairs
from .rows import make_rows
from .samples import Samples, Texts, as_samples
from .settings import SPECIAL_TOKENS_IN_TEXT, TokenizerSettings
from .special import AddedToken
from .token_table import TokenTable
from .vocab import Vocabulary, ids_from_tokens

if TYPE_CHECKING:
    from .batch import TokenBatch

BACKENDS = ("numba", "python")


class Tokenizer(TokenTable):
    """BERT's WordPiece tokenizer, equal to Hugging Face `tokenizers` on all Unicode text.

    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "it", "'", "s", "em", "##bed", "##ding"]
    >>> tokenizer = Tokenizer.from_vocab(words)
    >>> tokenizer.tokenize("It's EMBEDDING")
    ['it', "'", 's', 'em', '##bed', '##ding']
    >>> batch = tokenizer(["It's", "embedding s"])
    >>> batch["input_ids"].tolist()
    [[2, 4, 5, 6, 3, 0], [2, 7, 8, 9, 6, 3]]
    >>> batch["attention_mask"].tolist()
    [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]]
    """

    def __init__(
        self,
        settings: TokenizerSettings,
        vocabulary: Vocabulary,
        added_tokens: Sequence[AddedToken],
        backend: str = "numba",
        num_threads: int | None = None,
        key: str | None = None,
    ) -> None:
        """Use `from_pretrained` or `from_vocab`, which check that the parts fit.

        With the key of `load_parts` the kernels' tables are kept.
        """
        one_of(backend, BACKENDS, "backend")
        threads = resolve_num_threads(num_threads)
        parts = settings, vocabulary, added_tokens
        shown: dict[int, str] = {}
        self._encode: TextsToIds
        if backend == "python" or any(token.normalized for token in added_tokens):
            from .encode import TextEncoder

            self._encode = encoder = TextEncoder(*parts)
            # The library shows a token that it searches in normalised text in its normalised form.
            shown = {token.id: content for content, token in encoder.normalized_tokens.items()}
        else:
            self._encode = LaterEncoder(*parts)
        super().__init__(*parts, shown)
        if backend == "numba":
            from .compiled.encoder import CompiledTextEncoder  # imports LLVM

            self._encode = CompiledTextEncoder(*parts, self._encode, threads, key)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        special_tokens_in_text: str | None = None,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
    ) -> "Tokenizer":
        """Load from a folder with vocab.txt or tokenizer.json and the settings beside them.

        Args:
            folder: of the model, or as a string its name at the hub, as for `Encoder`.
            special_tokens_in_text: what becomes of "[SEP]" and its like where a user wrote them:
                "parse" makes them the model's tokens, as all libraries do unless told otherwise;
                "text" makes them words and punctuation, the choice for text from strangers. None
                means as `split_special_tokens` in the folder says, else "parse". A call may say
                otherwise for itself.
            backend: "numba" for the compiled encoder, which the first use on a machine compiles
                for some seconds, and which later ones load; "python" for the readable one, which
                needs neither: the choice for a text or two. The answers are the same.
            num_threads: threads of "numba"; None means NPDISTIL_NUM_THREADS, else all processors
                that the process may use. Changes no result.
            revision: of a model of the hub: a branch, tag or commit; None means main.

        Raises:
            InputError: `folder` is no path, or an unknown value.
            ModelFileError: there is no such model, or it cannot be fetched.
            TokenizerError: the files are missing, malformed, contradict each other, or ask for
                something that is not built.
        """
        parts, key = load_parts(folder_of(locate(folder, "tokenizer", revision)))
        settings, vocabulary, added = parts
        if special_tokens_as_text(special_tokens_in_text, settings):
            settings = settings._replace(special_tokens_in_text="text")
        else:
            settings = settings._replace(special_tokens_in_text="parse")
        return cls(settings, vocabulary, added, backend, num_threads, key)

    @classmethod
    def from_vocab(
        cls,
        tokens: Sequence[str],
        *,
        do_lower_case: bool = True,
        strip_accents: bool | None = None,
        tokenize_chinese_chars: bool = True,
        model_max_length: int | None = None,
        special_tokens_in_text: str = "parse",
        backend: str = "numba",
        num_threads: int | None = None,
    ) -> "Tokenizer":
        """Make a tokenizer from the tokens in the order of their ids.

        Args:
            tokens: holds [UNK], [CLS], [SEP] and [PAD]; [MASK] may be absent.
            do_lower_case: lower the text first.
            strip_accents: delete accents first; None means as `do_lower_case`.
            tokenize_chinese_chars: make every ideograph a word.
            model_max_length: where truncation cuts unless the call says otherwise, in tokens.
            special_tokens_in_text: as for `from_pretrained`.
            backend: likewise.
            num_threads: likewise.

        Raises:
            InputError: an argument of the wrong type.
            TokenizerError: an unusable vocabulary.
        """
        if isinstance(tokens, str) or not isinstance(tokens, Sequence):
            raise InputError(
                f"tokens: expected a sequence of str, received {type(tokens).__name__}."
            )
        nothing = Fields({}, "from_vocab", TokenizerError)
        names = SpecialNames(
            roles={
                role: getattr(TokenizerSettings(), role)
                for role in ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token")
            }
        )
        ids = ids_from_tokens(tokens, "tokens")
        vocabulary, added = all_added_tokens(ids, names, nothing, nothing, (), "tokens")
        if model_max_length is not None:
            model_max_length = as_integer(model_max_length, "model_max_length")
            if model_max_length < 3:
                raise InputError(f"model_max_length: at least 3, received {model_max_length}.")
        settings = TokenizerSettings(
            do_lower_case=as_flag(do_lower_case, "do_lower_case"),
            strip_accents=None
            if strip_accents is None
            else as_flag(strip_accents, "strip_accents"),
            tokenize_chinese_chars=as_flag(tokenize_chinese_chars, "tokenize_chinese_chars"),
            mask_token="[MASK]" if "[MASK]" in ids else None,
            model_max_length=model_max_length,
            special_tokens_in_text=str(
                one_of(special_tokens_in_text, SPECIAL_TOKENS_IN_TEXT, "special_tokens_in_text")
            ),
        )
        return cls(settings, vocabulary, added, backend, num_threads)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write tokenizer.json and tokenizer_config.json, for `tokenizers`, Transformers and us.

        A folder that is not there yet appears with both files or not at all; in one that is
        there each file is replaced as a whole. Its other files stay.

        Raises:
            InputError: `folder` is no path, cannot be written, or holds a vocab.txt that would
                contradict; nothing has changed then.
        """
        if not isinstance(folder, str | Path):
            raise InputError(f"folder: expected a path, received {type(folder).__name__}.")
        from .save import save_tokenizer  # late, as few ever save

        save_tokenizer(Path(folder), self.settings, self._vocabulary, self._added_tokens)

    def __call__(
        self,
        texts: Texts,
        text_pair: Texts | None = None,
        padding: bool | str = True,
        truncation: bool | str = True,
        max_length: int | None = None,
        *,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        return_num_truncated_tokens: bool = False,
        special_tokens_in_text: str | None = None,
    ) -> "TokenBatch":
        """Tokenise texts, or pairs of texts, into int32 arrays of shape [B, L].

        The arguments are those of Transformers; only the defaults of `padding` and `truncation`
        differ, so that the result is always an array that the model takes.

        Args:
            texts: a text (a batch of one), or a list, tuple or 1-d array of texts.
            text_pair: the second texts, as many; an empty one still makes a pair.
            padding: True or "longest" pads to the longest of the batch, "max_length" to
                `max_length`; False gives lists of arrays.
            truncation: True or "longest_first" cuts to `max_length`, of a pair the longer text
                first; "only_first" and "only_second" cut one text of each pair; False never cuts.
            max_length: in tokens, special ones included; None means `model_max_length`.
            stride: tokens that a row of overflowing tokens shares with the one before.
            is_split_into_words: each text is a list of words; offsets are those in a word.
            pad_to_multiple_of: round the padded length up; a cut one must be a multiple itself.
            padding_side: "right" or "left"; None means as the folder says, else "right".
            return_overflowing_tokens: make rows of what truncation cuts off, and add
                `overflow_to_sample_mapping`, which says of each row which text it is of.
            return_special_tokens_mask: add 1 for [CLS], [SEP] and padding, 0 for the text.
            return_offsets_mapping: add where in the text each token comes from, in characters.
            return_length: add the tokens of each row, padding included.
            return_num_truncated_tokens: add how many tokens of its text each row leaves out.
            special_tokens_in_text: "parse" or "text", see `from_pretrained`; None means as said
                there.

        Raises:
            InputError: not text (the message has the index), texts and pairs of different
                number, an unknown value, a max_length that is smaller than the number of special
                tokens, or a truncation that cannot reach it.
        """
        split = as_flag(is_split_into_words, "is_split_into_words")
        firsts, seconds = _samples(texts, text_pair, split)
        options = check_options(
            self.settings,
            self.pad_token_id,
            special=2 if seconds is None else 3,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            stride=stride,
            pad_to_multiple_of=pad_to_multiple_of,
            padding_side=padding_side,
            special_tokens_in_text=special_tokens_in_text,
            flags={
                "return_overflowing_tokens": return_overflowing_tokens,
                "return_special_tokens_mask": return_special_tokens_mask,
                "return_offsets_mapping": return_offsets_mapping,
                "return_length": return_length,
                "return_num_truncated_tokens": return_num_truncated_tokens,
            },
        )
        first, second = self._encoded(firsts, seconds, options)
        rows = make_rows(first, second, options.cut, self.cls_token_id, self.sep_token_id)
        from .batch import make_batch  # late: who embeds texts never makes one

        return make_batch(rows, options.padding, options.fields)

    def pack(
        self,
        texts: str | Sequence[str] | np.ndarray[Any, Any],
        max_length: int | None = None,
        *,
        text_pair: str | Sequence[str] | np.ndarray[Any, Any] | None = None,
        truncation: bool | str = True,
        special_tokens_in_text: str | None = None,
        return_num_truncated_tokens: bool = False,
    ) -> PackedIds:
        """Tokenise texts, or pairs of texts, into rows without padding, with [CLS] and [SEP].

        What `self(texts)` says in arrays [B, L], without the detour: a compiled pass writes the
        rows one after another.

        Args:
            texts: a text (a batch of one), or a list, tuple or 1-d array of texts.
            max_length: in tokens, [CLS] and [SEP] included; a longer row loses its end, or its
                beginning where the folder says so. None means `model_max_length`.
            text_pair: the second texts, as many.
            truncation: False never cuts; of pairs, as for a call.
            special_tokens_in_text: "parse" or "text", see `from_pretrained`.
            return_num_truncated_tokens: count how many tokens each text has lost. Texts are then
                read to their ends.

        Returns:
            `input_ids_T` and `cu_seqlens`, int32, of pairs `token_type_ids_T` where a call would
            give them, and if asked for `num_truncated_tokens`.

        Raises:
            InputError: not text (the message has the index), texts and pairs of different number,
                a max_length that does not hold the special tokens, or more tokens than int32 can
                count.

        >>> tokenizer = Tokenizer.from_vocab(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "it", "is"])
        >>> packed = tokenizer.pack(["it", "it is it", ""], max_length=4)
        >>> packed.input_ids_T.tolist(), packed.cu_seqlens.tolist()
        ([2, 4, 3, 2, 4, 5, 3, 2, 3], [0, 3, 7, 9])
        """
        firsts, seconds = _samples(texts, text_pair, False)
        options = check_options(
            self.settings,
            self.pad_token_id,
            special=2 if seconds is None else 3,
            padding=False,
            truncation=as_flag(truncation, "truncation") if seconds is None else truncation,
            max_length=max_length,
            stride=0,
            pad_to_multiple_of=None,
            padding_side=None,
            special_tokens_in_text=special_tokens_in_text,
            flags={"return_num_truncated_tokens": return_num_truncated_tokens},
        )
        special = self.cls_token_id, self.sep_token_id
        if seconds is None:
            return pack_texts(self._encode, firsts.texts, options, *special)
        return packed_pairs(
            make_rows(*self._encoded(firsts, seconds, options), options.cut, *special), options
        )

    def tokenize(self, text: str, *, special_tokens_in_text: str | None = None) -> list[str]:
        """The pieces of one text, without [CLS] and [SEP].

        Raises:
            InputError: not text.
        """
        texts = [as_text(text, "text")]
        special_as_text = special_tokens_as_text(special_tokens_in_text, self.settings)
        encoded = self._encode(texts, enough=None, offsets=False, special_as_text=special_as_text)
        return self.convert_ids_to_tokens(encoded.ids_T)

    def _encoded(
        self, firsts: Samples, seconds: Samples | None, options: CallOptions
    ) -> tuple[EncodedTexts, EncodedTexts | None]:
        """The tokens of both texts, and of long ones no more than truncation can keep."""

        def encoded(samples: Samples, enough: int | None) -> EncodedTexts:
            return samples.encoded(
                self._encode,
                enough=enough,
                offsets="offset_mapping" in options.fields,
                special_as_text=options.special_as_text,
            )

        enough = options.enough
        if seconds is None:
            return encoded(firsts, enough), None
        # One token more tells a text that fills the row by itself from one that exceeds it, and
        # which of two such texts is the longer matters too.
        enough = None if enough is None else enough + 1
        first, second = encoded(firsts, enough), encoded(seconds, enough)
        if enough and np.any(np.minimum(first.lengths_B, second.lengths_B) >= enough):
            return encoded(firsts, None), encoded(seconds, None)
        return first, second


def _samples(
    texts: object, text_pair: object | None, is_split_into_words: bool
) -> tuple[Samples, Samples | None]:
    """First and second texts, as many of these as of those."""
    firsts = as_samples(texts, "texts", is_split_into_words)
    if text_pair is None:
        return firsts, None
    seconds = as_samples(text_pair, "text_pair", is_split_into_words)
    if len(seconds) != len(firsts):
        raise InputError(
            f"text_pair: {len(seconds)} second texts for {len(firsts)} first ones; "
            "both need the same number."
        )
    return firsts, seconds
