"""The arguments of a call, checked against each other and against the tokenizer's settings."""

from ..arguments import as_flag, as_integer, one_of
from ..errors import InputError
from ..named_tuple import NamedTuple
from .rows import Cut
from .settings import SIDES, SPECIAL_TOKENS_IN_TEXT, TokenizerSettings
from .truncate import STRATEGIES

PADDINGS = (True, False, "longest", "max_length", "do_not_pad")
TRUNCATIONS = (True, False, *STRATEGIES, "do_not_truncate")
MAX_PADDED_LENGTH = 1 << 20
UNREACHED = 1 << 40  # no text has so many tokens, and from here on integers might not fit


class Padding(NamedTuple):
    """How rows get one length."""

    pad_id: int
    on_the_left: bool
    length: int | None  # at least so long; None: as the longest row
    multiple_of: int = 1


class CallOptions(NamedTuple):
    """What the steps after the text need to know."""

    cut: Cut
    padding: Padding | None
    fields: frozenset[str]  # optional fields of the batch
    special_as_text: bool

    @property
    def enough(self) -> int | None:
        """After how many tokens of a text nothing changes any more; None: read all."""
        cut = self.cut
        if cut.budget is None or self.needs_rest:
            return None
        return cut.budget + (cut.strategy != "longest_first")  # the others fail if there is more

    @property
    def needs_rest(self) -> bool:
        """Whether tokens that do not fit are of interest: to be kept, in rows, or as a number."""
        cut = self.cut
        return cut.on_the_left or cut.overflow or "num_truncated_tokens" in self.fields


def special_tokens_as_text(value: object, settings: TokenizerSettings) -> bool:
    """Whether "[SEP]" in a text is text; None means as the settings say.

    Raises:
        InputError: neither "parse" nor "text".
    """
    if value is None:
        value = settings.special_tokens_in_text
    return one_of(value, SPECIAL_TOKENS_IN_TEXT, "special_tokens_in_text") == "text"


def check_options(
    settings: TokenizerSettings,
    pad_id: int,
    *,
    special: int,
    padding: object,
    truncation: object,
    max_length: object,
    stride: object,
    pad_to_multiple_of: object,
    padding_side: object,
    special_tokens_in_text: object,
    flags: dict[str, object],
) -> CallOptions:
    """Check the arguments of `Tokenizer.__call__`; `special` is the number of special tokens.

    Raises:
        InputError: an unknown value, a wrong type, or values that contradict each other.
    """
    strategy = one_of(truncation, TRUNCATIONS, "truncation")
    length = settings.model_max_length
    if max_length is not None:
        length = as_integer(max_length, "max_length")
    if length is not None and length < special:
        raise InputError(
            f"max_length: {length} tokens cannot hold the {special} special tokens "
            f"of {'a text' if special == 2 else 'a pair'}; at least {special}."
        )
    cuts = length is not None and strategy not in (False, "do_not_truncate")
    budget = length - special if cuts and length is not None and length < UNREACHED else None
    wanted = {name for name, value in flags.items() if as_flag(value, name)}
    fields = {_FIELD_OF_FLAG[name] for name in wanted}
    if settings.returns_token_type_ids:
        fields.add("token_type_ids")
    return CallOptions(
        cut=Cut(
            budget=budget,
            strategy="longest_first" if strategy is True else str(strategy),
            on_the_left=settings.truncation_side == "left",
            stride=_stride(stride, budget),
            overflow="return_overflowing_tokens" in wanted,
        ),
        padding=_padding(settings, pad_id, padding, length, cuts, pad_to_multiple_of, padding_side),
        fields=frozenset(fields),
        special_as_text=special_tokens_as_text(special_tokens_in_text, settings),
    )


_FIELD_OF_FLAG = {
    "return_offsets_mapping": "offset_mapping",
    "return_special_tokens_mask": "special_tokens_mask",
    "return_length": "length",
    "return_overflowing_tokens": "overflow_to_sample_mapping",
    "return_num_truncated_tokens": "num_truncated_tokens",
}


def _stride(stride: object, budget: int | None) -> int:
    value = as_integer(stride, "stride")
    if value < 0 or (value > 0 and budget is not None and value >= budget):
        raise InputError(
            f"stride: {value}; expected at least 0, and less than the {budget} tokens of text "
            "that max_length allows."
        )
    return value


def _padding(
    settings: TokenizerSettings,
    pad_id: int,
    padding: object,
    length: int | None,
    cuts: bool,
    multiple: object,
    side: object,
) -> Padding | None:
    pad = one_of(padding, PADDINGS, "padding")
    side = settings.padding_side if side is None else one_of(side, SIDES, "padding_side")
    step = 1 if multiple is None else as_integer(multiple, "pad_to_multiple_of")
    if not 1 <= step <= MAX_PADDED_LENGTH:
        raise InputError(f"pad_to_multiple_of: 1 to {MAX_PADDED_LENGTH}, received {step}.")
    if pad in (False, "do_not_pad"):
        if multiple is not None:
            raise InputError("pad_to_multiple_of: has no effect with padding=False.")
        return None
    if cuts and length is not None and length % step:
        raise InputError(
            f"pad_to_multiple_of: rows are cut to {length} tokens, which is no multiple of {step}; "
            "choose another max_length."
        )
    if pad != "max_length":
        length = None
    elif length is None or length > MAX_PADDED_LENGTH:
        raise InputError(
            f'padding="max_length": needs a max_length of at most {MAX_PADDED_LENGTH}, '
            f"received {length}."
        )
    return Padding(pad_id=pad_id, on_the_left=side == "left", length=length, multiple_of=step)
