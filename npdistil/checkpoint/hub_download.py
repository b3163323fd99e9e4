"""Fetching a model's files from the hub with huggingface_hub, each checked by its hash.

The client asks what there is, moves the bytes and keeps its cache in order. Two things are done
here, since it leaves them undone: what was interrupted goes on where it ended, in another process
too, and a file gets its name only when its hash is the one that the hub states.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, errors, file_download, hf_hub_download, hf_hub_url
from huggingface_hub.utils import WeakFileLock, build_hf_headers

from ..config import EncoderConfig
from ..errors import InputError, ModelFileError, NpdistilError
from ..fields import shown
from .file_hash import git_sha1_of, sha256_of
from .hub_cache import cache_folder, is_commit, repository
from .model_files import CONFIG, MODULES, Need, is_weights, needed_files

_TIMEOUT = 10.0  # seconds, for an answer that is short
_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
_LIBRARY = "npdistil"


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository.

    Attributes:
        name: with "/", below the repository's root.
        size: in bytes.
        digest: its sha256 (64 digits, large files) or its name in git (40 digits); also the name
            of its blob in the cache.
    """

    name: str
    size: int
    digest: str

    def is_right(self, path: Path) -> bool:
        """Whether a file has this content.

        Raises:
            ModelFileError: it cannot be read.
        """
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        hashed = sha256_of(path) if len(self.digest) == 64 else git_sha1_of(path)
        return hashed == (self.digest, self.size)


@dataclass(frozen=True)
class Listing:
    """What a repository holds at one commit."""

    hub_id: str
    commit: str
    files: tuple[RemoteFile, ...]  # those that are needed, in the order in which to fetch them
    has_modules: bool  # modules.json: a sentence-transformers model


def list_files(hub_id: str, revision: str, need: Need) -> Listing:
    """Ask the hub for a revision's commit and for size and hash of each file that is needed.

    Raises:
        ModelFileError: no answer, no such repository or revision, or nothing in it that is read.
    """
    with _told(hub_id, revision):
        info = HfApi(endpoint=_endpoint(), library_name=_LIBRARY).model_info(
            hub_id, revision=revision, files_metadata=True, timeout=_TIMEOUT
        )
        known = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        names = needed_files(known, need)
        files = tuple(_remote_file(hub_id, known[name]) for name in names)
    commit = info.sha
    if not isinstance(commit, str) or not is_commit(commit):
        raise ModelFileError(f"{hub_id}: the hub names {shown(commit)} as a commit, which is none.")
    if not any(name.endswith(CONFIG) for name in names if name != "1_Pooling/config.json"):
        raise ModelFileError(f"{hub_id}: no {CONFIG} in this repository; is it a BERT model?")
    if need in ("encoder", "sentence") and not any(map(is_weights, names)):
        raise ModelFileError(
            f"{hub_id}: no weights that can be read; the repository holds "
            f"{', '.join(sorted(known))[:400]}."
        )
    return Listing(hub_id, commit, files, MODULES in known)


def download(hub_id: str, revision: str, need: Need) -> Path:
    """Fetch what is needed into the hub's cache; returns the folder of the snapshot.

    What is there already is checked by its hash, and fetched again if it is not right. Small files
    come first, so that a model that cannot be run is refused before its weights come.

    Raises:
        ModelFileError: as `list_files`; a file does not come whole, or is not what it should be.
        ConfigError: the model's config.json asks for something that is not built.
        InputError: the cache cannot be written to.
    """
    listing = list_files(hub_id, revision, need)
    folder = repository(hub_id)
    snapshot = folder / "snapshots" / listing.commit
    with _told(hub_id, revision):
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
        if file.name in (CONFIG, f"0_Transformer/{CONFIG}"):
            EncoderConfig.from_folder((folder / file.name).parent)


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
    with _told(listing.hub_id, listing.commit):
        for folder in (blobs, locks):
            folder.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(locks / f"{file.digest}.lock"):
            if not file.is_right(blob):
                blob.unlink(missing_ok=True)
                _fetch(listing, file, blob)
    return blob


def _fetch(listing: Listing, file: RemoteFile, blob: Path) -> None:
    part = blob.with_name(f"{blob.name}.{_LIBRARY}.incomplete")
    url = hf_hub_url(listing.hub_id, file.name, revision=listing.commit, endpoint=_endpoint())
    # Compressed on the way, a file's size and a range of it would mean something else.
    headers = build_hf_headers(library_name=_LIBRARY, headers={"Accept-Encoding": "identity"})
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
            endpoint=_endpoint(),
            library_name=_LIBRARY,
        )
    )
    if not named.samefile(blob) and not file.is_right(named):
        raise ModelFileError(f"{named}: not what the hub says of it; remove it and try again.")


def _remote_file(hub_id: str, sibling: Any) -> RemoteFile:
    """The client's types differ between its versions, hence Any."""
    lfs = sibling.lfs
    digest = sibling.blob_id if lfs is None else lfs["sha256"]
    pattern = _SHA1 if lfs is None else _SHA256
    if (
        not isinstance(digest, str)
        or not pattern.fullmatch(digest)
        or type(sibling.size) is not int
    ):
        raise ModelFileError(
            f"{hub_id}: the hub states no size and hash of {sibling.rfilename!r:.80}, so that it "
            "could not be checked; is HF_ENDPOINT a hub?"
        )
    return RemoteFile(sibling.rfilename, sibling.size, digest)


def _write_reference(path: Path, commit: str) -> None:
    """Last of all, so that it never leads to half a snapshot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_text(commit, encoding="ascii")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _endpoint() -> str | None:
    return (os.environ.get("HF_ENDPOINT") or "").rstrip("/") or None


@contextmanager
def _told(hub_id: str, revision: str) -> Iterator[None]:
    """Whatever the client meets becomes one sentence."""
    try:
        yield
    except NpdistilError:
        raise
    except Exception as failure:  # its HTTP library has changed twice, and the errors with it
        raise _in_words(hub_id, revision, failure) from None


def _in_words(hub_id: str, revision: str, failure: Exception) -> NpdistilError:
    if isinstance(failure, errors.GatedRepoError):
        what = "access needs the owner's consent: ask for it on its page, then set HF_TOKEN"
    elif isinstance(failure, errors.RepositoryNotFoundError):
        what = "the hub knows no such model, or shows it only with a token (HF_TOKEN)"
    elif isinstance(failure, errors.RevisionNotFoundError):
        what = f"the hub knows no revision {revision} of it"
    elif isinstance(failure, errors.HfHubHTTPError) and failure.response is not None:
        status = failure.response.status_code
        hint = "is HF_TOKEN right?" if status in (401, 403) else "try again later"
        what = f"the hub answered {status}; {hint}"
    elif isinstance(failure, OSError) and failure.errno in _FULL:
        place = failure.filename or cache_folder()
        return InputError(f"{hub_id}: {place} cannot be written: {failure.strerror}.")
    else:
        kind = type(failure).__name__
        text = " ".join(str(failure).split())[:300]
        what = f"cannot be fetched ({kind}: {text}); what came is kept, try again"
    return ModelFileError(f"{hub_id}: {what}.")
