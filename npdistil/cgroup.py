"""How many processors Linux control groups leave to this process.

A container with a quota of 1.5 processors still sees all of the machine's: more threads than the
quota only take turns. Nothing here fails: what cannot be read limits nothing.
Source: Linux, Documentation/admin-guide/cgroup-v2.rst (cpu.max) and scheduler/sched-bwc.rst (v1).
"""

from collections.abc import Iterator
from pathlib import Path

OWN_GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")
MAX_BYTES = 1 << 16


def cpu_quota(own_groups: Path = OWN_GROUPS, mount: Path = MOUNT) -> int | None:
    """The smallest quota of this process's groups and of all groups above, in whole processors.

    Rounded up, so at least 1; None where nothing limits.

    Args:
        own_groups: lists the groups, `id:controllers:path` a line.
        mount: where their folders begin.
    """
    quotas = []
    for line in _words(own_groups, "\n"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            quotas += [_quota_v2(group) for group in _upwards(mount, path)]
        elif "cpu" in controllers.split(","):
            for root in {mount / controllers, mount / "cpu"}:
                quotas += [_quota_v1(group) for group in _upwards(root, path)]
    return min((quota for quota in quotas if quota is not None), default=None)


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """A group's folder, its parents', and the root, which in a container is the group itself."""
    parts = [part for part in path.split("/") if part]
    if ".." in parts:  # a group outside of this namespace, whose folder cannot be seen
        parts = []
    for length in range(len(parts), -1, -1):
        yield root.joinpath(*parts[:length])


def _quota_v2(group: Path) -> int | None:
    """cpu.max: "quota period" or "max period", in microseconds."""
    words = _words(group / "cpu.max")
    return _processors(*words) if len(words) == 2 else None


def _quota_v1(group: Path) -> int | None:
    """Quota and period in two files; a quota of -1 is none."""
    words = [*_words(group / "cpu.cfs_quota_us"), *_words(group / "cpu.cfs_period_us")]
    return _processors(*words) if len(words) == 2 else None


def _processors(quota: str, period: str) -> int | None:
    numbers = [
        int(word) if word.isascii() and word.isdigit() and len(word) < 20 else 0
        for word in (quota, period)
    ]
    return -(-numbers[0] // numbers[1]) if all(numbers) else None


def _words(path: Path, separator: str | None = None) -> list[str]:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES).decode().split(separator)
    except (OSError, ValueError):  # absent, closed to us, not UTF-8, or a NUL in the path
        return []
