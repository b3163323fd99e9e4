"""Between ids and tokens: lookups, decoding, and the ids that have a name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import numpy as np

from ..arguments import as_flag, as_ids
from ..errors import InputError
from .decode import clean_up, join_pieces
from .settings import TokenizerSettings
from .special import AddedToken
from .vocab import Vocabulary

Ids = Sequence[int] | np.ndarray[Any, Any]


class TokenTable:
    """The part of a tokenizer that reads no text."""

    def __init__(
        self,
        settings: TokenizerSettings,
        vocabulary: Vocabulary,
        added_tokens: Sequence[AddedToken],
        shown: Mapping[int, str],
    ) -> None:
        """Take the parts together.

        Args:
            settings: what is said about the tokenizer.
            vocabulary: tokens and ids.
            added_tokens: the tokens that are searched in the text.
            shown: tokens that are shown otherwise than they are listed, by id.
        """
        self.settings = settings
        self._vocabulary = vocabulary
        self._added_tokens = tuple(added_tokens)
        self._shown = dict(shown)
        self._special_ids = frozenset(token.id for token in added_tokens if token.special)

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
        tokens = self._tokens(as_ids([ids] if single else ids, self.vocab_size))
        return tokens[0] if single else tokens

    def _tokens(self, checked: list[int]) -> list[str]:
        listed = self._vocabulary.tokens
        tokens = []
        for token_id in checked:
            token = self._shown.get(token_id, listed[token_id])
            if token is None:
                raise InputError(
                    f"ids: {token_id} is a row of the vocabulary that no token points to."
                )
            tokens.append(token)
        return tokens

    @overload
    # A str is an Iterable[str], too; the first overload that fits is meant.
    def convert_tokens_to_ids(self, tokens: str) -> int: ...  # type: ignore[overload-overlap]

    @overload
    def convert_tokens_to_ids(self, tokens: Iterable[str]) -> list[int]: ...

    def convert_tokens_to_ids(self, tokens: str | Iterable[str]) -> int | list[int]:
        """The id of a token, or the ids of several; an unknown token has the id of [UNK].

        Raises:
            InputError: not a string, or not strings.
        """
        known, unknown = self._vocabulary.ids, self.unk_token_id
        if isinstance(tokens, str):
            return known.get(tokens, unknown)
        if not isinstance(tokens, Iterable):
            raise InputError(f"tokens: expected strings, received {type(tokens).__name__}.")
        ids = []
        for index, token in enumerate(tokens):
            if not isinstance(token, str):
                raise InputError(
                    f"tokens[{index}]: expected a str, received {type(token).__name__}."
                )
            ids.append(known.get(token, unknown))
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
            self._tokens(kept),
            self.settings.continuing_subword_prefix,
            cleanup=self.settings.decoder_cleanup,
        )
        return clean_up(text) if as_flag(again, "clean_up_tokenization_spaces") else text

    def batch_decode(
        self,
        sequences: Sequence[Ids] | np.ndarray[Any, Any],
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> list[str]:
        """`decode` for each row of an array [B, L], or of a list.

        Raises:
            InputError: not rows, or as `decode`.
        """
        is_rows = isinstance(sequences, np.ndarray | Sequence) and not isinstance(sequences, str)
        if not is_rows or any(np.ndim(row) == 0 for row in sequences):
            raise InputError("sequences: expected rows of ids; for one sequence use decode.")
        return [
            self.decode(row, skip_special_tokens, clean_up_tokenization_spaces) for row in sequences
        ]

    @property
    def added_tokens(self) -> tuple[AddedToken, ...]:
        """The tokens that are searched in a text, the special ones among them."""
        return self._added_tokens

    @property
    def tokens(self) -> Sequence[str | None]:
        """All tokens by id; a row of the vocabulary that no token points to is None."""
        return self._vocabulary.tokens

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
        return self._vocabulary.id_of(self.settings.unk_token)

    @property
    def cls_token_id(self) -> int:
        """Id of [CLS], the first token of every sequence."""
        return self._vocabulary.id_of(self.settings.cls_token)

    @property
    def sep_token_id(self) -> int:
        """Id of [SEP], which ends each text."""
        return self._vocabulary.id_of(self.settings.sep_token)

    @property
    def pad_token_id(self) -> int:
        """Id of [PAD]."""
        return self._vocabulary.id_of(self.settings.pad_token)

    @property
    def mask_token_id(self) -> int | None:
        """Id of [MASK]; None where the vocabulary has none."""
        token = self.settings.mask_token
        return None if token is None else self._vocabulary.id_of(token)
