"""Options of calls: what an object remembers, what has two names, and what nobody has."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from ..arguments import as_flag
from ..errors import InputError

Call = TypeVar("Call", bound=Callable[..., Any])
Given = TypeVar("Given")

# What users of Transformers write and no task has: what to write instead.
INSTEAD = {
    "padding": "rows are never padded, so there is nothing to choose; leave it out",
    "topk": "write top_k",
    "sequences": "what is worked on comes first, without a name",
    "return_all_scores": "write top_k=None",
    "grouped_entities": 'write aggregation_strategy="simple"',
    "ignore_subwords": 'write aggregation_strategy="first"',
    "device": "this package runs on the CPU; leave it out",
    "tokenizer": "a model comes with the tokenizer of its folder; leave it out",
}


def option_names(function: Any) -> list[str]:
    """What can be passed by name, but for the object itself and what is worked on."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    return [name for name in names if name not in ("self", "cls")][1:]


def loading_options(kind: Any) -> list[str]:
    """The options of `from_pretrained` of a class, or those of the class that it passes on."""
    own = inspect.signature(kind.from_pretrained).parameters.values()
    passes_on = any(parameter.kind is parameter.VAR_KEYWORD for parameter in own)
    return list(
        dict.fromkeys(
            option_names(kind.from_pretrained) + (option_names(kind.__init__) if passes_on else [])
        )
    )


def call_options(kind: type) -> list[str]:
    """The options of calls of a class."""
    return option_names(kind.__call__)


def unknown_option(option: str, owner: str, known: Iterable[str]) -> InputError:
    """The error for an option that there is not; `owner` is what takes the `known` ones."""
    advice = INSTEAD.get(option)
    if advice is not None:
        return InputError(f"{option}: no option of {owner}: {advice}.")
    return InputError(f"{option}: no option of {owner}; it takes {', '.join(known)}.")


def checked_defaults(kind: type, options: dict[str, Any]) -> dict[str, Any]:
    """Options that all calls of an object of this class shall have; values are for the call.

    Raises:
        InputError: an option that calls of this class do not take, or a device that is no CPU.
    """
    options, known = without_device(options), call_options(kind)
    for option in options:
        if option not in known:
            every = dict.fromkeys([*loading_options(kind), *known])  # each once
            raise unknown_option(option, kind.__name__, every)
    return options


def without_device(options: dict[str, Any]) -> dict[str, Any]:
    """Options but for `device`, which may be "cpu", -1 or None.

    Raises:
        InputError: it is anything else.
    """
    expect_cpu(options.get("device"))
    return {name: value for name, value in options.items() if name != "device"}


def expect_cpu(device: object) -> None:
    """Refuse a device that is not the processor.

    Raises:
        InputError: it is neither "cpu", nor -1, nor None.
    """
    if device not in (None, "cpu", -1) and str(device) != "cpu":  # torch.device("cpu") is fine
        raise InputError(
            f'device: this package runs on the CPU; expected "cpu", -1 or None, received '
            f"{device!r:.80}."
        )


def refuse_tensors(convert_to_tensor: object) -> None:
    """`convert_to_tensor`, as sentence-transformers has it, must be False.

    Raises:
        InputError: it is not.
    """
    if as_flag(convert_to_tensor, "convert_to_tensor"):
        raise InputError(
            "convert_to_tensor: there are no tensors here; torch.from_numpy makes one of the array."
        )


def one_of_two(inputs: Given | None, sentences: Given | None) -> tuple[Given | None, str]:
    """What is worked on, which sentence-transformers 5 calls `sentences`, and the name it came by.

    Raises:
        InputError: both are given.
    """
    if sentences is None:
        return inputs, "inputs"
    if inputs is not None:
        raise InputError("inputs and sentences are two names of one argument: give one of them.")
    return sentences, "sentences"


def with_defaults(call: Call) -> Call:
    """A `__call__` that takes from `self.call_defaults` what it is not given.

    The call raises InputError for an option that it does not have.
    """
    signature = inspect.signature(call)
    known = option_names(call)
    worked_on = [*signature.parameters][1]

    @functools.wraps(call)
    def called(self: Any, *arguments: Any, **options: Any) -> Any:
        for option in options:
            if option not in known and option != worked_on:
                raise unknown_option(option, f"calls of {type(self).__name__}", known)
        if self.call_defaults:
            given = signature.bind_partial(self, *arguments, **options).arguments
            kept = self.call_defaults.items()
            options |= {name: value for name, value in kept if name not in given}
        return call(self, *arguments, **options)

    return cast(Call, called)
