"""Fetching a model's files from the hub with huggingface_hub, each checked by its hash.

The client asks what there is, moves the bytes and keeps its cache in order. Two things are done
here, since it leaves them undone: what was interrupted goes on where it ended, in another process
too, and a file gets its name only when its hash is the one that the hub states.
"""

import os
import secrets
from pathlib import Path

from huggingface_hub import file_download, hf_hub_download, hf_hub_url
from huggingface_hub.utils import WeakFileLock, build_hf_headers

from ..config import EncoderConfig
from ..errors import ConfigError, ModelFileError
from .hub_cache import cache_folder, repository
from .hub_listing import LIBRARY, Listing, RemoteFile, endpoint, list_files, told
from .model_files import CONFIG, MODULES, OLD_FOLDER, is_weights
from .need import Need


def download(hub_id: str, revision: str, need: Need) -> Path:
    """Fetch what is needed into the hub's cache; returns the folder of the snapshot.

    What is there already is checked by its hash, and fetched again if it is not right. Small files
    come first, so that a model that cannot be run is refused before its weights come.

    Raises:
        ModelFileError: as `list_files`; a file does not come whole, or is not what it should be.
        ConfigError: the model's config.json asks for something that is not built.
        InputError: the cache cannot be written to.
    """
    # A mere question about settings must not keep a model waiting that is there.
    listing = list_files(hub_id, revision, need, 3.0 if need == "settings" else 10.0)
    folder = repository(hub_id)
    snapshot = folder / "snapshots" / listing.commit
    with told(hub_id, revision):
        for file in listing.files:
            if is_weights(file.name):
                check_config(snapshot, listing)
            if not file.is_right(snapshot / file.name):
                blob = fetch_blob(listing, file, folder / "blobs", _locks(folder))
                _link(listing, file, blob, snapshot)
        if not listing.has_modules:
            mark = folder / ".no_exist" / listing.commit / MODULES
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        if revision != listing.commit:
            _write_reference(folder / "refs" / revision, listing.commit)
    return snapshot


def check_config(folder: Path, listing: Listing) -> None:
    """Refuse a model that cannot be run by its config.json, before its weights are fetched.

    Raises:
        ConfigError: it cannot be run; says why.
    """
    for file in listing.files:
        if file.name in (CONFIG, OLD_FOLDER + CONFIG):
            try:
                EncoderConfig.from_folder((folder / file.name).parent)
            except ConfigError as failure:  # the folder may be one that is about to go
                raise ConfigError(f"{failure}".replace(str(folder), listing.hub_id)) from None


def _locks(repository_folder: Path) -> Path:
    """Where the client has its own locks of a repository's blobs."""
    return repository_folder.parent / ".locks" / repository_folder.name


def fetch_blob(listing: Listing, file: RemoteFile, blobs: Path, locks: Path) -> Path:
    """The file with one content, named by its hash; fetched unless it is there.

    Bytes gather beside it, in a file that outlives an interruption. One process fetches a blob,
    others wait for it.

    Args:
        listing: where it belongs.
        file: which one.
        blobs: the folder for files named by their hash.
        locks: the folder for the locks of these.

    Raises:
        ModelFileError: it does not come whole, or is not what the hub says.
        InputError: a folder cannot be written to.
    """
    blob = blobs / file.digest
    with told(listing.hub_id, listing.commit):
        for folder in (blobs, locks):
            folder.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(locks / f"{file.digest}.lock"):
            if not file.is_right(blob):
                blob.unlink(missing_ok=True)
                _fetch(listing, file, blob)
    return blob


def _fetch(listing: Listing, file: RemoteFile, blob: Path) -> None:
    part = blob.with_name(f"{blob.name}.{LIBRARY}.incomplete")
    url = hf_hub_url(listing.hub_id, file.name, revision=listing.commit, endpoint=endpoint())
    # Compressed on the way, a file's size and a range of it would mean something else.
    headers = build_hf_headers(library_name=LIBRARY, headers={"Accept-Encoding": "identity"})
    while True:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "r+b") as stream:
            done = stream.seek(0, os.SEEK_END)
            if done > file.size:
                done = stream.seek(0)
                stream.truncate()
            if done < file.size:
                file_download.http_get(
                    url,
                    stream,
                    resume_size=done,
                    headers=headers,
                    expected_size=file.size,
                    displayed_filename=file.name,
                )
            stream.flush()
            os.fsync(stream.fileno())
        if file.is_right(part):
            part.replace(blob)
            return
        part.unlink()
        if not done:
            kind = "sha256" if len(file.digest) == 64 else "git hash"
            raise ModelFileError(
                f"{listing.hub_id}: {file.name} came with another content than the hub says "
                f"({kind} {file.digest}, {file.size} bytes); what came was removed, try again."
            )
        # What lay there from another run may have been wrong; once more, from the start.


def _link(listing: Listing, file: RemoteFile, blob: Path, snapshot: Path) -> None:
    """Let the client give the blob its name in the snapshot, in the way that suits the system."""
    place = snapshot / file.name
    if place.exists() and not file.is_right(place):  # the client would leave it
        place.unlink()
    named = Path(
        hf_hub_download(
            listing.hub_id,
            file.name,
            revision=listing.commit,
            cache_dir=cache_folder(),
            endpoint=endpoint(),
            library_name=LIBRARY,
        )
    )
    if not named.samefile(blob) and not file.is_right(named):
        raise ModelFileError(f"{named}: not what the hub says of it; remove it and try again.")


def _write_reference(path: Path, commit: str) -> None:
    """Last of all, so that it never leads to half a snapshot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_text(commit, encoding="ascii")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
