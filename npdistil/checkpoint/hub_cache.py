"""The hub's cache on this machine, read without huggingface_hub and without a network.

    models--OWNER--NAME/refs/main                 the commit that main was
    models--OWNER--NAME/snapshots/COMMIT/...      the repository's files, links into blobs/
    models--OWNER--NAME/.no_exist/COMMIT/...      names that were asked for and are not there
    models--OWNER--NAME/trees/COMMIT.json         all names, where a snapshot was fetched as a whole

Source: huggingface_hub 2.4, "Understand caching", and the order of variables in its constants.py.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from ..errors import InputError, ModelFileError
from ..fields import shown
from ..files import is_there, read_file, read_json_object

MAIN = "main"
_TRUE = ("1", "ON", "YES", "TRUE")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PART = re.compile(r"\w(?:[\w.-]{0,94}\w)?", re.ASCII)
_MAX_REVISION = 250
_MAX_TREE_BYTES = 1 << 24


def cache_folder() -> Path:
    """Where the hub's cache is, if there is one.

    The first that is set: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub,
    XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub.
    """
    places = (
        (os.environ.get("HF_HUB_CACHE"), ""),
        (os.environ.get("HUGGINGFACE_HUB_CACHE"), ""),
        (os.environ.get("HF_HOME"), "hub"),
        (os.environ.get("XDG_CACHE_HOME"), "huggingface/hub"),
        ("~/.cache", "huggingface/hub"),
    )
    place, below = next((place, below) for place, below in places if place)
    # Not Path.expanduser, which raises where there is no home: here "~" then leads nowhere.
    return Path(os.path.expandvars(os.path.expanduser(place)), below).absolute()  # noqa: PTH111


def is_offline() -> bool:
    """HF_HUB_OFFLINE, or else TRANSFORMERS_OFFLINE, says that no network may be used."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in _TRUE


def is_hub_id(name: str) -> bool:
    """Whether this may be a repository's name: NAME or OWNER/NAME, as the hub has them."""
    parts = name.split("/")
    return (
        len(parts) <= 2
        and all(_PART.fullmatch(part) for part in parts)
        and "--" not in name
        and ".." not in name
        and not name.endswith(".git")
    )


def is_commit(revision: str) -> bool:
    """Whether a revision is a full commit hash, which never changes."""
    return _COMMIT.fullmatch(revision) is not None


def checked_revision(revision: object) -> str:
    """A branch, tag or commit; None means main. It becomes part of a path, so no other than that.

    Raises:
        InputError: it is none.
    """
    if revision is None:
        return MAIN
    if (
        not isinstance(revision, str)
        or not 1 <= len(revision) <= _MAX_REVISION
        or not revision.isprintable()
        or "\\" in revision
        or ":" in revision
        or any(part in ("", ".", "..") for part in revision.split("/"))
    ):
        raise InputError(f"revision: expected a branch, tag or commit, received {shown(revision)}.")
    return revision


def repository(hub_id: str) -> Path:
    """The cache's folder for a repository."""
    return cache_folder() / "--".join(("models", *hub_id.split("/")))


def find_snapshot(hub_id: str, revision: str) -> Path | None:
    """The folder of a revision's files, as far as they were ever fetched; None if there is none.

    Raises:
        ModelFileError: the cache is damaged: what refs/ holds is no commit.
    """
    folder = repository(hub_id)
    reference = folder / "refs" / revision
    commit = revision
    if reference.is_file():
        content = bytes(read_file(reference, 1 << 10, ModelFileError))
        commit = content.decode("ascii", "replace").strip()
        if not is_commit(commit):
            raise ModelFileError(f"{reference}: holds {shown(commit)}, which is no commit.")
    elif not is_commit(revision):
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None


def is_known_absent(snapshot: Path, name: str) -> bool:
    """Whether the repository was once asked for this file and had none."""
    folder = snapshot.parent.parent
    if is_there(folder / ".no_exist" / snapshot.name / name, ModelFileError):
        return True
    with suppress(ModelFileError):  # it is the client's own, and may be of another format some day
        tree = read_json_object(
            folder / "trees" / f"{snapshot.name}.json", ModelFileError, _MAX_TREE_BYTES
        )
        files = tree.get("files")
        return isinstance(files, dict) and name not in files
    return False
