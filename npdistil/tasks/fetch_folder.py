"""A model of the hub as a plain folder with a lock, instead of the hub's cache."""

import os
import shutil
from pathlib import Path

from ..checkpoint.hub_cache import checked_revision, repository
from ..checkpoint.hub_download import check_config, fetch_blob
from ..checkpoint.hub_listing import list_files
from ..checkpoint.hub_model import fetchable
from ..checkpoint.model_files import is_weights
from ..checkpoint.new_folder import new_folder
from ..errors import InputError
from .folder_lock import write_lock


def fetch_folder(name: str, target: Path, revision: str | None = None) -> None:
    """Fetch all files of a model that are read, into a new folder; it appears whole, locked.

    What the hub's cache has is copied from there. What has come when a run is interrupted stays in
    ".NAME.fetch" beside the target, and the next run to the same target goes on from there.

    Args:
        name: of the registry, or OWNER/NAME.
        target: does not exist yet; its parent does.
        revision: branch, tag or commit; None means main.

    Raises:
        InputError: the target exists or cannot be written; `name` is no name.
        ConfigError: the model's config.json asks for something that is not built.
        ModelFileError: the hub cannot be asked, knows no such model, or sends something else.
    """
    hub_id = fetchable(name)
    blobs = target.with_name(f".{target.name}.fetch") if target.name else target
    with new_folder(target) as folder:
        listing = list_files(hub_id, checked_revision(revision), "sentence")
        for file in listing.files:
            if is_weights(file.name):
                check_config(folder, listing)
            place = folder / file.name
            place.parent.mkdir(exist_ok=True)
            cached = repository(hub_id) / "blobs" / file.digest
            if file.is_right(cached):
                _copy(cached, place)
            else:
                _second_name(fetch_blob(listing, file, blobs, blobs), place)
        write_lock(folder)
    shutil.rmtree(blobs, ignore_errors=True)


def _second_name(blob: Path, place: Path) -> None:
    """For a blob that is to lose its first; a copy where there are no such names."""
    try:
        os.link(blob, place)
    except OSError:
        _copy(blob, place)


def _copy(source: Path, place: Path) -> None:
    try:
        shutil.copyfile(source, place)
    except OSError as failure:
        raise InputError(f"{place}: cannot be written: {failure.strerror}.") from None
