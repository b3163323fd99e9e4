"""Prompts: what is put before a text so that the model knows what it is for.

The rules are those of sentence-transformers 6, where every model that embeds has the prompts
"query" and "document", empty unless somebody says otherwise. A cross-encoder has none by itself.
"""

from collections.abc import Collection, Mapping

from ..arguments import as_texts
from ..errors import InputError
from ..fields import Fields, shown
from .user_warning import warn_user

ALWAYS = ("query", "document")
OF_DOCUMENTS = ("document", "passage", "corpus")  # the first that there is


def prompts_in(
    file: Fields, always: Collection[str] = ALWAYS
) -> tuple[dict[str, str | None], str | None]:
    """`prompts` and `default_prompt_name` of config_sentence_transformers.json.

    Raises:
        ConfigError: they are of the wrong kind, or the default is neither in the file nor `always`
            there.
    """
    prompts: dict[str, str | None] = {}
    if file.value.get("prompts") is not None:
        for name, prompt in file.object("prompts").value.items():
            if prompt is not None and not isinstance(prompt, str):
                raise file.fail("prompts", f"expected strings, received {shown(prompt)}.")
            prompts[name] = prompt
    default = file.value.get("default_prompt_name")
    if default is not None and (not isinstance(default, str) or default not in (*always, *prompts)):
        raise file.fail("default_prompt_name", f"{shown(default)} is none of the file's prompts.")
    return prompts, default


def merged_prompts(
    of_folder: Mapping[str, str | None],
    of_caller: Mapping[str, str | None] | None,
    always: Collection[str] = ALWAYS,
) -> dict[str, str]:
    """The prompts by name: the caller's, then the folder's; None is no prompt of its own.

    Raises:
        InputError: the caller's are no mapping of strings to text.

    >>> merged_prompts({"query": "Find: ", "passage": "Text: "}, {"query": "Q: "})
    {'query': 'Q: ', 'document': '', 'passage': 'Text: '}
    """
    if of_caller is not None and not isinstance(of_caller, Mapping):
        raise InputError(f"prompts: expected a dict, received {type(of_caller).__name__}.")
    merged: dict[str, str | None] = dict.fromkeys(always)
    merged |= of_caller or {}
    for name, prompt in of_folder.items():
        if merged.get(name) is None:
            merged[name] = prompt
    for name, prompt in merged.items():
        if not isinstance(name, str):
            raise InputError(f"prompts: expected names, received {shown(name)}.")
        if prompt is not None:
            _text(prompt, f"prompts[{name!r:.40}]")
    return {name: prompt or "" for name, prompt in merged.items()}


def checked_prompt_name(name: object, prompts: Mapping[str, str], argument: str) -> str:
    """The name of one of the prompts.

    Raises:
        InputError: it is none.
    """
    if not isinstance(name, str) or name not in prompts:
        known = f"expected one of {list(prompts)}" if prompts else "this model has no prompts"
        raise InputError(f"{argument}: {known}, received {shown(name)}.")
    return name


def chosen_prompt(
    prompts: Mapping[str, str], default: str | None, prompt_name: object, prompt: object
) -> str:
    """What is put before a text: `prompt`, else that of the name, else the default's, else "".

    Raises:
        InputError: an unknown name, or a prompt that is no text.
    """
    if prompt is not None:
        if prompt_name is not None:
            warn_user("prompt and prompt_name are both given; prompt_name is ignored.")
        return _text(prompt, "prompt")
    if prompt_name is not None:
        return prompts[checked_prompt_name(prompt_name, prompts, "prompt_name")]
    return "" if default is None else prompts.get(default, "")


def name_for_documents(prompts: Mapping[str, str]) -> str | None:
    """Which prompt documents get where nobody chose one."""
    return next((name for name in OF_DOCUMENTS if name in prompts), None)


def _text(prompt: object, name: str) -> str:
    if not isinstance(prompt, str):
        raise InputError(f"{name}: expected a str, received {shown(prompt)}.")
    as_texts(prompt, name)
    return prompt
