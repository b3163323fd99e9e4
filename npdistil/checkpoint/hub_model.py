"""A model by its name: the registry, the hub's cache, and whether the hub can be asked.

A name is at the hub if the registry knows it or if it has the form OWNER/NAME.
"""

import importlib.util
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import InputError, ModelFileError
from .hub_cache import (
    cache_folder,
    checked_revision,
    find_snapshot,
    is_hub_id,
    is_known_absent,
    is_offline,
    repository,
)
from .model_files import MODULES, lacking
from .need import Need
from .registry import entries, find
from .weights_file import is_weights_name

INSTALL = "pip install 'npdistil[hub]'"


def find_model(name: str, need: Need, revision: str | None) -> Path:
    """The snapshot of a model in the hub's cache, fetched if it is not there.

    Raises:
        InputError: `revision` can be none.
        ModelFileError: it is not there and cannot be fetched; says what was looked for and where.
    """
    wanted = checked_revision(revision)
    seen: dict[str, Path | None] = {}
    for hub_id in hub_ids(name):
        snapshot = seen[hub_id] = find_snapshot(hub_id, wanted)
        if snapshot is not None and not lacking(snapshot, need):
            return _with_pooling(hub_id, snapshot) if need == "sentence" else snapshot
    if not can_fetch(hub_id):
        raise ModelFileError(f"{name}: {_tried(name, seen, need, wanted)}. {_advice(hub_id)}")
    from .hub_download import download  # huggingface_hub comes along

    # What was begun is completed: files of two commits may not belong together.
    try:
        return download(hub_id, wanted if snapshot is None else snapshot.name, need)
    except ModelFileError as failure:  # most likely it was to be a folder
        raise ModelFileError(f"{failure} Nor is there a folder {Path(name).absolute()}.") from None


def is_name(name: str) -> bool:
    """Whether it may be a model of the registry or of the hub, if there is no such folder."""
    return not is_weights_name(name) and (is_hub_id(name) or find(name) is not None)


def hub_ids(name: str) -> list[str]:
    """The repositories that a name may mean, the one to fetch last.

    Raises:
        ModelFileError: a name of the registry of which no repository is known.
    """
    entry = find(name)
    if entry is not None and entry.hub_id is None:
        raise ModelFileError(f"{name}: it is not known where its weights are. {entry.note or ''}")
    ids = [name] if is_hub_id(name) else []
    if entry is not None and entry.hub_id is not None:
        ids.append(entry.hub_id)
    return list(dict.fromkeys(ids))


def fetchable(name: str) -> str:
    """The repository of the hub to fetch a model from, if it can be fetched here and now.

    Raises:
        InputError: `name` can be no name.
        ModelFileError: nothing is known of it, or the hub cannot be asked; says what to do.
    """
    if not is_name(name):
        raise InputError(f"{name[:200]!r}: expected OWNER/NAME, or a name of the registry.")
    hub_id = hub_ids(name)[-1]
    if not can_fetch(hub_id):
        raise ModelFileError(f"{name}: cannot be fetched. {_advice(hub_id)}")
    return hub_id


def can_fetch(hub_id: str) -> bool:
    """Whether the hub may be asked for a repository, and can be."""
    return _is_at_hub(hub_id) and not is_offline() and has_client()


def has_client() -> bool:
    """Whether huggingface_hub is installed."""
    return importlib.util.find_spec("huggingface_hub") is not None


def _is_at_hub(hub_id: str) -> bool:
    """Whether it has an owner, or the registry vouches for a name that has none."""
    entry = find(hub_id)
    return "/" in hub_id or (entry is not None and entry.hub_id == hub_id)


def _with_pooling(hub_id: str, snapshot: Path) -> Path:
    """The snapshot, once it is known whether the model has a pooling of its own.

    A cache that Transformers filled lacks what sentence-transformers would have asked for, and
    a guess would be wrong without a sign of it. Where nobody can be asked it is all there is.
    """
    known = (snapshot / MODULES).is_file() or is_known_absent(snapshot, MODULES)
    if known or not can_fetch(hub_id):
        return snapshot
    from .hub_download import download

    with suppress(InputError, ModelFileError):  # no network, or a cache that is read only
        download(hub_id, snapshot.name, "settings")
    return snapshot


def _tried(name: str, seen: Mapping[str, Path | None], need: Need, revision: str) -> str:
    tried = [f"no such folder ({Path(name).absolute()})"]
    for hub_id, snapshot in seen.items():
        if snapshot is None:
            tried.append(f"not in the hub's cache ({repository(hub_id)}, revision {revision})")
        else:
            tried.append(f"in the hub's cache without {lacking(snapshot, need)} ({snapshot})")
    return "; ".join(tried)


def _advice(hub_id: str) -> str:
    if not _is_at_hub(hub_id):
        names = ", ".join(entry.name for entry in entries() if entry.hub_id)
        return f"Name a folder, a model of the hub as OWNER/NAME, or one of: {names}."
    if is_offline():
        return "HF_HUB_OFFLINE is set, so nothing is fetched: unset it, or name a folder."
    return (
        f"To fetch it: {INSTALL}; or put its files into a folder and name that; or point "
        f"HF_HUB_CACHE at a cache that has it (now {cache_folder()})."
    )
