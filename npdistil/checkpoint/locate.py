"""From what a user calls a model to the folder of its files; decided once, before any is opened.

A folder comes first, then the hub's cache, then, unless offline, the hub. A `Path` is never a name.
"""

import os
from pathlib import Path

from ..arguments import as_folder
from ..errors import InputError
from .need import Need


def locate(name: object, need: Need, revision: str | None = None) -> Path:
    """The folder of a model; what it is not in the cache, it is fetched into.

    Args:
        name: a folder, a file of weights in it, a name of the registry, or a repository of the hub.
        need: what is to be loaded; of a repository only those files are fetched.
        revision: branch, tag or commit at the hub; None means main, as the cache has it if it
            has it.

    Returns:
        An existing folder, or file of weights; or the path as it was given, if it can be no name:
        what reads it says what is wrong.

    Raises:
        InputError: `name` is no path, `revision` no revision or a folder's.
        ModelFileError: no such model, or it cannot be fetched; says what was looked for and where.
    """
    path = as_folder(name)
    if not os.path.lexists(path) and isinstance(name, str):
        from .hub_model import find_model, is_name  # late: a start from a folder needs none of it

        if is_name(name):
            return find_model(name, need, revision)
    if revision is not None:
        raise InputError(f"revision: is for names of the hub, {str(path)[:200]!r} is a path.")
    return path
