"""A model of the hub as a plain folder with a lock, instead of the hub's cache."""

import os
import shutil
from pathlib import Path

from ..checkpoint.hub_cache import checked_revision
from ..checkpoint.hub_download import check_config, fetch_blob, list_files
from ..checkpoint.locate import fetchable
from ..checkpoint.model_files import is_weights
from ..checkpoint.new_folder import new_folder
from ..errors import InputError
from .folder_lock import write_lock


def fetch_folder(name: str, target: Path, revision: str | None = None) -> None:
    """Fetch all files of a model that are read, into a new folder; it appears whole, locked.

    What has come when a run is interrupted stays in ".NAME.fetch" beside the target, and the next
    run to the same target goes on from there.

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
            blob = fetch_blob(listing, file, blobs, blobs)
            place = folder / file.name
            place.parent.mkdir(exist_ok=True)
            _same_content(blob, place)
        write_lock(folder)
    shutil.rmtree(blobs, ignore_errors=True)


def _same_content(blob: Path, place: Path) -> None:
    """A second name for the blob, which is to go; a copy where there are no such names."""
    try:
        os.link(blob, place)
    except OSError:
        try:
            shutil.copyfile(blob, place)
        except OSError as failure:
            raise InputError(f"{place}: cannot be written: {failure.strerror}.") from None
