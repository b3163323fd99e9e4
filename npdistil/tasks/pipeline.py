"""`pipeline`: a task by its name, as in Transformers."""

import importlib
from pathlib import Path
from typing import Any

from ..arguments import as_folder
from ..errors import InputError
from .call_defaults import call_options, loading_options, unknown_option, without_device

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
# What Transformers has under a name, and what has it here.
ELSEWHERE = {
    "feature-extraction": 'pipeline("sentence-similarity", model) gives a vector a text, and its '
    'encode(texts, output_value="token_embeddings") a vector a token'
}


def pipeline(task: str, model: str | Path, **options: Any) -> Any:
    """Load a model for a task.

    Args:
        task: one of `TASKS` or `ALIASES`: Transformers' names.
        model: its folder, or as a string its name at the hub.
        options: those of the class's `from_pretrained` (backend, num_threads, revision), and those
            of its calls (top_k and so on), which the object remembers: every call then has them
            unless it says otherwise. `device` may be "cpu", -1 or None.

    Returns:
        The object of the class that `TASKS` names.

    Raises:
        InputError: an unknown task or option, which says what to write where there is something; or
            a model that is no path.
        ConfigError, ModelFileError, TokenizerError: the model cannot be used; says why.
    """
    name = ALIASES.get(task, task) if isinstance(task, str) else ""
    if name in ELSEWHERE:
        raise InputError(f"task: {task!r} is not built; {ELSEWHERE[name]}.")
    if name not in TASKS:
        names = ", ".join(sorted([*TASKS, *ALIASES]))
        raise InputError(f"task: expected one of {names}, received {task!r:.80}.")
    as_folder(model, "model")  # now, while it has the name that the caller knows it by
    options = without_device(options)
    module, kind = TASKS[name]
    loaded = getattr(importlib.import_module(f".{module}", __package__), kind)
    known = dict.fromkeys([*loading_options(loaded), *call_options(loaded)])  # each once
    for option in options:
        if option not in known:
            raise unknown_option(option, name, known)
    return loaded.from_pretrained(model, **options)
