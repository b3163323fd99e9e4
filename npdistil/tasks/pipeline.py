"""`pipeline`: a task by its name, as in Transformers."""

import functools
import importlib
import inspect
from pathlib import Path
from typing import Any

from ..errors import InputError

# What each task is called, by Transformers or at the hub: module and class.
TASKS = {
    "fill-mask": ("filling.fill_mask", "FillMask"),
    "question-answering": ("answering.question_answering", "QuestionAnswering"),
    "sentence-similarity": ("sentence_encoder", "SentenceEncoder"),
    "text-classification": ("classification.text_classification", "TextClassification"),
    "text-ranking": ("classification.cross_encoder", "CrossEncoder"),
    "token-classification": ("tagging.token_classification", "TokenClassification"),
    "zero-shot-classification": ("classification.zero_shot", "ZeroShotClassification"),
}
ALIASES = {
    "ner": "token-classification",
    "sentence-embedding": "sentence-similarity",
    "sentiment-analysis": "text-classification",
}


def pipeline(task: str, model: str | Path, **options: Any) -> Any:
    """Load a model for a task.

    Args:
        task: one of `TASKS` or `ALIASES`: Transformers' names.
        model: its folder, or as a string its name at the hub.
        options: those of the class's `from_pretrained` (backend, num_threads, revision), and those
            of its calls (top_k and so on), which every call then has unless it says otherwise.

    Returns:
        The object of the class that `TASKS` names. With options of its calls: a `functools.partial`
        of it, whose `func` it is.

    Raises:
        InputError: an unknown task or option.
        ConfigError, ModelFileError, TokenizerError: the model cannot be used; says why.
    """
    name = ALIASES.get(task, task) if isinstance(task, str) else ""
    if name not in TASKS:
        known = ", ".join(
            sorted([*TASKS, *(short for short in ALIASES if ALIASES[short] in TASKS)])
        )
        raise InputError(f"task: expected one of {known}, received {task!r:.80}.")
    module, kind = TASKS[name]
    loaded = getattr(importlib.import_module(f".{module}", __package__), kind)
    of_loading = _names(loaded.from_pretrained)
    calls = any("__call__" in vars(base) for base in loaded.__mro__)  # each class has type's
    of_calls = _names(loaded.__call__) if calls else []
    for option in options:
        if option not in (*of_loading, *of_calls):
            raise InputError(
                f"{option}: no option of {name}; it takes {', '.join([*of_loading, *of_calls])}."
            )
    found = loaded.from_pretrained(
        model, **{option: value for option, value in options.items() if option in of_loading}
    )
    defaults = {option: value for option, value in options.items() if option not in of_loading}
    return functools.partial(found, **defaults) if defaults else found


def _names(function: Any) -> list[str]:
    """What can be passed by name, but for the object itself and what is worked on."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    return [name for name in names if name not in ("self", "cls")][1:]
