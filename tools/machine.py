"""What a measured number depends on: the processor and the packages."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def cpu_name() -> str:
    """As the system names it."""
    return _cpu_field("model name") or platform.processor() or platform.machine()


def cpu_flags() -> list[str]:
    """Instruction sets that the system lists, in alphabetical order; empty where it does not."""
    return sorted((_cpu_field("flags") or _cpu_field("Features")).split())


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Of installed packages."""
    return {package: version(package) for package in packages}


def _cpu_field(name: str) -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(name):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # another system
    return ""
