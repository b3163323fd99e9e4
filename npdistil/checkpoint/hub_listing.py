"""What the hub says of a repository: commit, sizes and hashes, or why it does not."""

import errno
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, errors

from ..errors import InputError, ModelFileError, NpdistilError
from ..fields import shown
from .file_hash import git_sha1_of, sha256_of
from .hub_cache import is_commit
from .listed import listed
from .model_files import CONFIG, MODULES, VOCABULARIES, is_weights, needed_files
from .need import Need

LIBRARY = "npdistil"  # what the hub is told of who asks
_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_OF_A_MODULE = re.compile(r"[1-9]\d?_\w+/")  # of sentence-transformers, behind the encoder
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


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


def list_files(hub_id: str, revision: str, need: Need, timeout: float = 10.0) -> Listing:
    """Ask the hub for a revision's commit and for size and hash of each file that is needed.

    Args:
        hub_id: OWNER/NAME.
        revision: branch, tag or commit.
        need: what is to be loaded.
        timeout: seconds to wait for the answer.

    Raises:
        ModelFileError: no answer, no such repository or revision, or nothing in it that is read.
    """
    with told(hub_id, revision):
        info = HfApi(endpoint=endpoint(), library_name=LIBRARY).model_info(
            hub_id, revision=revision, files_metadata=True, timeout=timeout
        )
        known = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        names = needed_files(known, need)
        files = tuple(_remote_file(hub_id, known[name]) for name in names)
    commit = info.sha
    if not isinstance(commit, str) or not is_commit(commit):
        raise ModelFileError(f"{hub_id}: the hub names {shown(commit)} as a commit, which is none.")
    lack = _lacking(names, need)
    if lack:
        raise ModelFileError(
            f"{hub_id}: this repository has no {lack}; it holds {listed(sorted(known))[:600]}."
        )
    return Listing(hub_id, commit, files, MODULES in known)


def _lacking(names: Collection[str], need: Need) -> str | None:
    """What of a model is not among the names."""
    bare = {name.rpartition("/")[2] for name in names if not _OF_A_MODULE.match(name)}
    if need == "tokenizer":
        return None if bare.intersection(VOCABULARIES) else " or ".join(VOCABULARIES)
    if CONFIG not in bare:
        return CONFIG
    return None if need == "settings" or any(map(is_weights, names)) else "weights that are read"


def _remote_file(hub_id: str, sibling: Any) -> RemoteFile:
    """The client's types differ between its versions, hence Any."""
    lfs = sibling.lfs
    digest = sibling.blob_id if lfs is None else lfs["sha256"]
    pattern = _SHA1 if lfs is None else _SHA256
    if (
        not isinstance(digest, str)
        or not pattern.fullmatch(digest)
        or type(sibling.size) is not int
        or sibling.size < 0
    ):
        raise ModelFileError(
            f"{hub_id}: the hub states no size and hash of {sibling.rfilename!r:.80}, so that it "
            "could not be checked; is HF_ENDPOINT a hub?"
        )
    return RemoteFile(sibling.rfilename, sibling.size, digest)


def endpoint() -> str | None:
    """The hub that HF_ENDPOINT names; None means the client's own idea of it."""
    return (os.environ.get("HF_ENDPOINT") or "").rstrip("/") or None


@contextmanager
def told(hub_id: str, revision: str) -> Iterator[None]:
    """Whatever the client meets becomes one sentence.

    Raises:
        InputError: something cannot be written.
        ModelFileError: anything else.
    """
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
    elif isinstance(failure, OSError) and (failure.filename or failure.errno in _DISK):
        place = failure.filename or "the disk"
        return InputError(f"{hub_id}: {place} cannot be written: {failure.strerror}.")
    else:
        kind = type(failure).__name__
        text = " ".join(str(failure).split())[:300]
        what = f"cannot be fetched ({kind}: {text}); what came is kept, try again"
    return ModelFileError(f"{hub_id}: {what}.")
