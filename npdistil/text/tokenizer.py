"""The tokenizer: composes the steps of this folder, and adds nothing to them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from ..errors import InputError
from .added import SpecialNames, all_added_tokens
from .arguments import as_flag, as_ids, as_integer, as_texts, one_of
from .batch import NO_SPAN, Padding, Row, TokenBatch, padded_batch
from .decode import clean_up, join_pieces
from .encode import TextEncoder
from .fields import Fields
from .settings import TokenizerSettings, load_settings
from .special import AddedToken
from .truncate import kept_lengths
from .vocab import Vocabulary, ids_from_tokens

Texts = str | Sequence[str] | np.ndarray[Any, Any]

PADDINGS = (True, False, "longest", "max_length", "do_not_pad")
TRUNCATIONS = (True, False, "longest_first", "do_not_truncate")
MAX_PADDED_LENGTH = 1 << 20


class Tokenizer:
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
    ) -> None:
        """Use `from_pretrained` or `from_vocab`, which check that the parts fit."""
        self.settings = settings
        self._vocabulary = vocabulary
        self._encode = TextEncoder(settings, vocabulary, added_tokens)
        # The library shows a token that it searches in normalised text in its normalised form.
        self._shown = list(vocabulary.tokens)
        for content, token_id in self._encode.normalized_ids.items():
            self._shown[token_id] = content
        self._special_ids = frozenset(token.id for token in added_tokens if token.special)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "Tokenizer":
        """Load from a folder with vocab.txt or tokenizer.json and the settings beside them.

        Raises:
            InputError: `folder` is no path.
            TokenizerError: the files are missing, malformed, contradict each other, or ask for
                something that is not built.
        """
        if not isinstance(folder, str | Path):
            raise InputError(f"folder: expected a path, received {type(folder).__name__}.")
        return cls(*load_settings(Path(folder)))

    @classmethod
    def from_vocab(
        cls,
        tokens: Sequence[str],
        *,
        do_lower_case: bool = True,
        strip_accents: bool | None = None,
        tokenize_chinese_chars: bool = True,
        model_max_length: int | None = None,
    ) -> "Tokenizer":
        """Make a tokenizer from the tokens in the order of their ids.

        Args:
            tokens: holds [UNK], [CLS], [SEP] and [PAD]; [MASK] may be absent.
            do_lower_case: lower the text first.
            strip_accents: delete accents first; None means as `do_lower_case`.
            tokenize_chinese_chars: make every ideograph a word.
            model_max_length: where truncation cuts unless the call says otherwise, in tokens.

        Raises:
            InputError: an argument of the wrong type.
            TokenizerError: an unusable vocabulary.
        """
        if isinstance(tokens, str) or not isinstance(tokens, Sequence):
            raise InputError(
                f"tokens: expected a sequence of str, received {type(tokens).__name__}."
            )
        nothing = Fields({}, "from_vocab")
        names = SpecialNames(
            roles={
                role: getattr(TokenizerSettings, role)
                for role in ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token")
            }
        )
        ids = ids_from_tokens(tokens, "tokens")
        vocabulary, added = all_added_tokens(ids, names, nothing, nothing, ())
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
        )
        return cls(settings, vocabulary, added)

    def __call__(
        self,
        texts: Texts,
        text_pair: Texts | None = None,
        padding: bool | str = True,
        truncation: bool | str = True,
        max_length: int | None = None,
        return_offsets_mapping: bool = False,
    ) -> TokenBatch:
        """Tokenise texts, or pairs of texts, into int32 arrays of shape [B, L].

        Args:
            texts: a text (a batch of one), or a list, tuple or 1-d array of texts.
            text_pair: the second texts, as many; an empty one still makes a pair.
            padding: True or "longest" pads to the longest of the batch, "max_length" to
                `max_length`; False gives lists of arrays.
            truncation: True or "longest_first" cuts to `max_length`, of a pair the longer text
                first; False never cuts.
            max_length: in tokens, special ones included; None means `model_max_length`.
            return_offsets_mapping: add where in the text each token comes from, in characters.

        Raises:
            InputError: not text (the message has the index), texts and pairs of different
                number, an unknown padding or truncation, or a max_length that is no integer, or
                smaller than the number of special tokens.
        """
        firsts = as_texts(texts, "texts")
        seconds = None if text_pair is None else as_texts(text_pair, "text_pair")
        if seconds is not None and len(seconds) != len(firsts):
            raise InputError(
                f"text_pair: {len(seconds)} second texts for {len(firsts)} first ones; "
                "both need the same number."
            )
        pad = one_of(padding, PADDINGS, "padding")
        cuts = one_of(truncation, TRUNCATIONS, "truncation") in (True, "longest_first")
        offsets = as_flag(return_offsets_mapping, "return_offsets_mapping")
        special = 2 if seconds is None else 3
        length = self._length(max_length, special)
        budget = length - special if cuts and length is not None else None
        rows = [
            self._row(first, None if seconds is None else seconds[index], budget, offsets)
            for index, first in enumerate(firsts)
        ]
        return padded_batch(
            rows,
            self._padding(pad, length),
            types=self.settings.returns_token_type_ids,
            offsets=offsets,
        )

    def tokenize(self, text: str) -> list[str]:
        """The pieces of one text, without [CLS] and [SEP].

        Raises:
            InputError: not text.
        """
        if not isinstance(text, str):
            raise InputError(f"text: expected a str, received {type(text).__name__}.")
        ids, _ = self._encode(as_texts(text, "text")[0], None, False)
        return self.convert_ids_to_tokens(ids)

    @overload
    def convert_ids_to_tokens(self, ids: int) -> str: ...

    @overload
    def convert_ids_to_tokens(self, ids: Sequence[int] | np.ndarray[Any, Any]) -> list[str]: ...

    def convert_ids_to_tokens(
        self, ids: int | Sequence[int] | np.ndarray[Any, Any]
    ) -> str | list[str]:
        """The token of an id, or the tokens of several.

        Raises:
            InputError: no integers, outside the vocabulary, or a row without a token.
        """
        single = np.ndim(ids) == 0 and not isinstance(ids, str | bytes | Sequence)
        tokens = []
        for token_id in as_ids([ids] if single else ids, self.vocab_size):
            token = self._shown[token_id]
            if token is None:
                raise InputError(
                    f"ids: {token_id} is a row of the vocabulary that no token points to."
                )
            tokens.append(token)
        return tokens[0] if single else tokens

    @overload
    def convert_tokens_to_ids(self, tokens: str) -> int: ...  # type: ignore[overload-overlap]

    @overload
    def convert_tokens_to_ids(self, tokens: Iterable[str]) -> list[int]: ...

    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> int | list[int]:
        """The id of a token, or the ids of several; an unknown token has the id of [UNK].

        Raises:
            InputError: not a string, or not strings.
        """
        if isinstance(tokens, str):
            return self._vocabulary.ids.get(tokens, self.unk_token_id)
        if not isinstance(tokens, Iterable):
            raise InputError(f"tokens: expected strings, received {type(tokens).__name__}.")
        ids = []
        for index, token in enumerate(tokens):
            if not isinstance(token, str):
                raise InputError(
                    f"tokens[{index}]: expected a str, received {type(token).__name__}."
                )
            ids.append(self._vocabulary.ids.get(token, self.unk_token_id))
        return ids

    def decode(
        self,
        ids: Sequence[int] | np.ndarray[Any, Any],
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> str:
        """Text again, as far as pieces tell.

        Args:
            ids: of one sequence.
            skip_special_tokens: leave out [CLS], [SEP], [PAD] and their like.
            clean_up_tokenization_spaces: remove spaces before punctuation in the whole text
                once more; None means as the model's folder says, else False. As in Transformers,
                the WordPiece decoder removes most of them in any case.

        Raises:
            InputError: no integers, or outside the vocabulary.
        """
        again = clean_up_tokenization_spaces
        if again is None:
            again = self.settings.clean_up_tokenization_spaces
        skip = as_flag(skip_special_tokens, "skip_special_tokens")
        checked = as_ids(ids, self.vocab_size)
        kept = [token_id for token_id in checked if not (skip and token_id in self._special_ids)]
        text = join_pieces(
            self.convert_ids_to_tokens(kept),
            self.settings.continuing_subword_prefix,
            cleanup=self.settings.decoder_cleanup,
        )
        return clean_up(text) if as_flag(again, "clean_up_tokenization_spaces") else text

    @property
    def vocab_size(self) -> int:
        """Rows of the vocabulary, added tokens included: every id is below it."""
        return len(self._vocabulary)

    @property
    def model_max_length(self) -> int | None:
        """Longest input of the model in tokens, special ones included; None means no limit."""
        return self.settings.model_max_length

    @property
    def unk_token_id(self) -> int:
        """Id of [UNK], for words that the vocabulary cannot spell."""
        return self._vocabulary.ids[self.settings.unk_token]

    @property
    def cls_token_id(self) -> int:
        """Id of [CLS], the first token of every sequence."""
        return self._vocabulary.ids[self.settings.cls_token]

    @property
    def sep_token_id(self) -> int:
        """Id of [SEP], which ends each text."""
        return self._vocabulary.ids[self.settings.sep_token]

    @property
    def pad_token_id(self) -> int:
        """Id of [PAD]."""
        return self._vocabulary.ids[self.settings.pad_token]

    @property
    def mask_token_id(self) -> int | None:
        """Id of [MASK]; None where the vocabulary has none."""
        token = self.settings.mask_token
        return None if token is None else self._vocabulary.ids[token]

    def _length(self, max_length: int | None, special: int) -> int | None:
        length = self.model_max_length
        if max_length is not None:
            length = as_integer(max_length, "max_length")
        if length is not None and length < special:
            raise InputError(
                f"max_length: {length} tokens cannot hold the {special} special tokens "
                f"of {'a text' if special == 2 else 'a pair'}; at least {special}."
            )
        return length

    def _padding(self, padding: object, length: int | None) -> Padding | None:
        if padding in (False, "do_not_pad"):
            return None
        if padding != "max_length":
            length = None
        elif length is None or length > MAX_PADDED_LENGTH:
            raise InputError(
                f'padding="max_length": needs a max_length of at most {MAX_PADDED_LENGTH}, '
                f"received {length}."
            )
        return Padding(
            pad_id=self.pad_token_id,
            on_the_left=self.settings.padding_side == "left",
            length=length,
        )

    def _row(self, first: str, second: str | None, budget: int | None, offsets: bool) -> Row:
        """[CLS] first [SEP], or [CLS] first [SEP] second [SEP], cut to the budget."""
        left = self.settings.truncation_side == "left"
        # A single text needs no more than is kept; of a pair both lengths count.
        enough = budget if second is None and not left else None
        parts = [self._encode(first, enough, offsets)]
        if second is not None:
            parts.append(self._encode(second, None, offsets))
        lengths = [len(ids) for ids, _ in parts]
        if budget is not None:
            lengths[:] = kept_lengths(lengths[0], (*lengths, None)[1], budget)
        row = Row()
        row.extend([self.cls_token_id], [NO_SPAN] if offsets else [], 0)
        for token_type, ((ids, spans), kept) in enumerate(zip(parts, lengths, strict=False)):
            start = len(ids) - kept if left else 0
            row.extend(ids[start : start + kept], spans[start : start + kept], token_type)
            row.extend([self.sep_token_id], [NO_SPAN] if offsets else [], token_type)
        return row
