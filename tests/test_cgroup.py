"""Quotas of control groups, read from trees of files as Linux lays them out."""

from pathlib import Path

import pytest

from npdistil.cgroup import cpu_quota

FREE = "max 100000\n"


def tree(root: Path, own: str | bytes, **files: str | bytes) -> tuple[Path, Path]:
    """/proc/self/cgroup and /sys/fs/cgroup; `files` by their path below the latter."""
    own_groups, mount = root / "own", root / "mount"
    mount.mkdir()
    for path, content in {"../own": own, **files}.items():
        (mount / path).parent.mkdir(parents=True, exist_ok=True)
        (mount / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return own_groups, mount


def v1(quota: object, period: object, folder: str) -> dict[str, str]:
    """The two files of a v1 group."""
    return {
        f"{folder}/cpu.cfs_quota_us": f"{quota}\n",
        f"{folder}/cpu.cfs_period_us": f"{period}\n",
    }


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("200000 100000", 2),
        ("200001 100000", 3),
        ("150000 100000", 2),
        ("100000 100000", 1),
        ("1000 100000", 1),
        ("1 1000000", 1),
        ("50000 1000", 50),
        ("max 100000", None),
    ],
)
def test_a_quota_is_rounded_up(tmp_path: Path, quota: str, expected: int | None) -> None:
    """Catches rounding down: 1.5 processors keep two threads busy, and half a one is not zero."""
    assert cpu_quota(*tree(tmp_path, "0::/a\n", **{"a/cpu.max": f"{quota}\n"})) == expected


@pytest.mark.parametrize("strictest", ["a/b/c", "a/b", "a", ""])
def test_the_smallest_quota_on_the_way_up_counts(tmp_path: Path, strictest: str) -> None:
    """Catches reading the own group alone: a pod's limit stands in its parent."""
    files = {f"{folder}/cpu.max": "800000 100000" for folder in ("a/b/c", "a/b", "a", ".")}
    files[f"{strictest or '.'}/cpu.max"] = "300000 100000"
    files["a/other/cpu.max"] = files["other/cpu.max"] = "100000 100000"  # not on the way
    assert cpu_quota(*tree(tmp_path, "0::/a/b/c\n", **files)) == 3


def test_a_group_without_the_controller_has_no_file(tmp_path: Path) -> None:
    """Catches stopping at the first gap: the root and inner groups often have no cpu.max."""
    own, mount = tree(tmp_path, "0::/a/b/c\n", **{"a/cpu.max": "400000 100000\n"})
    assert cpu_quota(own, mount) == 4


@pytest.mark.parametrize("path", ["/", "/docker/0123", "/../..", "/../../docker/0123"])
def test_inside_a_container_the_root_is_the_group(tmp_path: Path, path: str) -> None:
    """Catches a path of the host, or one that leads out of the tree, that hides the quota."""
    own, mount = tree(tmp_path, f"0::{path}\n", **{"cpu.max": "200000 100000\n"})
    (tmp_path / "cpu.max").write_text("100000 100000\n")  # what ".." would find
    assert cpu_quota(own, mount) == 2


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("cpu,cpuacct", "4:cpu,cpuacct:/a/b"),
        ("cpu", "4:cpu,cpuacct:/a/b"),  # the link that most systems have
        ("cpu", "1:cpu:/a/b"),
        ("cpuacct,cpu", "11:cpuacct,cpu:/a/b"),
    ],
)
def test_version_1(tmp_path: Path, folder: str, line: str) -> None:
    """Catches missing the joined name of two controllers, and the cpuset's line taken for cpu's."""
    files = v1(-1, 100000, f"{folder}/a/b") | v1(250000, 100000, f"{folder}/a")
    files |= v1(100000, 100000, "cpuset/a") | v1(-1, 100000, folder)
    own = f"12:cpuset:/a\n{line}\n9:name=systemd:/a:b\n"
    assert cpu_quota(*tree(tmp_path, own, **files)) == 3


def test_version_1_without_a_limit(tmp_path: Path) -> None:
    """Catches -1 taken for a number."""
    own, mount = tree(tmp_path, "1:cpu:/\n0::/\n", **v1(-1, 100000, "cpu"))
    assert cpu_quota(own, mount) is None


def test_both_versions_side_by_side(tmp_path: Path) -> None:
    """Catches a second version that hides the first on hybrid systems."""
    files = v1(200000, 100000, "cpu/a") | {"cpu.max": "300000 100000\n"}
    assert cpu_quota(*tree(tmp_path, "0::/\n4:cpu:/a\n", **files)) == 2


@pytest.mark.parametrize(
    "content",
    [
        "", "\n", "max", "100000", "0 100000", "100000 0", "-1 100000", "1e5 100000", "a b",
        "1 2 3", "\u00b2 1", "\u0663 \u0661", "9" * 5000 + " 1",
        "1 " + "9" * 5000, b"\xff\xfe", b"\0 \0",
    ],
)  # fmt: skip
def test_odd_content_limits_nothing(tmp_path: Path, content: str | bytes) -> None:
    """Catches ValueError, ZeroDivisionError and OverflowError on the way to a model."""
    files = {"a/cpu.max": content, "cpu/a/cpu.cfs_quota_us": content}
    files["cpu/a/cpu.cfs_period_us"] = "100000\n" if content != "100000" else "0\n"
    assert cpu_quota(*tree(tmp_path, "0::/a\n1:cpu:/a\n", **files)) is None


@pytest.mark.parametrize(
    "own",
    [
        "", "\n", "0", "0:", "0::", "0:cpu", ":::", "cpu", "1:cpu", b"0::/\xff", "0::/a\0b",
        "x" * 9999,
    ],
)  # fmt: skip
def test_an_odd_list_of_groups_limits_nothing(tmp_path: Path, own: str | bytes) -> None:
    """Catches a line of another form that ends the program."""
    assert cpu_quota(*tree(tmp_path, own, **{"a/cpu.max": "100000 100000\n"})) is None


def test_what_cannot_be_read_limits_nothing(tmp_path: Path) -> None:
    """Catches an error where /proc or /sys is not mounted: another system, or a closed sandbox."""
    assert cpu_quota(tmp_path / "no" / "own", tmp_path / "no") is None
    own, mount = tree(tmp_path, "0::/a\n4:cpu:/a\n")
    assert cpu_quota(own, mount) is None
    for folder in ("a/cpu.max", "cpu/a/cpu.cfs_quota_us"):
        (mount / folder).mkdir(parents=True)
    (mount / "cpu" / "a" / "cpu.cfs_period_us").symlink_to("cpu.cfs_period_us")
    assert cpu_quota(own, mount) is None
    assert cpu_quota(mount, mount) is None


def test_this_system_answers() -> None:
    """Catches an error on the system where the tests run, whatever its groups say."""
    quota = cpu_quota()
    assert quota is None or quota >= 1
